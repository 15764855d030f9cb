// CRC32C (Castagnoli), RFC 3720 appendix B.4: reflected polynomial 0x82f63b78, all ones in and out.
#pragma once

#include <cstdint>
#include <span>

namespace heliostat::storage {

// Returns the CRC of `bytes` and of all bytes before them, whose CRC is `before` (0: there are none).
[[nodiscard]] std::uint32_t Crc32c(std::span<const std::uint8_t> bytes, std::uint32_t before = 0);

}  // namespace heliostat::storage
