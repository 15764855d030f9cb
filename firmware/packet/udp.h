// UDP (RFC 768; a checksum of 0 over IPv6 in tunnels: RFC 6935).
//
//   0              16              32              48             64 bits
//   +---------------+---------------+---------------+--------------+
//   |  source port  |  destination  |    length     |   checksum   |
//   +---------------+---------------+---------------+--------------+
#pragma once

#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

inline constexpr std::uint16_t kVxlanPort = 4789;
inline constexpr std::uint16_t kGenevePort = 6081;

struct UdpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be16 length;
  Be16 checksum;
};
static_assert(sizeof(UdpHeader) == 8 && alignof(UdpHeader) == 1);

}  // namespace heliostat::packet
