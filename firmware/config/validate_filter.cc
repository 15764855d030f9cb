#include <set>

#include "config/bounds.h"
#include "config/check.h"
#include "config/validate_parts.h"

namespace heliostat::config {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpv6 = 58;
constexpr std::uint8_t kSctp = 132;
constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint16_t kSmallestEtherType = 0x0600;  // IEEE 802.3: below, it is a length

std::string Hex(std::uint32_t value, int digits) {
  std::string text = "0x";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[(value >> shift) & 0xfU];
  return text;
}

// The family that the rule's addresses ask for; kNone: it has none.
IpFamily AddressFamily(const Rule& rule) {
  if (rule.source) return rule.source->address.family;
  return rule.destination ? rule.destination->address.family : IpFamily::kNone;
}

Status CheckAddresses(const Rule& rule) {
  if (rule.source) HELIOSTAT_RETURN_IF_ERROR(CheckNetwork("source", *rule.source));
  if (rule.destination) HELIOSTAT_RETURN_IF_ERROR(CheckNetwork("destination", *rule.destination));
  if (rule.source && rule.destination && rule.source->address.family != rule.destination->address.family) {
    return Invalid("destination", "source and destination are of different families",
                   "use one family in a rule, and two rules for both");
  }
  return {};
}

Status CheckPorts(std::string_view field, const std::optional<PortRange>& ports, const Rule& rule) {
  if (!ports) return {};
  if (ports->first > ports->last) {
    return Invalid(std::string(field),
                   "the first, " + std::to_string(ports->first) + ", is above the last, " + std::to_string(ports->last),
                   "swap them");
  }
  if (!rule.protocol || *rule.protocol == kTcp || *rule.protocol == kUdp || *rule.protocol == kSctp) return {};
  const std::string protocol = *rule.protocol == kIcmp     ? "icmp"
                               : *rule.protocol == kIcmpv6 ? "icmpv6"
                                                           : std::to_string(*rule.protocol);
  return Invalid(std::string(field), "protocol " + protocol + " has no ports",
                 "leave the ports out, or use protocol tcp, udp, sctp or none");
}

Status CheckIcmp(std::string_view field, const Rule& rule) {
  if (!rule.protocol || (*rule.protocol != kIcmp && *rule.protocol != kIcmpv6)) {
    return Invalid(std::string(field), "the rule's protocol is not ICMP", "set protocol icmp or icmpv6");
  }
  const IpFamily family = *rule.protocol == kIcmp ? IpFamily::kIpv4 : IpFamily::kIpv6;
  const std::uint16_t ether_type = *rule.protocol == kIcmp ? kEtherTypeIpv4 : kEtherTypeIpv6;
  const IpFamily addresses = AddressFamily(rule);
  if ((addresses != IpFamily::kNone && addresses != family) || (rule.ether_type && *rule.ether_type != ether_type)) {
    return Invalid(std::string(field), "ICMP is read over IPv4 only, ICMPv6 over IPv6 only: nothing can match",
                   "use the protocol of the rule's IP version");
  }
  return {};
}

Status CheckMac(std::string_view field, const std::optional<MacMatch>& mac) {
  if (!mac) return {};
  for (std::size_t i = 0; i < 6; ++i) {
    if ((mac->address.bytes[i] & ~mac->mask.bytes[i] & 0xff) == 0) continue;
    return Invalid(std::string(field),
                   mac->address.ToString() + " has bits outside of the mask " + mac->mask.ToString(),
                   "clear them, or widen the mask");
  }
  return {};
}

Status CheckVlans(const Rule& rule) {
  if (rule.vlan_ids.size() > kMaxVlanRanges) {
    return Invalid("vlan_ids", "there are " + std::to_string(rule.vlan_ids.size()) + " ranges",
                   "use at most " + std::to_string(kMaxVlanRanges) + " in a rule");
  }
  for (const VlanRange& range : rule.vlan_ids) {
    if (range.first <= range.last && range.last <= 4095) continue;
    return Invalid("vlan_ids",
                   std::to_string(range.first) + "-" + std::to_string(range.last) + " is no range of VLAN IDs",
                   "use 0 to 4095, the smaller first");
  }
  return {};
}

Status CheckEtherType(const Rule& rule) {
  if (!rule.ether_type) return {};
  const std::uint16_t type = *rule.ether_type;
  if (type < kSmallestEtherType) {
    return Invalid("ether_type", Hex(type, 4) + " is a length, which matches no frame's EtherType",
                   "use 0x0600 or above");
  }
  const bool ip_fields = rule.protocol || rule.source || rule.destination || rule.source_ports ||
                         rule.destination_ports || rule.icmp_type || rule.icmp_code || rule.dscp || rule.tcp_flags ||
                         rule.fragment;
  if (!ip_fields) return {};
  if (type != kEtherTypeIpv4 && type != kEtherTypeIpv6) {
    return Invalid("ether_type", Hex(type, 4) + " is not IP, but the rule has IP fields: nothing can match",
                   "leave out the EtherType or the IP fields");
  }
  const IpFamily addresses = AddressFamily(rule);
  if (addresses != IpFamily::kNone && (addresses == IpFamily::kIpv4) != (type == kEtherTypeIpv4)) {
    return Invalid("ether_type",
                   Hex(type, 4) + " is of another IP version than the rule's addresses: nothing can match",
                   "leave the EtherType out");
  }
  return {};
}

Status CheckTcpFlags(const Rule& rule) {
  if (!rule.tcp_flags) return {};
  if (rule.protocol && *rule.protocol != kTcp) {
    return Invalid("tcp_flags", "protocol " + std::to_string(*rule.protocol) + " has none",
                   "leave the flags out, or use protocol tcp");
  }
  if ((rule.tcp_flags->value & ~rule.tcp_flags->mask & 0xff) == 0) return {};
  return Invalid("tcp_flags",
                 "value " + Hex(rule.tcp_flags->value, 2) + " has bits outside of mask " + Hex(rule.tcp_flags->mask, 2),
                 "set them in the mask too");
}

// A later fragment holds no header of layer 4.
Status CheckFragment(const Rule& rule) {
  if (rule.fragment != Fragment::kLater) return {};
  const bool l4_fields =
      rule.source_ports || rule.destination_ports || rule.icmp_type || rule.icmp_code || rule.tcp_flags;
  if (!l4_fields) return {};
  return Invalid("fragment", "a later fragment has no ports, ICMP type or TCP flags: nothing can match",
                 "leave those out, or use no or first");
}

Status CheckRule(const Rule& rule) {
  if (rule.number == 0) return Invalid("number", "it is 0", "use 1 to 65535");
  HELIOSTAT_RETURN_IF_ERROR(CheckText("description", rule.description, kMaxRuleDescriptionBytes));
  HELIOSTAT_RETURN_IF_ERROR(CheckAddresses(rule));
  HELIOSTAT_RETURN_IF_ERROR(CheckPorts("source_ports", rule.source_ports, rule));
  HELIOSTAT_RETURN_IF_ERROR(CheckPorts("destination_ports", rule.destination_ports, rule));
  if (rule.icmp_type) HELIOSTAT_RETURN_IF_ERROR(CheckIcmp("icmp_type", rule));
  if (rule.icmp_code) HELIOSTAT_RETURN_IF_ERROR(CheckIcmp("icmp_code", rule));
  HELIOSTAT_RETURN_IF_ERROR(CheckMac("source_mac", rule.source_mac));
  HELIOSTAT_RETURN_IF_ERROR(CheckMac("destination_mac", rule.destination_mac));
  HELIOSTAT_RETURN_IF_ERROR(CheckVlans(rule));
  HELIOSTAT_RETURN_IF_ERROR(CheckEtherType(rule));
  if (rule.dscp && *rule.dscp > 63) return Invalid("dscp", "it is " + std::to_string(*rule.dscp), "use 0 to 63");
  HELIOSTAT_RETURN_IF_ERROR(CheckFragment(rule));
  return CheckTcpFlags(rule);
}

Status CheckRules(std::string_view direction, const std::vector<Rule>& rules) {
  std::uint32_t previous = 0;
  for (const Rule& rule : rules) {
    // The subject is text, and there may be many rules, so it is made only when something is wrong.
    const auto subject = [&] { return std::string(direction) + " rule " + std::to_string(rule.number); };
    if (Status status = CheckRule(rule); !status.ok()) return std::move(status).Within(subject());
    if (rule.number == previous) {
      return {Code::kAlreadyExists, subject(), "the number is there twice", "give every rule of a list its own number"};
    }
    if (rule.number < previous) return {Code::kInternal, subject(), "it is out of order", "sort by number"};
    previous = rule.number;
  }
  return {};
}

}  // namespace

Status ValidateFilter(const Filter& filter) {
  HELIOSTAT_RETURN_IF_ERROR(CheckMetadata(filter.metadata));
  std::set<Service> services;
  for (const Service service : filter.services) {
    if (services.insert(service).second) continue;
    return {Code::kAlreadyExists, "services", "one is there twice", "name each service once"};
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckRules("inbound", filter.inbound));
  return CheckRules("outbound", filter.outbound);
}

}  // namespace heliostat::config
