// Whole Ethernet frames from their parts, with right lengths and checksums: the small vocabulary that the traffic
// generator speaks. Ports and numbers in host order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace heliostat::traffic {

using Bytes = std::vector<std::uint8_t>;

void Append8(Bytes& out, unsigned value);
void Append16(Bytes& out, unsigned value);
void Append32(Bytes& out, std::uint32_t value);
void AppendBytes(Bytes& out, std::span<const std::uint8_t> bytes);
void AppendText(Bytes& out, std::string_view text);

inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kPush = 0x08;
inline constexpr std::uint8_t kAck = 0x10;

struct TcpHeader {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = kAck;
  std::uint16_t window = 64240;
  Bytes options;  // a multiple of 4 bytes, at most 40
};

// What lies behind an IP header, checksum included. Both addresses are of one family.
struct Transport {
  std::uint8_t protocol = 0;
  Bytes bytes;
};
Transport Tcp(const IpAddress& from, const IpAddress& to, const TcpHeader& header,
              std::span<const std::uint8_t> payload);
Transport Udp(const IpAddress& from, const IpAddress& to, std::uint16_t source_port, std::uint16_t destination_port,
              std::span<const std::uint8_t> payload);
// ICMP over IPv4, ICMPv6 over IPv6. `rest` is the second word of the header.
Transport Icmp(const IpAddress& from, const IpAddress& to, std::uint8_t type, std::uint8_t code, std::uint32_t rest,
               std::span<const std::uint8_t> payload);

struct IpOptions {
  std::uint8_t ttl = 64;
  std::uint8_t dscp = 0;
  std::uint32_t identification = 0;
  std::uint16_t mtu = 1500;
};
// One IP packet, or the fragments of one that is larger than the MTU. An unfragmented IPv4 packet has DF set.
std::vector<Bytes> Ip(const IpAddress& from, const IpAddress& to, const Transport& transport, const IpOptions& options);

inline constexpr std::uint16_t kIpv4Type = 0x0800;
inline constexpr std::uint16_t kArpType = 0x0806;
inline constexpr std::uint16_t kIpv6Type = 0x86dd;

Bytes Ethernet(const MacAddress& from, const MacAddress& to, std::optional<std::uint16_t> vlan_id, std::uint16_t type,
               std::span<const std::uint8_t> payload);

}  // namespace heliostat::traffic
