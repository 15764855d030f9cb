// Reads the numbers and vectors of a TLS message (RFC 5246, 4.3), out of any bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace heliostat::hal::mbedtls {

// Takes bytes from the front; what is not there reads as nothing.
class MessageReader {
 public:
  explicit MessageReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  std::span<const std::uint8_t> Take(std::size_t count) {
    if (count > rest_.size()) count = rest_.size();
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::size_t Number(std::size_t bytes) {
    std::size_t value = 0;
    for (const std::uint8_t byte : Take(bytes)) value = value << 8U | byte;
    return value;
  }

  // Takes a length of so many bytes, then what it stands before.
  std::span<const std::uint8_t> Vector(std::size_t length_bytes) { return Take(Number(length_bytes)); }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace heliostat::hal::mbedtls
