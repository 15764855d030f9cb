// The bytes of a record log as they lie on flash; FORMAT.md tells what they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/byte_order.h"

namespace heliostat::storage {

inline constexpr std::uint64_t kAreaMagic = 0x48454c494f4c4f47;  // "HELIOLOG"
inline constexpr std::uint8_t kFormatVersion = 1;

enum class LogKind : std::uint8_t { kGenerations = 1, kAudit = 2, kSettings = 3 };  // on flash: only append

// A header lies at both ends of an area, and is programmed last.
struct AreaHeader {
  Be64 magic;
  std::uint8_t version = kFormatVersion;
  std::uint8_t kind = 0;
  Be16 zero;
  Be32 epoch;
  Be32 program_bytes;
  Be32 area_bytes;
  Be32 sealed_end;  // all records before this offset in the area were there when the area was made
  Be32 crc;         // of the bytes before
};
static_assert(sizeof(AreaHeader) == 32);

inline constexpr std::uint8_t kRecordMarker = 0x52;
inline constexpr std::uint8_t kBehindSync = 0x01;  // a flag of records: all that lies before it was synced before it

struct RecordHeader {
  std::uint8_t marker = kRecordMarker;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint8_t zero = 0;
  Be32 length;  // of the payload that follows
  Be32 epoch;
  Be32 payload_crc;
  Be32 crc;  // of the record's offset in its area, 4 bytes, and the bytes before
};
static_assert(sizeof(RecordHeader) == 20);

inline constexpr std::uint8_t kPadding = 0x00;

[[nodiscard]] std::uint32_t CrcOf(const AreaHeader& header);
[[nodiscard]] std::uint32_t CrcOf(const RecordHeader& header, std::uint32_t offset);

template <typename Struct>
[[nodiscard]] std::span<const std::uint8_t> BytesOf(const Struct& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)};
}
template <typename Struct>
[[nodiscard]] std::span<std::uint8_t> WritableBytesOf(Struct& value) {
  return {reinterpret_cast<std::uint8_t*>(&value), sizeof(value)};
}

// One half of a region.
struct AreaShape {
  std::uint64_t offset = 0;  // on the flash
  std::uint32_t bytes = 0;
  std::uint32_t program_bytes = 1;

  [[nodiscard]] std::uint32_t Aligned(std::uint32_t size) const {
    return (size + program_bytes - 1) / program_bytes * program_bytes;
  }
  [[nodiscard]] std::uint32_t header_bytes() const { return Aligned(sizeof(AreaHeader)); }
  // Records lie from here ...
  [[nodiscard]] std::uint32_t begin() const { return header_bytes(); }
  // ... to here; the second header follows.
  [[nodiscard]] std::uint32_t end() const { return bytes - header_bytes(); }
  [[nodiscard]] std::uint32_t capacity() const { return end() - begin(); }
};

}  // namespace heliostat::storage
