// FlowKey: everything that a filter rule may look at in one frame, as one flat value.
//
// The key is fully defined for every byte string: what the frame does not hold whole is 0 and its flag is clear,
// so keys compare, hash and sort as bytes.
#pragma once

#include <array>
#include <cstdint>

#include "base/address.h"

namespace heliostat::packet {

struct FlowKey {
  enum Flag : std::uint16_t {
    kRunt = 1U << 0,        // fewer than 14 bytes; every other field is 0
    kTagged = 1U << 1,      // the outermost TCI is there: vlan_id holds
    kEtherType = 1U << 2,   // ether_type holds (not an LLC length, not cut off)
    kIpv4 = 1U << 3,        // a whole fixed IPv4 header after at most two tags
    kIpv6 = 1U << 4,        // a whole fixed IPv6 header after at most two tags
    kFragment = 1U << 5,    // IPv4 MF or offset != 0; IPv6 fragment header with M or offset != 0
    kSourcePort = 1U << 6,  // TCP, UDP or SCTP; unfragmented or first fragment
    kDestinationPort = 1U << 7,
    kIcmpType = 1U << 8,  // ICMP over IPv4 or ICMPv6 over IPv6; unfragmented or first fragment
    kIcmpCode = 1U << 9,
    kTcpFlags = 1U << 10,
    kIcmpEcho = 1U << 11,       // echo request or reply, unfragmented: icmp_identifier holds
    kLaterFragment = 1U << 12,  // with kFragment: its offset is not 0
  };

  MacAddress destination_mac;
  MacAddress source_mac;
  std::uint16_t flags = 0;
  std::uint16_t ether_type = 0;   // the first type after at most two tags, host order
  std::uint16_t vlan_id = 0;      // outermost tag, 0..4095
  std::uint16_t source_port = 0;  // host order
  std::uint16_t destination_port = 0;
  std::uint16_t icmp_identifier = 0;
  std::uint8_t protocol = 0;   // with kIpv4 or kIpv6
  std::uint8_t dscp = 0;       // 0..63
  std::uint8_t tcp_flags = 0;  // CWR ECE URG ACK PSH RST SYN FIN
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint8_t l3_offset = 0;                // of the IP header when kIpv4 or kIpv6
  std::uint16_t l4_offset = 0;               // of the header that `protocol` names; 0 when it is not in this frame
  std::array<std::uint8_t, 16> source_ip{};  // IPv4 in the first four bytes
  std::array<std::uint8_t, 16> destination_ip{};

  [[nodiscard]] bool Has(Flag flag) const { return (flags & flag) != 0; }
  friend constexpr bool operator==(const FlowKey&, const FlowKey&) = default;
};
static_assert(sizeof(FlowKey) == 64, "one cache line");

}  // namespace heliostat::packet
