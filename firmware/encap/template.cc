// Control's half of encapsulation: the bytes that all copies of one target share.
#include <cstring>
#include <string>

#include "encap/encap.h"
#include "packet/erspan.h"
#include "packet/ethernet.h"
#include "packet/gre.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"
#include "packet/vlan.h"
#include "packet/vxlan.h"

namespace heliostat::encap {
namespace {

constexpr std::uint16_t kMaxVlanId = 4094;
constexpr std::uint32_t kMaxVni = 0xffffff;
constexpr std::uint32_t kMaxDscp = 63;

Status Invalid(std::string field, std::string reason, std::string fix) {
  return {Code::kInvalidArgument, std::move(field), std::move(reason), std::move(fix)};
}

Status CheckRange(std::string field, std::uint32_t value, std::uint32_t first, std::uint32_t last) {
  if (value >= first && value <= last) return OkStatus();
  return Invalid(std::move(field), std::to_string(value) + " is out of range",
                 "give " + std::to_string(first) + " to " + std::to_string(last));
}

bool IsUdp(Kind kind) { return kind == Kind::kVxlan || kind == Kind::kGeneve; }

Status CheckAddresses(const TemplateSpec& spec) {
  if (spec.destination.IsUnspecified()) return Invalid("destination", "no address", "give the target's address");
  if (spec.source.IsUnspecified()) return Invalid("source", "no address", "give the underlay a tunnel address");
  if (spec.source.family != spec.destination.family) {
    return Invalid("source", spec.source.ToString() + " is not of the family of " + spec.destination.ToString(),
                   "give the underlay a tunnel address of the target's family");
  }
  return OkStatus();
}

Status Check(const TemplateSpec& spec) {
  if (spec.kind == Kind::kNone) return OkStatus();
  if (spec.vlan_id) HELIOSTAT_RETURN_IF_ERROR(CheckRange("vlan_id", *spec.vlan_id, 1, kMaxVlanId));
  if (spec.kind == Kind::kVlan) {
    return spec.vlan_id ? OkStatus() : Invalid("vlan_id", "missing", "give 1 to 4094");
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckAddresses(spec));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("dscp", spec.dscp, 0, kMaxDscp));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("ttl", spec.ttl, 1, 255));
  if (IsUdp(spec.kind)) return CheckRange("VNI", spec.tunnel_id, 0, kMaxVni);
  if (spec.kind == Kind::kErspan1) return OkStatus();
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("session ID", spec.tunnel_id, 0, packet::kErspanSessionIdMask));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("interface number", spec.interface_number, 0, packet::kErspan2IndexMask));
  return CheckRange("hardware ID", spec.hardware_id, 0, packet::kErspan3HardwareIdMask);
}

template <typename Header>
void Append(Template& t, const Header& header) {
  std::memcpy(t.bytes.data() + t.length, &header, sizeof header);
  t.length = static_cast<std::uint8_t>(t.length + sizeof header);
}

void AppendEthernet(const TemplateSpec& spec, Template& t) {
  const Be16 ip_type(t.ipv6 ? packet::kEtherTypeIpv6 : packet::kEtherTypeIpv4);
  const Be16 type = spec.vlan_id ? Be16(packet::kEtherTypeVlan) : ip_type;
  Append(t, packet::EthernetHeader{spec.destination_mac, spec.source_mac, type});
  if (spec.vlan_id) Append(t, packet::VlanTag{Be16(*spec.vlan_id), ip_type});
}

void AppendIp(const TemplateSpec& spec, Template& t) {
  const std::uint8_t protocol = IsUdp(spec.kind) ? packet::kProtocolUdp : packet::kProtocolGre;
  t.ip_offset = t.length;
  if (t.ipv6) {
    packet::Ipv6Header ip;
    ip.version_class_label.Set(6U << 28 | std::uint32_t{spec.dscp} << 22);
    ip.next_header = protocol;
    ip.hop_limit = spec.ttl;
    ip.source = spec.source.bytes;
    ip.destination = spec.destination.bytes;
    Append(t, ip);
  } else {
    packet::Ipv4Header ip;
    ip.traffic_class = static_cast<std::uint8_t>(spec.dscp << 2);
    ip.flags_offset.Set(packet::kIpv4DontFragment);
    ip.ttl = spec.ttl;
    ip.protocol = protocol;
    std::memcpy(ip.source.data(), spec.source.bytes.data(), ip.source.size());
    std::memcpy(ip.destination.data(), spec.destination.bytes.data(), ip.destination.size());
    Append(t, ip);
    t.ip_partial_sum = PayloadSum({t.bytes.data() + t.ip_offset, sizeof ip});
  }
  t.l4_offset = t.length;
}

// Pseudo header (RFC 768, RFC 8200 section 8.1) and the constant part of what follows. The length, which is in both
// the pseudo header and the UDP header, the source port and the option come with each packet.
void SumUdp(const TemplateSpec& spec, Template& t) {
  const std::size_t address_bytes = t.ipv6 ? 16 : 4;
  std::uint16_t sum = packet::kProtocolUdp;
  sum = PayloadSum({spec.source.bytes.data(), address_bytes}, sum);
  sum = PayloadSum({spec.destination.bytes.data(), address_bytes}, sum);
  t.udp_partial_sum = PayloadSum({t.bytes.data() + t.l4_offset, sizeof(packet::UdpHeader) + 8}, sum);
}

void AppendVxlan(const TemplateSpec& spec, Template& t) {
  Append(t, packet::UdpHeader{Be16(), Be16(packet::kVxlanPort), Be16(), Be16()});
  packet::VxlanHeader vxlan;
  vxlan.vni.Set(spec.tunnel_id);
  Append(t, vxlan);
  SumUdp(spec, t);
}

void AppendGeneve(const TemplateSpec& spec, Template& t) {
  Append(t, packet::UdpHeader{Be16(), Be16(packet::kGenevePort), Be16(), Be16()});
  packet::GeneveHeader geneve;
  geneve.version_option_words = sizeof(MirrorOption) / 4;
  geneve.protocol.Set(packet::kEtherTypeTransparentEthernet);
  geneve.vni.Set(spec.tunnel_id);
  Append(t, geneve);
  SumUdp(spec, t);
  MirrorOption option;
  option.header.option_class.Set(kMirrorOptionClass);
  option.header.type = kMirrorOptionType;
  option.header.length_words = (sizeof option - sizeof option.header) / 4;
  option.session.Set(spec.session_number);
  option.flags.Set(spec.egress ? kMirrorOptionEgress : 0);
  Append(t, option);
}

void AppendErspan2(const TemplateSpec& spec, Template& t) {
  packet::GreSequenceHeader gre;
  gre.protocol.Set(packet::kEtherTypeErspan2);
  Append(t, gre);
  Append(t, packet::Erspan2Header{Be32(packet::kErspan2Version | spec.tunnel_id), Be32(spec.interface_number)});
}

void AppendErspan3(const TemplateSpec& spec, Template& t) {
  packet::GreSequenceHeader gre;
  gre.protocol.Set(packet::kEtherTypeErspan3);
  Append(t, gre);
  unsigned flags = packet::kErspan3EthernetFrame | unsigned{spec.hardware_id} << packet::kErspan3HardwareIdShift;
  if (spec.egress) flags |= packet::kErspan3Egress;
  if (spec.platform_subheader) flags |= packet::kErspan3Granularity1588 | packet::kErspan3SubheaderPresent;
  packet::Erspan3Header erspan;
  erspan.version_vlan_session.Set(packet::kErspan3Version | spec.tunnel_id);
  erspan.flags.Set(static_cast<std::uint16_t>(flags));
  Append(t, erspan);
  if (!spec.platform_subheader) return;
  t.platform_subheader = true;
  const std::uint32_t port = spec.interface_number & packet::kErspan3PortIndexMask;
  Append(t, packet::Erspan3PlatformSubheader{Be32(packet::kErspan3Platform3 | port), Be32()});
}

}  // namespace

Result<Template> BuildTemplate(const TemplateSpec& spec) {
  HELIOSTAT_RETURN_IF_ERROR(Check(spec));
  Template t;
  t.kind = spec.kind;
  if (spec.kind == Kind::kNone) return t;
  if (spec.kind == Kind::kVlan) {
    Append(t, Be16(packet::kEtherTypeVlan));
    Append(t, Be16(*spec.vlan_id));
    return t;
  }
  t.ipv6 = spec.destination.family == IpFamily::kIpv6;
  t.udp_checksum = spec.udp_checksum && IsUdp(spec.kind);
  AppendEthernet(spec, t);
  AppendIp(spec, t);
  switch (spec.kind) {
    case Kind::kVxlan: AppendVxlan(spec, t); break;
    case Kind::kGeneve: AppendGeneve(spec, t); break;
    case Kind::kErspan1: Append(t, packet::GreHeader{Be16(), Be16(packet::kEtherTypeErspan2)}); break;
    case Kind::kErspan2: AppendErspan2(spec, t); break;
    case Kind::kErspan3: AppendErspan3(spec, t); break;
    case Kind::kNone:
    case Kind::kVlan: break;
  }
  return t;
}

}  // namespace heliostat::encap
