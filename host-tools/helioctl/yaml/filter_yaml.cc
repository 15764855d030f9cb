#include "helioctl/yaml/filter_yaml.h"

#include <algorithm>
#include <array>
#include <map>

#include "config/bounds.h"

namespace heliostat::helioctl {
namespace {

// More than any card's limit: only keeps a hostile file from being taken apart item by item.
constexpr std::size_t kMostRules = 1'000'000;

constexpr std::array<std::string_view, 17> kRuleFields{
    "number",           "action",   "protocol", "source",    "destination",    "sourcePorts",
    "destinationPorts", "icmpType", "icmpCode", "sourceMac", "destinationMac", "vlanIds",
    "etherType",        "dscp",     "tcpFlags", "fragment",  "description"};

constexpr std::array<Choice, 2> kActions{{{"accept", v1::ACCEPT}, {"reject", v1::REJECT}}};

constexpr std::array<Choice, 4> kFragments{
    {{"no", v1::NO}, {"first", v1::FIRST}, {"later", v1::LATER}, {"any", v1::ANY}}};

constexpr std::array<Choice, 6> kServices{{{"dns", v1::DNS},
                                           {"dhcp", v1::DHCP},
                                           {"ntp", v1::NTP},
                                           {"arp", v1::ARP},
                                           {"metadata", v1::METADATA},
                                           {"activation", v1::ACTIVATION}}};

// IANA's numbers; `all` is an absent protocol.
constexpr int kAllProtocols = -1;
constexpr std::array<Choice, 10> kProtocols{{{"tcp", 6},
                                             {"udp", 17},
                                             {"icmp", 1},
                                             {"icmpv6", 58},
                                             {"sctp", 132},
                                             {"gre", 47},
                                             {"esp", 50},
                                             {"ah", 51},
                                             {"igmp", 2},
                                             {"all", kAllProtocols}}};

constexpr std::array<Choice, 3> kEtherTypes{{{"arp", 0x0806}, {"ipv4", 0x0800}, {"ipv6", 0x86dd}}};

bool StartsWithDigit(const Value& value) {
  return value.node().IsScalar() && !value.node().Scalar().empty() && value.node().Scalar()[0] >= '0' &&
         value.node().Scalar()[0] <= '9';
}

// A number within the bounds, or one of the names.
std::optional<int> NumberOrName(const Value& value, std::uint64_t min, std::uint64_t max,
                                std::span<const Choice> names) {
  if (!StartsWithDigit(value)) return value.OneOf(names);
  const auto number = value.Integer(min, max);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

void SetRange(const Mapping& mapping, std::string_view field, v1::Range* (v1::Rule::*mutable_range)(), v1::Rule& rule) {
  const auto value = mapping.Find(field);
  if (!value) return;
  if (const auto range = value->Range(65535)) {
    (rule.*mutable_range)()->set_first(range->first);
    (rule.*mutable_range)()->set_last(range->last);
  }
}

void SetPrefix(const Mapping& mapping, std::string_view field, v1::Prefix* (v1::Rule::*mutable_prefix)(),
               v1::Rule& rule) {
  const auto value = mapping.Find(field);
  if (!value) return;
  if (const auto prefix = value->Prefix(HostBits::kForbidden)) {
    (rule.*mutable_prefix)()->set_address(AddressBytes(prefix->address));
    (rule.*mutable_prefix)()->set_length(prefix->length);
  }
}

void SetMac(const Mapping& mapping, std::string_view field, v1::MacMatch* (v1::Rule::*mutable_mac)(), v1::Rule& rule) {
  const auto value = mapping.Find(field);
  if (!value) return;
  if (const auto match = value->MacMatch()) {
    (rule.*mutable_mac)()->set_address(MacBytes(match->address));
    if (match->mask) (rule.*mutable_mac)()->set_mask(MacBytes(*match->mask));
  }
}

void SetNumber(const Mapping& mapping, std::string_view field, std::uint64_t max, void (v1::Rule::*set)(std::uint32_t),
               v1::Rule& rule) {
  const auto value = mapping.Find(field);
  if (!value) return;
  if (const auto number = value->Integer(0, max)) (rule.*set)(static_cast<std::uint32_t>(*number));
}

void SetVlanIds(const Mapping& mapping, v1::Rule& rule) {
  const auto list = mapping.Find("vlanIds");
  if (!list) return;
  if (list->node().IsSequence() && list->node().size() == 0) {
    list->Report("is an empty list, which nothing could match", "leave it out to match all, or give VLAN IDs");
  }
  for (const Value& item : list->List(config::kMaxVlanRanges + 1)) {
    if (item.node().IsScalar() && item.node().Scalar() == "untagged") {
      rule.set_untagged(true);
      continue;
    }
    if (rule.vlan_ids_size() == config::kMaxVlanRanges) {
      list->Report("has more than " + std::to_string(config::kMaxVlanRanges) + " IDs and ranges", "use several rules");
      return;
    }
    if (const auto range = item.Range(4095)) {
      v1::Range* vlan_ids = rule.add_vlan_ids();
      vlan_ids->set_first(range->first);
      vlan_ids->set_last(range->last);
    }
  }
}

void SetTcpFlags(const Mapping& mapping, v1::Rule& rule) {
  static constexpr std::array<std::string_view, 2> kFields{"value", "mask"};
  const auto value = mapping.Find("tcpFlags");
  if (!value) return;
  const Mapping flags(*value, kFields);
  const auto bits = flags.Require("value", "give the flags' bits, such as 0x02 for SYN");
  const auto mask = flags.Require("mask", "give the bits that are looked at, such as 0x12 for SYN and ACK");
  if (bits) rule.mutable_tcp_flags()->set_value(static_cast<std::uint32_t>(bits->Integer(0, 255).value_or(0)));
  if (mask) rule.mutable_tcp_flags()->set_mask(static_cast<std::uint32_t>(mask->Integer(0, 255).value_or(0)));
}

// Errors call a rule by its number when it has one that can be read.
std::string RulePath(const Value& item, const std::string& list_path) {
  if (!item.node().IsMap()) return item.path();
  for (const auto& entry : item.node()) {
    if (entry.first.IsScalar() && entry.first.Scalar() == "number" && entry.second.IsScalar()) {
      return list_path + " rule " + entry.second.Scalar().substr(0, 16);
    }
  }
  return item.path();
}

v1::Rule ReadRule(const Value& item, const std::string& list_path) {
  const Mapping mapping(Value(item.source(), item.node(), RulePath(item, list_path)), kRuleFields);
  v1::Rule rule;
  if (const auto number = mapping.Require("number", "give 1..65535, smaller is first")) {
    rule.set_number(static_cast<std::uint32_t>(number->Integer(1, 65535).value_or(0)));
  }
  if (const auto action = mapping.Require("action", "give accept or reject")) {
    rule.set_action(static_cast<v1::Action>(action->OneOf(kActions).value_or(0)));
  }
  if (const auto protocol = mapping.Find("protocol")) {
    const auto number = NumberOrName(*protocol, 0, 255, kProtocols);
    if (number && *number != kAllProtocols) rule.set_protocol(static_cast<std::uint32_t>(*number));
  }
  SetPrefix(mapping, "source", &v1::Rule::mutable_source, rule);
  SetPrefix(mapping, "destination", &v1::Rule::mutable_destination, rule);
  SetRange(mapping, "sourcePorts", &v1::Rule::mutable_source_ports, rule);
  SetRange(mapping, "destinationPorts", &v1::Rule::mutable_destination_ports, rule);
  SetNumber(mapping, "icmpType", 255, &v1::Rule::set_icmp_type, rule);
  SetNumber(mapping, "icmpCode", 255, &v1::Rule::set_icmp_code, rule);
  SetMac(mapping, "sourceMac", &v1::Rule::mutable_source_mac, rule);
  SetMac(mapping, "destinationMac", &v1::Rule::mutable_destination_mac, rule);
  SetVlanIds(mapping, rule);
  if (const auto ether_type = mapping.Find("etherType")) {
    // Smaller values are lengths (IEEE 802.3), not types.
    const auto number = NumberOrName(*ether_type, 0x0600, 0xffff, kEtherTypes);
    if (number) rule.set_ether_type(static_cast<std::uint32_t>(*number));
  }
  SetNumber(mapping, "dscp", 63, &v1::Rule::set_dscp, rule);
  SetTcpFlags(mapping, rule);
  if (const auto fragment = mapping.Find("fragment")) {
    rule.set_fragment(static_cast<v1::Fragment>(fragment->OneOf(kFragments).value_or(0)));
  }
  if (const auto text = mapping.Find("description")) {
    rule.set_description(text->Text(config::kMaxRuleDescriptionBytes).value_or(""));
  }
  return rule;
}

void ReadRules(const Mapping& spec, std::string_view field, v1::Direction direction, const std::string& filter,
               std::vector<v1::Unit>& units) {
  const auto list = spec.Find(field);
  if (!list) return;
  std::map<std::uint32_t, v1::Rule> rules;  // by number
  for (const Value& item : list->List(kMostRules)) {
    v1::Rule rule = ReadRule(item, list->path());
    if (rule.number() == 0) continue;
    if (!rules.emplace(rule.number(), rule).second) {
      item.Report("another rule of this list has number " + std::to_string(rule.number()), "give it a free number");
    }
  }
  v1::RuleChunk* chunk = nullptr;
  std::uint32_t index = 0;
  for (auto& [number, rule] : rules) {
    if (chunk == nullptr || chunk->rules_size() == kItemsPerChunk) {
      chunk = units.emplace_back().mutable_rules();
      chunk->set_filter(filter);
      chunk->set_direction(direction);
      chunk->set_index(index++);
    }
    *chunk->add_rules() = std::move(rule);
  }
}

}  // namespace

void ReadFilter(const Mapping& spec, const v1::Metadata& metadata, std::vector<v1::Unit>& units) {
  v1::Filter* filter = units.emplace_back().mutable_filter();
  *filter->mutable_metadata() = metadata;
  if (const auto services = spec.Find("services")) {
    for (const Value& item : services->List(kServices.size())) {
      const auto service = item.OneOf(kServices);
      if (!service) continue;
      const auto& seen = filter->services();
      if (std::find(seen.begin(), seen.end(), *service) != seen.end()) {
        item.Report("is given twice", "keep one of them");
      }
      filter->add_services(static_cast<v1::Service>(*service));
    }
  }
  ReadRules(spec, "inbound", v1::INBOUND, metadata.name(), units);
  ReadRules(spec, "outbound", v1::OUTBOUND, metadata.name(), units);
}

}  // namespace heliostat::helioctl
