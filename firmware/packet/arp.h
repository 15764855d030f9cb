// ARP for IPv4 over Ethernet (RFC 826).
//
//   0        2        4    5    6        8            14         18           24         28
//   +--------+--------+----+----+--------+------------+----------+------------+----------+
//   | hw = 1 | 0x0800 | 6  | 4  |  op    | sender MAC | sender IP| target MAC | target IP|
//   +--------+--------+----+----+--------+------------+----------+------------+----------+
#pragma once

#include <array>
#include <cstdint>

#include "base/address.h"
#include "base/byte_order.h"

namespace heliostat::packet {

enum ArpOperation : std::uint16_t { kArpRequest = 1, kArpReply = 2 };

struct ArpHeader {
  Be16 hardware_type{1};
  Be16 protocol_type{0x0800};
  std::uint8_t hardware_length = 6;
  std::uint8_t protocol_length = 4;
  Be16 operation{kArpRequest};
  MacAddress sender_mac;
  std::array<std::uint8_t, 4> sender_ip{};
  MacAddress target_mac;
  std::array<std::uint8_t, 4> target_ip{};
};
static_assert(sizeof(ArpHeader) == 28 && alignof(ArpHeader) == 1);

}  // namespace heliostat::packet
