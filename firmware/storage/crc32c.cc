#include "storage/crc32c.h"

#include <array>
#include <cstddef>

namespace heliostat::storage {
namespace {

constexpr std::size_t kSlices = 8;  // bytes taken up at a time

using Tables = std::array<std::array<std::uint32_t, 256>, kSlices>;

// tables[n][byte] is what `byte` does to the CRC when n bytes follow it.
constexpr Tables MakeTables() {
  Tables tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0x82f63b78U : crc >> 1U;
    tables[0][byte] = crc;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = tables[slice - 1][byte];
      tables[slice][byte] = (crc >> 8U) ^ tables[0][crc & 0xffU];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

std::uint32_t Crc32c(std::span<const std::uint8_t> bytes, std::uint32_t before) {
  std::uint32_t crc = ~before;
  while (bytes.size() >= kSlices) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < kSlices; ++i) {
      const std::uint32_t folded = i < sizeof(crc) ? crc >> (8 * i) : 0;
      next ^= kTables[kSlices - 1 - i][(folded ^ bytes[i]) & 0xffU];
    }
    crc = next;
    bytes = bytes.subspan(kSlices);
  }
  for (const std::uint8_t byte : bytes) crc = (crc >> 8U) ^ kTables[0][(crc ^ byte) & 0xffU];
  return ~crc;
}

}  // namespace heliostat::storage
