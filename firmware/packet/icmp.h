// ICMP (RFC 792) and ICMPv6 (RFC 4443): the header of both, with the fields of an echo.
//
//   0               8              16              32              48             64 bits
//   +---------------+---------------+---------------+---------------+--------------+
//   |     type      |     code      |   checksum    |  identifier   |   sequence   |
//   +---------------+---------------+---------------+---------------+--------------+
#pragma once

#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

enum IcmpType : std::uint8_t { kIcmpEchoReply = 0, kIcmpEchoRequest = 8 };

enum Icmpv6Type : std::uint8_t {
  kIcmpv6EchoRequest = 128,
  kIcmpv6EchoReply = 129,
  kIcmpv6NeighbourSolicitation = 135,
  kIcmpv6NeighbourAdvertisement = 136,
};

struct IcmpHeader {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  Be16 checksum;
  Be16 identifier;
  Be16 sequence;
};
static_assert(sizeof(IcmpHeader) == 8 && alignof(IcmpHeader) == 1);

}  // namespace heliostat::packet
