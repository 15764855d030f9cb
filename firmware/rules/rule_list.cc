#include "rules/rule_list.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "rules/services.h"

namespace heliostat::rules {
namespace {

using packet::FlowKey;

void SetFlag(std::uint16_t flag, FlowKey& key) { key.flags = static_cast<std::uint16_t>(key.flags | flag); }

void Require(std::uint16_t flag, Match& match) {
  SetFlag(flag, match.mask);
  SetFlag(flag, match.value);
}

void Forbid(std::uint16_t flag, Match& match) { SetFlag(flag, match.mask); }

template <typename Integer>
void MatchWhole(Integer wanted, Integer FlowKey::*field, Match& match) {
  match.mask.*field = static_cast<Integer>(~Integer{0});
  match.value.*field = wanted;
}

std::uint16_t FamilyFlag(IpFamily family) { return family == IpFamily::kIpv4 ? FlowKey::kIpv4 : FlowKey::kIpv6; }

// `address` is FlowKey's source_ip or destination_ip.
void MatchPrefix(const IpPrefix& prefix, std::array<std::uint8_t, 16> FlowKey::*address, Match& match) {
  Require(FamilyFlag(prefix.address.family), match);
  const unsigned length = std::min<unsigned>(prefix.length, prefix.address.Bits());
  std::array<std::uint8_t, 16>& mask = match.mask.*address;
  for (unsigned i = 0; i < mask.size(); ++i) {
    const int covered = std::clamp(static_cast<int>(length) - static_cast<int>(8 * i), 0, 8);
    mask[i] = static_cast<std::uint8_t>(0xff00 >> covered);
  }
  match.value.*address = prefix.address.bytes;
}

void MatchFragment(config::Fragment fragment, Match& match) {
  Require(kAnyIp, match);
  switch (fragment) {
    case config::Fragment::kNo: Forbid(FlowKey::kFragment, match); break;
    case config::Fragment::kFirst:
      Require(FlowKey::kFragment, match);
      Forbid(FlowKey::kLaterFragment, match);
      break;
    case config::Fragment::kLater: Require(FlowKey::kLaterFragment, match); break;
    case config::Fragment::kAny: Require(FlowKey::kFragment, match); break;
  }
}

void MatchNetwork(const config::Rule& rule, Match& match) {
  if (rule.source) MatchPrefix(*rule.source, &FlowKey::source_ip, match);
  if (rule.destination) MatchPrefix(*rule.destination, &FlowKey::destination_ip, match);
  if (rule.protocol) {
    Require(kAnyIp, match);
    MatchWhole(*rule.protocol, &FlowKey::protocol, match);
  }
  if (rule.dscp) {
    Require(kAnyIp, match);
    MatchWhole(*rule.dscp, &FlowKey::dscp, match);
  }
  if (rule.fragment) MatchFragment(*rule.fragment, match);
}

void MatchTransport(const config::Rule& rule, Match& match) {
  if (rule.source_ports) Require(FlowKey::kSourcePort, match);
  if (rule.destination_ports) Require(FlowKey::kDestinationPort, match);
  match.source_ports = rule.source_ports;
  match.destination_ports = rule.destination_ports;
  if (rule.icmp_type) {
    Require(FlowKey::kIcmpType, match);
    MatchWhole(*rule.icmp_type, &FlowKey::icmp_type, match);
  }
  if (rule.icmp_code) {
    Require(FlowKey::kIcmpCode, match);
    MatchWhole(*rule.icmp_code, &FlowKey::icmp_code, match);
  }
  if (rule.tcp_flags) {
    Require(FlowKey::kTcpFlags, match);
    match.mask.tcp_flags = rule.tcp_flags->mask;
    match.value.tcp_flags = rule.tcp_flags->value;
  }
}

// Sorted, and merged where they touch.
std::vector<config::VlanRange> Merged(std::vector<config::VlanRange> ranges) {
  std::erase_if(ranges, [](const config::VlanRange& r) { return r.first > r.last; });
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<config::VlanRange> merged;
  for (const config::VlanRange& range : ranges) {
    if (!merged.empty() && range.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

void MatchLink(const config::Rule& rule, Match& match) {
  if (rule.source_mac) {
    match.mask.source_mac = rule.source_mac->mask;
    match.value.source_mac = rule.source_mac->address;
  }
  if (rule.destination_mac) {
    match.mask.destination_mac = rule.destination_mac->mask;
    match.value.destination_mac = rule.destination_mac->address;
  }
  match.vlans = {rule.untagged, Merged(rule.vlan_ids)};
  if (rule.ether_type) {
    Require(FlowKey::kEtherType, match);
    MatchWhole(*rule.ether_type, &FlowKey::ether_type, match);
  }
}

Match MatchOf(const config::Rule& rule) {
  Match match;
  MatchLink(rule, match);
  MatchNetwork(rule, match);
  MatchTransport(rule, match);
  return match;
}

}  // namespace

bool VlanSet::Contains(bool tagged, std::uint16_t vlan_id) const {
  if (IsAny()) return true;
  if (!tagged) return untagged;
  const auto above = std::upper_bound(ranges.begin(), ranges.end(), vlan_id,
                                      [](std::uint16_t id, const config::VlanRange& r) { return id < r.first; });
  return above != ranges.begin() && vlan_id <= std::prev(above)->last;
}

const std::vector<config::Rule>& RulesOf(const config::Filter& filter, config::Direction direction) {
  return direction == config::Direction::kInbound ? filter.inbound : filter.outbound;
}

std::vector<RuleOrigin> OriginsOf(const config::Filter& filter, config::Direction direction) {
  std::vector<RuleOrigin> origins;
  const std::vector<config::Rule>& rules = RulesOf(filter, direction);
  origins.reserve(filter.services.size() + rules.size());
  for (const config::Service service : filter.services) origins.push_back({.number = 0, .service = service});
  for (const config::Rule& rule : rules) origins.push_back({.number = rule.number, .service = {}});
  return origins;
}

RuleList ListRules(const config::Filter& filter, config::Direction direction) {
  RuleList list;
  const auto begin = [&list](Outcome outcome, const RuleOrigin& origin) {
    list.rules.push_back({outcome, origin, static_cast<std::uint32_t>(list.matches.size()), 0});
  };
  const auto add = [&list](const config::Rule& rule) {
    list.matches.push_back(MatchOf(rule));
    ++list.rules.back().matches;
  };
  const std::vector<config::Rule>& rules = RulesOf(filter, direction);
  list.rules.reserve(filter.services.size() + rules.size());
  list.matches.reserve(rules.size());
  for (const config::Service service : filter.services) {
    begin(Outcome::kAccept, {.number = 0, .service = service});
    for (const config::Rule& rule : ServiceRules(service)) add(rule);
  }
  for (const config::Rule& rule : rules) {
    begin(rule.action == config::Action::kAccept ? Outcome::kAccept : Outcome::kReject,
          {.number = rule.number, .service = {}});
    add(rule);
  }
  return list;
}

}  // namespace heliostat::rules
