// SCTP's common header (RFC 9260; the checksum is CRC32c).
//
//   0              16              32                             64                             96 bits
//   +---------------+---------------+------------------------------+------------------------------+
//   |  source port  |  destination  |       verification tag       |           checksum           |
//   +---------------+---------------+------------------------------+------------------------------+
#pragma once

#include <array>
#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

struct SctpHeader {
  Be16 source_port;
  Be16 destination_port;
  Be32 verification_tag;
  std::array<std::uint8_t, 4> checksum{};  // least significant byte first
};
static_assert(sizeof(SctpHeader) == 12 && alignof(SctpHeader) == 1);

}  // namespace heliostat::packet
