// TCP (RFC 9293).
//
//   0               8              16              24             32 bits
//   +---------------+---------------+---------------+--------------+
//   |          source port          |       destination port       |
//   |                        sequence number                       |
//   |                     acknowledgement number                   |
//   | offset |  0   |     flags     |            window            |
//   |           checksum            |        urgent pointer        |
//   +--------------------------------------------------------------+
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

enum TcpFlag : std::uint8_t {
  kTcpFin = 0x01,
  kTcpSyn = 0x02,
  kTcpRst = 0x04,
  kTcpPsh = 0x08,
  kTcpAck = 0x10,
  kTcpUrg = 0x20,
  kTcpEce = 0x40,
  kTcpCwr = 0x80,
};

struct TcpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be32 sequence;
  Be32 acknowledgement;
  std::uint8_t data_offset = 0x50;  // in words, in the upper four bits
  std::uint8_t flags = 0;
  Be16 window;
  Be16 checksum;
  Be16 urgent_pointer;
};
static_assert(sizeof(TcpHeader) == 20 && alignof(TcpHeader) == 1);
inline constexpr std::size_t kTcpFlagsOffset = 13;
static_assert(offsetof(TcpHeader, flags) == kTcpFlagsOffset);

}  // namespace heliostat::packet
