// GRE (RFC 2784) and its sequence number (RFC 2890).
//
//   0 1 2 3             13     16                             32 bits
//   +-+-+-+-+-------------+-----+------------------------------+
//   |C|0|K|S|      0      | ver |        protocol type         |
//   |              sequence number, when S = 1                 |
//   +----------------------------------------------------------+
#pragma once

#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

inline constexpr std::uint16_t kGreChecksumPresent = 0x8000;
inline constexpr std::uint16_t kGreKeyPresent = 0x2000;
inline constexpr std::uint16_t kGreSequencePresent = 0x1000;
inline constexpr std::uint16_t kGreVersionMask = 0x0007;

struct GreHeader {
  Be16 flags_version;
  Be16 protocol;
};
static_assert(sizeof(GreHeader) == 4 && alignof(GreHeader) == 1);

struct GreSequenceHeader {
  Be16 flags_version{kGreSequencePresent};
  Be16 protocol;
  Be32 sequence;
};
static_assert(sizeof(GreSequenceHeader) == 8 && alignof(GreSequenceHeader) == 1);

}  // namespace heliostat::packet
