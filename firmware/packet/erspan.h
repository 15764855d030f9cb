// ERSPAN II and III (draft-foschiano-erspan-03), in GRE. ERSPAN I has no header of its own.
//
//   Type II
//   0       4                      16    19   21 22                32 bits
//   +-------+-----------------------+-----+----+--+----------------+
//   | ver=1 |         VLAN          | COS | En |T |   session ID   |
//   |          0, 12 bits         |          index, 20 bits        |
//   +--------------------------------------------------------------+
//
//   Type III
//   +-------+-----------------------+-----+----+--+----------------+
//   | ver=2 |         VLAN          | COS |BSO |T |   session ID   |
//   |                          time stamp                          |
//   |     security group tag        |P|  FT:5  | HwID:6  |D|Gra:2|O|
//   +--------------------------------------------------------------+
//
//   Platform subheader 3, when O = 1: with Gra 2 the time is one of 64 bits, nanoseconds, whose lower half is above
//   +-----------+---------------------------+----------------------+
//   |    0x3    |        0, 12 bits         |  port index, 14 bits |
//   |                 time stamp, upper 32 bits                    |
//   +--------------------------------------------------------------+
#pragma once

#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

// The first word of both types.
inline constexpr std::uint32_t kErspan2Version = 0x10000000;
inline constexpr std::uint32_t kErspan3Version = 0x20000000;
inline constexpr std::uint32_t kErspanVersionMask = 0xf0000000;
inline constexpr std::uint32_t kErspanSessionIdMask = 0x000003ff;
inline constexpr std::uint32_t kErspanTruncated = 0x00000400;
inline constexpr std::uint32_t kErspan2TagKept = 0x00001800;  // En = 3: the original's tag stays in the frame
inline constexpr unsigned kErspanCosShift = 13;
inline constexpr unsigned kErspanVlanShift = 16;
inline constexpr std::uint32_t kErspan2IndexMask = 0x000fffff;

// The low half of Type III's last word.
inline constexpr std::uint16_t kErspan3EthernetFrame = 0x8000;  // P = 1; FT = 0: Ethernet
inline constexpr unsigned kErspan3HardwareIdShift = 4;
inline constexpr std::uint16_t kErspan3HardwareIdMask = 0x003f;
inline constexpr std::uint16_t kErspan3Egress = 0x0008;            // D
inline constexpr std::uint16_t kErspan3Granularity1588 = 0x0004;   // Gra = 2; 0: 100 us
inline constexpr std::uint16_t kErspan3SubheaderPresent = 0x0001;  // O

inline constexpr std::uint32_t kErspan3Platform3 = 3U << 26;
inline constexpr std::uint32_t kErspan3PortIndexMask = 0x00003fff;

struct Erspan2Header {
  Be32 version_vlan_session;
  Be32 index;
};
static_assert(sizeof(Erspan2Header) == 8 && alignof(Erspan2Header) == 1);

struct Erspan3Header {
  Be32 version_vlan_session;
  Be32 timestamp;
  Be16 security_group_tag;
  Be16 flags;
};
static_assert(sizeof(Erspan3Header) == 12 && alignof(Erspan3Header) == 1);

struct Erspan3PlatformSubheader {
  Be32 platform_port;
  Be32 timestamp_high;
};
static_assert(sizeof(Erspan3PlatformSubheader) == 8 && alignof(Erspan3PlatformSubheader) == 1);

}  // namespace heliostat::packet
