// Flash memory, as NOR and managed NAND have it: whole blocks are erased to 0xff, then each program unit can be
// written once. A region is a run of blocks that one log owns; offsets count from its start.
//
// After a power cut the range of an unfinished program or erase holds any bytes, old, new or neither. Of what was
// finished but not synced, any part may be lost, later ones without earlier ones. What Sync returned ok for stays. One
// thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"

namespace heliostat::hal {

struct FlashGeometry {
  std::uint32_t erase_block_bytes = 0;  // a power of two, 4,096..1,048,576
  std::uint32_t program_bytes = 0;      // a power of two, 1..4,096, at most the block
  std::uint32_t blocks = 0;
  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{erase_block_bytes} * blocks; }
};

inline constexpr std::uint8_t kErasedByte = 0xff;

class Flash {
 public:
  virtual ~Flash() = default;
  [[nodiscard]] virtual const FlashGeometry& geometry() const = 0;

  // kDataLoss when the device can't give the bytes. kInternal, here and below, beyond the end.
  [[nodiscard]] virtual Status Read(std::uint64_t offset, std::span<std::uint8_t> out) = 0;

  // Offset and size must be multiples of program_bytes, and no unit may have been programmed since its block's erase,
  // else kInternal. kUnavailable when the device fails; the range is then as after a power cut.
  [[nodiscard]] virtual Status Program(std::uint64_t offset, std::span<const std::uint8_t> bytes) = 0;

  // `block` is 0..blocks-1. kUnavailable when the device fails; the block is then as after a power cut. Bytes that
  // can't be read are no failure.
  [[nodiscard]] virtual Status Erase(std::uint32_t block) = 0;

  // On return, all that was done before survives a power cut.
  [[nodiscard]] virtual Status Sync() = 0;
};

}  // namespace heliostat::hal
