#include "support/frame_builder.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "packet/arp.h"
#include "packet/erspan.h"
#include "packet/ethernet.h"
#include "packet/geneve.h"
#include "packet/gre.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/sctp.h"
#include "packet/tcp.h"
#include "packet/udp.h"
#include "packet/vlan.h"
#include "packet/vxlan.h"

namespace heliostat::support {
namespace {

[[noreturn]] void Broken(std::string_view text) {
  std::fprintf(stderr, "frame_builder: not an address: %.*s\n", static_cast<int>(text.size()), text.data());
  std::abort();
}

template <std::size_t kBytes>
std::array<std::uint8_t, kBytes> AddressBytes(std::string_view text) {
  const IpAddress address = Ip(text);
  if (address.Bits() != kBytes * 8) Broken(text);
  std::array<std::uint8_t, kBytes> bytes{};
  std::memcpy(bytes.data(), address.bytes.data(), kBytes);
  return bytes;
}

// RFC 1071, one 16-bit word after another.
std::uint32_t AddWords(std::uint32_t sum, std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

std::uint32_t Crc32c(std::span<const std::uint8_t> bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

void Store16(Bytes& frame, std::size_t offset, std::size_t value) {
  frame[offset] = static_cast<std::uint8_t>(value >> 8);
  frame[offset + 1] = static_cast<std::uint8_t>(value);
}

}  // namespace

MacAddress Mac(std::string_view text) {
  const auto mac = MacAddress::Parse(text);
  if (!mac) Broken(text);
  return *mac;
}

IpAddress Ip(std::string_view text) {
  const auto address = IpAddress::Parse(text);
  if (!address) Broken(text);
  return *address;
}

void FrameBuilder::FollowAs(std::size_t slot_bytes, std::uint16_t number) {
  if (next_.bytes != slot_bytes) return;
  if (slot_bytes == 2) {
    Store16(bytes_, next_.offset, number);
  } else {
    bytes_[next_.offset] = static_cast<std::uint8_t>(number);
  }
}

template <typename Header>
std::size_t FrameBuilder::Append(const Header& header) {
  const std::size_t offset = AppendZeros(sizeof header);
  std::memcpy(bytes_.data() + offset, &header, sizeof header);
  return offset;
}

std::size_t FrameBuilder::AppendZeros(std::size_t bytes) {
  const std::size_t offset = bytes_.size();
  bytes_.resize(offset + bytes);
  return offset;
}

FrameBuilder& FrameBuilder::Ethernet(const EthernetFields& fields) {
  const std::size_t offset =
      Append(packet::EthernetHeader{fields.destination, fields.source, Be16(fields.next.value_or(0))});
  NextSlot(offset + offsetof(packet::EthernetHeader, type), 2, fields.next.has_value());
  return *this;
}

FrameBuilder& FrameBuilder::Vlan(const VlanFields& fields) {
  FollowAs(2, fields.tpid);
  const unsigned tci = unsigned{fields.priority} << 13 | (fields.drop_eligible ? 0x1000U : 0U) | fields.id;
  const std::size_t offset =
      Append(packet::VlanTag{Be16(static_cast<std::uint16_t>(tci)), Be16(fields.next.value_or(0))});
  NextSlot(offset + offsetof(packet::VlanTag, type), 2, fields.next.has_value());
  return *this;
}

FrameBuilder& FrameBuilder::Arp(const ArpFields& fields) {
  FollowAs(2, packet::kEtherTypeArp);
  packet::ArpHeader arp;
  arp.operation.Set(fields.operation);
  arp.sender_mac = fields.sender_mac;
  arp.sender_ip = AddressBytes<4>(fields.sender_ip);
  arp.target_mac = fields.target_mac;
  arp.target_ip = AddressBytes<4>(fields.target_ip);
  Append(arp);
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Llc(std::size_t payload_bytes) {
  FollowAs(2, static_cast<std::uint16_t>(payload_bytes + 3));
  const std::uint8_t header[] = {0x42, 0x42, 0x03};
  Append(header);
  AppendZeros(payload_bytes);
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Ipv4(const Ipv4Fields& fields) {
  FollowAs(2, packet::kEtherTypeIpv4);
  FollowAs(1, 4);
  packet::Ipv4Header ip;
  const std::size_t words = fields.header_words.value_or(static_cast<std::uint8_t>(5 + fields.options.size() / 4));
  ip.version_ihl = static_cast<std::uint8_t>(std::size_t{fields.version.value_or(4)} << 4 | words);
  ip.traffic_class = static_cast<std::uint8_t>(fields.dscp << 2);
  ip.total_length.Set(fields.total_length.value_or(0));
  ip.identification.Set(fields.identification);
  ip.flags_offset.Set(static_cast<std::uint16_t>((fields.dont_fragment ? packet::kIpv4DontFragment : 0) |
                                                 (fields.more_fragments ? packet::kIpv4MoreFragments : 0) |
                                                 fields.fragment_offset));
  ip.ttl = fields.ttl;
  ip.protocol = fields.next.value_or(0);
  ip.source = AddressBytes<4>(fields.source);
  ip.destination = AddressBytes<4>(fields.destination);
  const std::size_t offset = Append(ip);
  bytes_.insert(bytes_.end(), fields.options.begin(), fields.options.end());
  layers_.push_back({Kind::kIpv4, offset, fields.total_length.has_value()});
  NextSlot(offset + offsetof(packet::Ipv4Header, protocol), 1, fields.next.has_value());
  return *this;
}

FrameBuilder& FrameBuilder::Ipv6(const Ipv6Fields& fields) {
  FollowAs(2, packet::kEtherTypeIpv6);
  FollowAs(1, packet::kProtocolIpv6);
  packet::Ipv6Header ip;
  ip.version_class_label.Set(std::uint32_t{fields.version.value_or(6)} << 28 | std::uint32_t{fields.dscp} << 22 |
                             fields.flow_label);
  ip.payload_length.Set(fields.payload_length.value_or(0));
  ip.next_header = fields.next.value_or(packet::kProtocolNoNextHeader);
  ip.hop_limit = fields.hop_limit;
  ip.source = AddressBytes<16>(fields.source);
  ip.destination = AddressBytes<16>(fields.destination);
  const std::size_t offset = Append(ip);
  layers_.push_back({Kind::kIpv6, offset, fields.payload_length.has_value()});
  NextSlot(offset + offsetof(packet::Ipv6Header, next_header), 1, fields.next.has_value());
  return *this;
}

FrameBuilder& FrameBuilder::Extension(std::uint8_t number, std::size_t bytes, std::uint8_t length) {
  FollowAs(1, number);
  const std::size_t offset = AppendZeros(bytes);
  bytes_[offset] = packet::kProtocolNoNextHeader;
  bytes_[offset + 1] = length;
  NextSlot(offset, 1, false);
  return *this;
}

FrameBuilder& FrameBuilder::HopByHop(std::size_t bytes) {
  return Extension(packet::kProtocolHopByHop, bytes, static_cast<std::uint8_t>(bytes / 8 - 1));
}

FrameBuilder& FrameBuilder::Routing(std::size_t bytes) {
  return Extension(packet::kProtocolRouting, bytes, static_cast<std::uint8_t>(bytes / 8 - 1));
}

FrameBuilder& FrameBuilder::DestinationOptions(std::size_t bytes) {
  return Extension(packet::kProtocolDestinationOptions, bytes, static_cast<std::uint8_t>(bytes / 8 - 1));
}

FrameBuilder& FrameBuilder::Mobility(std::size_t bytes) {
  return Extension(packet::kProtocolMobility, bytes, static_cast<std::uint8_t>(bytes / 8 - 1));
}

FrameBuilder& FrameBuilder::Authentication(std::size_t bytes) {
  return Extension(packet::kProtocolAuthentication, bytes, static_cast<std::uint8_t>(bytes / 4 - 2));
}

FrameBuilder& FrameBuilder::Fragment(const Ipv6FragmentFields& fields) {
  FollowAs(1, packet::kProtocolFragment);
  packet::Ipv6FragmentHeader fragment;
  fragment.next_header = fields.next.value_or(packet::kProtocolNoNextHeader);
  fragment.offset_more.Set(static_cast<std::uint16_t>(fields.offset << 3 | (fields.more ? 1 : 0)));
  fragment.identification.Set(fields.identification);
  const std::size_t offset = Append(fragment);
  NextSlot(offset, 1, fields.next.has_value());
  return *this;
}

FrameBuilder& FrameBuilder::NoNextHeader() {
  FollowAs(1, packet::kProtocolNoNextHeader);
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Tcp(const TcpFields& fields) {
  FollowAs(1, packet::kProtocolTcp);
  packet::TcpHeader tcp;
  tcp.source_port.Set(fields.source_port);
  tcp.destination_port.Set(fields.destination_port);
  tcp.sequence.Set(fields.sequence);
  tcp.flags = fields.flags;
  tcp.window.Set(65535);
  layers_.push_back({Kind::kTcp, Append(tcp)});
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Udp(const UdpFields& fields) {
  FollowAs(1, packet::kProtocolUdp);
  packet::UdpHeader udp;
  udp.source_port.Set(fields.source_port);
  udp.destination_port.Set(fields.destination_port);
  udp.length.Set(fields.length.value_or(0));
  layers_.push_back({Kind::kUdp, Append(udp), fields.length.has_value(), fields.checksum});
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Sctp(const SctpFields& fields) {
  FollowAs(1, packet::kProtocolSctp);
  packet::SctpHeader sctp;
  sctp.source_port.Set(fields.source_port);
  sctp.destination_port.Set(fields.destination_port);
  sctp.verification_tag.Set(1);
  layers_.push_back({Kind::kSctp, Append(sctp)});
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::IcmpLayer(Kind kind, std::uint8_t protocol, const IcmpFields& fields) {
  FollowAs(1, protocol);
  packet::IcmpHeader icmp;
  icmp.type = fields.type;
  icmp.code = fields.code;
  icmp.identifier.Set(fields.identifier);
  icmp.sequence.Set(fields.sequence);
  layers_.push_back({kind, Append(icmp)});
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Icmp(const IcmpFields& fields) {
  return IcmpLayer(Kind::kIcmp, packet::kProtocolIcmp, fields);
}

FrameBuilder& FrameBuilder::Icmpv6(const IcmpFields& fields) {
  return IcmpLayer(Kind::kIcmpv6, packet::kProtocolIcmpv6, fields);
}

FrameBuilder& FrameBuilder::Gre(const GreFields& fields) {
  FollowAs(1, packet::kProtocolGre);
  if (fields.sequence) {
    Append(packet::GreSequenceHeader{Be16(packet::kGreSequencePresent), Be16(fields.protocol), Be32(*fields.sequence)});
  } else {
    Append(packet::GreHeader{Be16(), Be16(fields.protocol)});
  }
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Vxlan(std::uint32_t vni) {
  packet::VxlanHeader vxlan;
  vxlan.vni.Set(vni);
  Append(vxlan);
  next_ = {};
  return *this;
}

FrameBuilder& FrameBuilder::Geneve(std::uint32_t vni, std::span<const std::uint8_t> options) {
  packet::GeneveHeader geneve;
  geneve.version_option_words = static_cast<std::uint8_t>(options.size() / 4);
  geneve.protocol.Set(packet::kEtherTypeTransparentEthernet);
  geneve.vni.Set(vni);
  Append(geneve);
  return Payload(options);
}

FrameBuilder& FrameBuilder::Erspan1() { return Gre({.protocol = packet::kEtherTypeErspan2}); }

FrameBuilder& FrameBuilder::Erspan2(const Erspan2Fields& fields, std::uint32_t sequence) {
  Gre({.protocol = packet::kEtherTypeErspan2, .sequence = sequence});
  Append(packet::Erspan2Header{Be32(packet::kErspan2Version | std::uint32_t{fields.vlan} << 16 | fields.session_id),
                               Be32(fields.index)});
  return *this;
}

FrameBuilder& FrameBuilder::Erspan3(const Erspan3Fields& fields, std::uint32_t sequence) {
  Gre({.protocol = packet::kEtherTypeErspan3, .sequence = sequence});
  Append(packet::Erspan3Header{Be32(packet::kErspan3Version | std::uint32_t{fields.vlan} << 16 | fields.session_id),
                               Be32(), Be16(), Be16(packet::kErspan3EthernetFrame)});
  return *this;
}

FrameBuilder& FrameBuilder::Payload(std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) bytes_.push_back(static_cast<std::uint8_t>(i));
  return *this;
}

FrameBuilder& FrameBuilder::Payload(std::string_view text) {
  bytes_.insert(bytes_.end(), text.begin(), text.end());
  return *this;
}

FrameBuilder& FrameBuilder::Payload(std::span<const std::uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

FrameBuilder& FrameBuilder::PadTo(std::size_t bytes) {
  padded_bytes_ = bytes;
  return *this;
}

Bytes FrameBuilder::Build() const {
  Bytes frame = bytes_;
  for (std::size_t layer = layers_.size(); layer > 0; --layer) Finish(frame, layer - 1);
  if (frame.size() < padded_bytes_) frame.resize(padded_bytes_);
  return frame;
}

// Over the pseudo header of the IP layer before, and all that follows. In a fragment that is not what a receiver of the
// whole would compute, and nobody asks.
std::uint16_t FrameBuilder::L4Checksum(const Bytes& frame, std::size_t layer, std::uint8_t protocol) const {
  const std::span<const std::uint8_t> l4 = std::span(frame).subspan(layers_[layer].offset);
  std::uint32_t sum = AddWords(0, l4);
  std::size_t below = layer;
  while (below > 0 && layers_[below].kind != Kind::kIpv4 && layers_[below].kind != Kind::kIpv6) --below;
  const Layer& ip = layers_[below];
  if (ip.kind == Kind::kIpv4) sum = AddWords(sum, std::span(frame).subspan(ip.offset + 12, 8));
  if (ip.kind == Kind::kIpv6) sum = AddWords(sum, std::span(frame).subspan(ip.offset + 8, 32));
  const std::uint8_t rest[] = {0, protocol, static_cast<std::uint8_t>(l4.size() >> 8),
                               static_cast<std::uint8_t>(l4.size())};
  return static_cast<std::uint16_t>(~AddWords(sum, rest));
}

void FrameBuilder::Finish(Bytes& frame, std::size_t layer) const {
  const Layer& l = layers_[layer];
  const std::size_t rest = frame.size() - l.offset;
  switch (l.kind) {
    case Kind::kIpv4: {
      if (!l.keep_length) Store16(frame, l.offset + 2, rest);
      const std::size_t header_bytes = std::min<std::size_t>(rest, 4 * std::size_t{frame[l.offset] & 0x0fU});
      Store16(frame, l.offset + 10, ~AddWords(0, std::span(frame).subspan(l.offset, header_bytes)) & 0xffff);
      break;
    }
    case Kind::kIpv6:
      if (!l.keep_length) Store16(frame, l.offset + 4, rest - sizeof(packet::Ipv6Header));
      break;
    case Kind::kTcp: Store16(frame, l.offset + 16, L4Checksum(frame, layer, packet::kProtocolTcp)); break;
    case Kind::kUdp: {
      if (!l.keep_length) Store16(frame, l.offset + 4, rest);
      if (!l.checksum) break;
      const std::uint16_t sum = L4Checksum(frame, layer, packet::kProtocolUdp);
      Store16(frame, l.offset + 6, sum == 0 ? 0xffff : sum);
      break;
    }
    case Kind::kSctp: {
      const std::uint32_t crc = Crc32c(std::span(frame).subspan(l.offset));
      for (std::size_t i = 0; i < 4; ++i) frame[l.offset + 8 + i] = static_cast<std::uint8_t>(crc >> (8 * i));
      break;
    }
    case Kind::kIcmp: Store16(frame, l.offset + 2, ~AddWords(0, std::span(frame).subspan(l.offset)) & 0xffff); break;
    case Kind::kIcmpv6: Store16(frame, l.offset + 2, L4Checksum(frame, layer, packet::kProtocolIcmpv6)); break;
    case Kind::kOther: break;
  }
}

}  // namespace heliostat::support
