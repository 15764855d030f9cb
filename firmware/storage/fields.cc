#include "storage/fields.h"

#include <cstring>

#include "base/byte_order.h"
#include "storage/log_format.h"

namespace heliostat::storage {

void FieldWriter::U64(std::uint64_t value) { Bytes(BytesOf(Be64(value))); }

void FieldWriter::Text(const std::string& text) {
  U8(static_cast<std::uint8_t>(text.size()));
  bytes_.insert(bytes_.end(), text.begin(), text.end());
}

std::uint8_t FieldReader::U8() {
  const auto bytes = Bytes(1);
  return bytes.empty() ? std::uint8_t{0} : bytes[0];
}

std::uint64_t FieldReader::U64() {
  const auto bytes = Bytes(sizeof(Be64));
  Be64 value;
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(value));
  return value.Get();
}

std::string FieldReader::Text(std::size_t max_bytes) {
  const std::uint8_t size = U8();
  if (size > max_bytes) whole_ = false;
  const auto bytes = Bytes(size);
  return {bytes.begin(), bytes.end()};
}

std::span<const std::uint8_t> FieldReader::Bytes(std::size_t size) {
  if (!whole_ || size > rest_.size()) {
    whole_ = false;
    return {};
  }
  const auto bytes = rest_.first(size);
  rest_ = rest_.subspan(size);
  return bytes;
}

}  // namespace heliostat::storage
