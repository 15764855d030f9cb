// Payloads of records, field by field: integers in network order, texts with their length in a byte before them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace heliostat::storage {

class FieldWriter {
 public:
  void U8(std::uint8_t value) { bytes_.push_back(value); }
  void U64(std::uint64_t value);
  void Text(const std::string& text);  // at most 255 bytes
  void Bytes(std::span<const std::uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  [[nodiscard]] const std::vector<std::uint8_t>& bytes() const { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

// Past the end everything reads as zero or empty, and `whole` is false.
class FieldReader {
 public:
  explicit FieldReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}
  std::uint8_t U8();
  std::uint64_t U64();
  std::string Text(std::size_t max_bytes);
  std::span<const std::uint8_t> Bytes(std::size_t size);
  std::span<const std::uint8_t> Rest() { return Bytes(rest_.size()); }
  // Everything was there, and everything was read.
  [[nodiscard]] bool whole() const { return whole_ && rest_.empty(); }

 private:
  std::span<const std::uint8_t> rest_;
  bool whole_ = true;
};

}  // namespace heliostat::storage
