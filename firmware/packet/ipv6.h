// IPv6 and its extension headers (RFC 8200; AH RFC 4302, mobility RFC 6275).
//
//   0       4           10  12                  16             24             32 bits
//   +-------+------------+---+------------------------------------------------+
//   |   6   |    DSCP    |ECN|                  flow label                    |
//   |         payload length                    |  next header |   hop limit  |
//   |                        source address, 16 bytes                         |
//   |                      destination address, 16 bytes                      |
//   +-------------------------------------------------------------------------+
//
//   extension header                              fragment header
//   +-------------+--------+------------------    +-------------+----+-----------------+--+-+
//   | next header | length | (length + 1) * 8     | next header |  0 | offset / 8 : 13 | 0|M|
//   +-------------+--------+------------------    |             identification              |
//     AH: (length + 2) * 4 bytes                  +-----------------------------------------+
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"
#include "packet/ipv4.h"

namespace heliostat::packet {

inline constexpr std::uint32_t kFlowLabelMask = 0x000fffff;
inline constexpr unsigned kMaxExtensionHeaders = 8;
inline constexpr std::size_t kMaxExtensionBytes = 512;

struct Ipv6Header {
  Be32 version_class_label{0x60000000};
  Be16 payload_length;
  std::uint8_t next_header = kProtocolNoNextHeader;
  std::uint8_t hop_limit = 64;
  std::array<std::uint8_t, 16> source{};
  std::array<std::uint8_t, 16> destination{};

  [[nodiscard]] constexpr unsigned Version() const { return version_class_label.Get() >> 28; }
  [[nodiscard]] constexpr std::uint8_t Dscp() const { return (version_class_label.Get() >> 22) & 0x3f; }
  [[nodiscard]] constexpr std::uint32_t FlowLabel() const { return version_class_label.Get() & kFlowLabelMask; }
};
static_assert(sizeof(Ipv6Header) == 40 && alignof(Ipv6Header) == 1);

// The form of hop-by-hop, routing, destination options and mobility headers, and of AH, which counts its length
// otherwise.
struct Ipv6ExtensionHeader {
  std::uint8_t next_header = kProtocolNoNextHeader;
  std::uint8_t length = 0;

  // `type` is the number by which the preceding header names this one.
  [[nodiscard]] constexpr std::size_t Bytes(std::uint8_t type) const {
    if (type == kProtocolFragment) return 8;
    return type == kProtocolAuthentication ? (length + std::size_t{2}) * 4 : (length + std::size_t{1}) * 8;
  }
};
static_assert(sizeof(Ipv6ExtensionHeader) == 2 && alignof(Ipv6ExtensionHeader) == 1);

inline constexpr std::uint16_t kIpv6MoreFragments = 0x0001;
inline constexpr std::uint16_t kIpv6OffsetMask = 0xfff8;

struct Ipv6FragmentHeader {
  std::uint8_t next_header = kProtocolNoNextHeader;
  std::uint8_t reserved = 0;
  Be16 offset_more;
  Be32 identification;

  // Returns false for an atomic fragment (RFC 6946), which is a whole datagram.
  [[nodiscard]] constexpr bool IsFragment() const {
    return (offset_more.Get() & (kIpv6OffsetMask | kIpv6MoreFragments)) != 0;
  }
  [[nodiscard]] constexpr bool IsLaterFragment() const { return (offset_more.Get() & kIpv6OffsetMask) != 0; }
};
static_assert(sizeof(Ipv6FragmentHeader) == 8 && alignof(Ipv6FragmentHeader) == 1);

[[nodiscard]] constexpr bool IsIpv6Extension(std::uint8_t protocol) {
  switch (protocol) {
    case kProtocolHopByHop:
    case kProtocolRouting:
    case kProtocolFragment:
    case kProtocolAuthentication:
    case kProtocolDestinationOptions:
    case kProtocolMobility: return true;
    default: return false;
  }
}

}  // namespace heliostat::packet
