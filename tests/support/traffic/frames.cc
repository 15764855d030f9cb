#include "support/traffic/frames.h"

#include <algorithm>

namespace heliostat::traffic {
namespace {

std::uint32_t Sum(std::span<const std::uint8_t> bytes, std::uint32_t sum) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
  return sum;
}

std::uint16_t Checksum(std::uint32_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void Put16(Bytes& out, std::size_t offset, std::uint16_t value) {
  out[offset] = static_cast<std::uint8_t>(value >> 8);
  out[offset + 1] = static_cast<std::uint8_t>(value);
}

std::span<const std::uint8_t> AddressBytes(const IpAddress& address) {
  return {address.bytes.data(), address.Bits() / 8};
}

std::uint32_t PseudoHeader(const IpAddress& from, const IpAddress& to, std::uint8_t protocol, std::size_t length) {
  const std::uint32_t addresses = Sum(AddressBytes(to), Sum(AddressBytes(from), 0));
  return addresses + protocol + static_cast<std::uint32_t>(length & 0xffff) + static_cast<std::uint32_t>(length >> 16);
}

Bytes Ipv4(const IpAddress& from, const IpAddress& to, std::uint8_t protocol, const IpOptions& options,
           unsigned flags_and_offset, std::span<const std::uint8_t> payload) {
  Bytes out;
  Append8(out, 0x45);
  Append8(out, unsigned{options.dscp} << 2);
  Append16(out, static_cast<unsigned>(20 + payload.size()));
  Append16(out, options.identification & 0xffff);
  Append16(out, flags_and_offset);
  Append8(out, options.ttl);
  Append8(out, protocol);
  Append16(out, 0);
  AppendBytes(out, AddressBytes(from));
  AppendBytes(out, AddressBytes(to));
  Put16(out, 10, Checksum(Sum(out, 0)));
  AppendBytes(out, payload);
  return out;
}

Bytes Ipv6(const IpAddress& from, const IpAddress& to, std::uint8_t next_header, const IpOptions& options,
           std::span<const std::uint8_t> payload) {
  Bytes out;
  Append32(out, 0x60000000U | std::uint32_t{options.dscp} << 22);
  Append16(out, static_cast<unsigned>(payload.size()));
  Append8(out, next_header);
  Append8(out, options.ttl);
  AppendBytes(out, AddressBytes(from));
  AppendBytes(out, AddressBytes(to));
  AppendBytes(out, payload);
  return out;
}

Bytes Ipv6Fragment(const IpAddress& from, const IpAddress& to, std::uint8_t protocol, const IpOptions& options,
                   std::size_t offset, bool more, std::span<const std::uint8_t> part) {
  Bytes payload;
  Append8(payload, protocol);
  Append8(payload, 0);
  Append16(payload, static_cast<unsigned>(offset) | (more ? 1U : 0U));
  Append32(payload, options.identification);
  AppendBytes(payload, part);
  constexpr std::uint8_t kFragmentHeader = 44;
  return Ipv6(from, to, kFragmentHeader, options, payload);
}

}  // namespace

void Append8(Bytes& out, unsigned value) { out.push_back(static_cast<std::uint8_t>(value)); }

void Append16(Bytes& out, unsigned value) {
  Append8(out, value >> 8 & 0xff);
  Append8(out, value & 0xff);
}

void Append32(Bytes& out, std::uint32_t value) {
  Append16(out, value >> 16);
  Append16(out, value & 0xffff);
}

void AppendBytes(Bytes& out, std::span<const std::uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

void AppendText(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

Transport Tcp(const IpAddress& from, const IpAddress& to, const TcpHeader& header,
              std::span<const std::uint8_t> payload) {
  constexpr std::uint8_t kProtocol = 6;
  Transport tcp{.protocol = kProtocol, .bytes = {}};
  Bytes& out = tcp.bytes;
  Append16(out, header.source_port);
  Append16(out, header.destination_port);
  Append32(out, header.sequence);
  Append32(out, header.acknowledgement);
  Append8(out, static_cast<unsigned>((20 + header.options.size()) / 4) << 4);
  Append8(out, header.flags);
  Append16(out, header.window);
  Append32(out, 0);  // checksum, urgent pointer
  AppendBytes(out, header.options);
  AppendBytes(out, payload);
  Put16(out, 16, Checksum(Sum(out, PseudoHeader(from, to, kProtocol, out.size()))));
  return tcp;
}

Transport Udp(const IpAddress& from, const IpAddress& to, std::uint16_t source_port, std::uint16_t destination_port,
              std::span<const std::uint8_t> payload) {
  constexpr std::uint8_t kProtocol = 17;
  Transport udp{.protocol = kProtocol, .bytes = {}};
  Bytes& out = udp.bytes;
  Append16(out, source_port);
  Append16(out, destination_port);
  Append16(out, static_cast<unsigned>(8 + payload.size()));
  Append16(out, 0);
  AppendBytes(out, payload);
  const std::uint16_t checksum = Checksum(Sum(out, PseudoHeader(from, to, kProtocol, out.size())));
  Put16(out, 6, checksum == 0 ? 0xffff : checksum);  // RFC 768: 0 says "no checksum"
  return udp;
}

Transport Icmp(const IpAddress& from, const IpAddress& to, std::uint8_t type, std::uint8_t code, std::uint32_t rest,
               std::span<const std::uint8_t> payload) {
  const bool ipv6 = from.family == IpFamily::kIpv6;
  Transport icmp{.protocol = static_cast<std::uint8_t>(ipv6 ? 58 : 1), .bytes = {}};
  Bytes& out = icmp.bytes;
  Append8(out, type);
  Append8(out, code);
  Append16(out, 0);
  Append32(out, rest);
  AppendBytes(out, payload);
  Put16(out, 2, Checksum(Sum(out, ipv6 ? PseudoHeader(from, to, icmp.protocol, out.size()) : 0)));
  return icmp;
}

std::vector<Bytes> Ip(const IpAddress& from, const IpAddress& to, const Transport& transport,
                      const IpOptions& options) {
  const bool ipv6 = from.family == IpFamily::kIpv6;
  const std::span<const std::uint8_t> payload = transport.bytes;
  if (payload.size() + (ipv6 ? 40U : 20U) <= options.mtu) {
    constexpr unsigned kDontFragment = 0x4000;
    return {ipv6 ? Ipv6(from, to, transport.protocol, options, payload)
                 : Ipv4(from, to, transport.protocol, options, kDontFragment, payload)};
  }
  std::vector<Bytes> fragments;
  const std::size_t step = (options.mtu - (ipv6 ? 48U : 20U)) / 8 * 8;
  for (std::size_t offset = 0; offset < payload.size(); offset += step) {
    const auto part = payload.subspan(offset, std::min(step, payload.size() - offset));
    const bool more = offset + part.size() < payload.size();
    const unsigned ipv4_field = (more ? 0x2000U : 0U) | static_cast<unsigned>(offset / 8);
    fragments.push_back(ipv6 ? Ipv6Fragment(from, to, transport.protocol, options, offset, more, part)
                             : Ipv4(from, to, transport.protocol, options, ipv4_field, part));
  }
  return fragments;
}

Bytes Ethernet(const MacAddress& from, const MacAddress& to, std::optional<std::uint16_t> vlan_id, std::uint16_t type,
               std::span<const std::uint8_t> payload) {
  Bytes out;
  AppendBytes(out, to.bytes);
  AppendBytes(out, from.bytes);
  if (vlan_id) {
    Append16(out, 0x8100);
    Append16(out, *vlan_id);
  }
  Append16(out, type);
  AppendBytes(out, payload);
  return out;
}

}  // namespace heliostat::traffic
