#include "naive_match.h"

#include <string>

namespace heliostat::rules {
namespace {

using packet::FlowKey;

bool IsIp(const FlowKey& key) { return key.Has(FlowKey::kIpv4) || key.Has(FlowKey::kIpv6); }

bool InPrefix(const IpPrefix& prefix, const FlowKey& key, const std::array<std::uint8_t, 16>& address) {
  if (!key.Has(prefix.address.family == IpFamily::kIpv4 ? FlowKey::kIpv4 : FlowKey::kIpv6)) return false;
  for (unsigned bit = 0; bit < prefix.length; ++bit) {
    const unsigned wanted = prefix.address.bytes[bit / 8] >> (7 - bit % 8) & 1U;
    if ((address[bit / 8] >> (7 - bit % 8) & 1U) != wanted) return false;
  }
  return true;
}

bool MacMatches(const config::MacMatch& match, const MacAddress& mac) {
  for (std::size_t i = 0; i < 6; ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((match.mask.bytes[i] >> bit & 1U) == 0) continue;
      if ((match.address.bytes[i] >> bit & 1U) != (mac.bytes[i] >> bit & 1U)) return false;
    }
  }
  return true;
}

bool VlanMatches(const config::Rule& rule, const FlowKey& key) {
  if (rule.vlan_ids.empty() && !rule.untagged) return true;
  if (!key.Has(FlowKey::kTagged)) return rule.untagged;
  for (const config::VlanRange& range : rule.vlan_ids) {
    for (unsigned id = range.first; id <= range.last; ++id) {
      if (id == key.vlan_id) return true;
    }
  }
  return false;
}

bool EitherPort(const FlowKey& key, std::uint16_t port) {
  return (key.Has(FlowKey::kSourcePort) && key.source_port == port) ||
         (key.Has(FlowKey::kDestinationPort) && key.destination_port == port);
}

std::string Text(const FlowKey& key, const std::array<std::uint8_t, 16>& bytes) {
  return IpAddress{key.Has(FlowKey::kIpv4)   ? IpFamily::kIpv4
                   : key.Has(FlowKey::kIpv6) ? IpFamily::kIpv6
                                             : IpFamily::kNone,
                   bytes}
      .ToString();
}

}  // namespace

bool NaiveMatch(const config::Rule& rule, const FlowKey& key) {
  if (rule.protocol && !(IsIp(key) && key.protocol == *rule.protocol)) return false;
  if (rule.source && !InPrefix(*rule.source, key, key.source_ip)) return false;
  if (rule.destination && !InPrefix(*rule.destination, key, key.destination_ip)) return false;
  if (rule.source_ports && !(key.Has(FlowKey::kSourcePort) && key.source_port >= rule.source_ports->first &&
                             key.source_port <= rule.source_ports->last)) {
    return false;
  }
  if (rule.destination_ports &&
      !(key.Has(FlowKey::kDestinationPort) && key.destination_port >= rule.destination_ports->first &&
        key.destination_port <= rule.destination_ports->last)) {
    return false;
  }
  if (rule.icmp_type && !(key.Has(FlowKey::kIcmpType) && key.icmp_type == *rule.icmp_type)) return false;
  if (rule.icmp_code && !(key.Has(FlowKey::kIcmpCode) && key.icmp_code == *rule.icmp_code)) return false;
  if (rule.source_mac && !MacMatches(*rule.source_mac, key.source_mac)) return false;
  if (rule.destination_mac && !MacMatches(*rule.destination_mac, key.destination_mac)) return false;
  if (!VlanMatches(rule, key)) return false;
  if (rule.ether_type && !(key.Has(FlowKey::kEtherType) && key.ether_type == *rule.ether_type)) return false;
  if (rule.dscp && !(IsIp(key) && key.dscp == *rule.dscp)) return false;
  if (rule.fragment) {
    if (!IsIp(key)) return false;
    const bool later = key.Has(FlowKey::kLaterFragment);
    const bool first = key.Has(FlowKey::kFragment) && !later;
    switch (*rule.fragment) {
      case config::Fragment::kNo:
        if (first || later) return false;
        break;
      case config::Fragment::kFirst:
        if (!first) return false;
        break;
      case config::Fragment::kLater:
        if (!later) return false;
        break;
      case config::Fragment::kAny:
        if (!first && !later) return false;
        break;
    }
  }
  if (rule.tcp_flags) {
    if (!key.Has(FlowKey::kTcpFlags)) return false;
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((rule.tcp_flags->mask >> bit & 1U) == 0) continue;
      if ((rule.tcp_flags->value >> bit & 1U) != (key.tcp_flags >> bit & 1U)) return false;
    }
  }
  return true;
}

bool NaiveMatch(config::Service service, const FlowKey& key) {
  const std::string source = Text(key, key.source_ip);
  const std::string destination = Text(key, key.destination_ip);
  const bool tcp = IsIp(key) && key.protocol == 6;
  const bool udp = IsIp(key) && key.protocol == 17;
  switch (service) {
    case config::Service::kDns: return (tcp || udp) && EitherPort(key, 53);
    case config::Service::kDhcp:
      return udp && (EitherPort(key, 67) || EitherPort(key, 68) || EitherPort(key, 546) || EitherPort(key, 547));
    case config::Service::kNtp: return udp && EitherPort(key, 123);
    case config::Service::kArp:
      return (key.Has(FlowKey::kEtherType) && key.ether_type == 0x0806) ||
             (key.Has(FlowKey::kIpv6) && key.protocol == 58 && key.Has(FlowKey::kIcmpType) && key.icmp_type >= 133 &&
              key.icmp_type <= 137);
    case config::Service::kMetadata:
      return source == "169.254.169.254" || destination == "169.254.169.254" || source == "fd00:ec2::254" ||
             destination == "fd00:ec2::254";
    case config::Service::kActivation:
      return tcp && ((key.Has(FlowKey::kSourcePort) && key.source_port == 1688 &&
                      (source == "169.254.169.250" || source == "169.254.169.251")) ||
                     (key.Has(FlowKey::kDestinationPort) && key.destination_port == 1688 &&
                      (destination == "169.254.169.250" || destination == "169.254.169.251")));
  }
  return false;
}

NaiveVerdict NaiveJudge(std::span<const config::Filter* const> filters, config::Direction direction,
                        const FlowKey& key) {
  if (key.Has(FlowKey::kRunt)) return {};
  for (std::size_t slot = 0; slot < filters.size(); ++slot) {
    const auto slot_number = static_cast<std::uint8_t>(slot);
    for (const config::Service service : filters[slot]->services) {
      if (NaiveMatch(service, key)) return {Outcome::kAccept, slot_number, {0, service}};
    }
    const auto& rules = direction == config::Direction::kInbound ? filters[slot]->inbound : filters[slot]->outbound;
    for (const config::Rule& rule : rules) {
      if (!NaiveMatch(rule, key)) continue;
      return {
          rule.action == config::Action::kAccept ? Outcome::kAccept : Outcome::kReject, slot_number, {rule.number, {}}};
    }
  }
  return {};
}

}  // namespace heliostat::rules
