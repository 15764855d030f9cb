// IPv4 (RFC 791; DSCP RFC 2474).
//
//   0       4       8            14  16        19                  32 bits
//   +-------+-------+-------------+---+---------+------------------+
//   |  ver  |  IHL  |    DSCP     |ECN|         total length       |
//   |          identification         |0 DF MF| fragment offset / 8|
//   |      TTL      |     protocol    |       header checksum      |
//   |                         source address                       |
//   |                      destination address                     |
//   +-------------- options: (IHL - 5) * 4 bytes ------------------+
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

// IPv4 protocols and IPv6 next headers.
enum IpProtocol : std::uint8_t {
  kProtocolHopByHop = 0,
  kProtocolIcmp = 1,
  kProtocolTcp = 6,
  kProtocolUdp = 17,
  kProtocolIpv6 = 41,
  kProtocolRouting = 43,
  kProtocolFragment = 44,
  kProtocolGre = 47,
  kProtocolEsp = 50,
  kProtocolAuthentication = 51,
  kProtocolIcmpv6 = 58,
  kProtocolNoNextHeader = 59,
  kProtocolDestinationOptions = 60,
  kProtocolSctp = 132,
  kProtocolMobility = 135,
};

inline constexpr std::uint16_t kIpv4DontFragment = 0x4000;
inline constexpr std::uint16_t kIpv4MoreFragments = 0x2000;
inline constexpr std::uint16_t kIpv4OffsetMask = 0x1fff;
inline constexpr unsigned kMinIpv4HeaderWords = 5;

struct Ipv4Header {
  std::uint8_t version_ihl = 0x45;
  std::uint8_t traffic_class = 0;
  Be16 total_length;
  Be16 identification;
  Be16 flags_offset;
  std::uint8_t ttl = 64;
  std::uint8_t protocol = 0;
  Be16 checksum;
  std::array<std::uint8_t, 4> source{};
  std::array<std::uint8_t, 4> destination{};

  [[nodiscard]] constexpr unsigned Version() const { return version_ihl >> 4; }
  [[nodiscard]] constexpr unsigned HeaderWords() const { return version_ihl & 0x0fU; }
  [[nodiscard]] constexpr std::uint8_t Dscp() const { return traffic_class >> 2; }
  [[nodiscard]] constexpr bool IsFragment() const {
    return (flags_offset.Get() & (kIpv4MoreFragments | kIpv4OffsetMask)) != 0;
  }
  [[nodiscard]] constexpr bool IsLaterFragment() const { return (flags_offset.Get() & kIpv4OffsetMask) != 0; }
};
static_assert(sizeof(Ipv4Header) == 20 && alignof(Ipv4Header) == 1);

}  // namespace heliostat::packet
