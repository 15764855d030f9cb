#include "helioctl/yaml/yaml_writer.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "config/use.h"
#include "helioctl/yaml/kinds.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

std::string_view Word(config::Encapsulation encapsulation) {
  static constexpr std::array<std::string_view, 8> kWords{"",        "none",    "vlan",    "vxlan",
                                                          "erspan1", "erspan2", "erspan3", "geneve"};
  return kWords.at(static_cast<std::size_t>(encapsulation));
}

std::string_view Word(config::Service service) {
  static constexpr std::array<std::string_view, 7> kWords{"", "dns", "dhcp", "ntp", "arp", "metadata", "activation"};
  return kWords.at(static_cast<std::size_t>(service));
}

std::string_view Word(config::Fragment fragment) {
  static constexpr std::array<std::string_view, 5> kWords{"", "no", "first", "later", "any"};
  return kWords.at(static_cast<std::size_t>(fragment));
}

std::string_view Word(config::DirectionSet direction) {
  static constexpr std::array<std::string_view, 4> kWords{"", "all", "inbound", "outbound"};
  return kWords.at(static_cast<std::size_t>(direction));
}

Json Protocol(std::uint8_t number) {
  static constexpr std::array<std::pair<std::uint8_t, const char*>, 9> kNames{{{6, "tcp"},
                                                                               {17, "udp"},
                                                                               {1, "icmp"},
                                                                               {58, "icmpv6"},
                                                                               {132, "sctp"},
                                                                               {47, "gre"},
                                                                               {50, "esp"},
                                                                               {51, "ah"},
                                                                               {2, "igmp"}}};
  for (const auto& [known, name] : kNames) {
    if (known == number) return name;
  }
  return number;
}

Json EtherType(std::uint16_t type) {
  if (type == 0x0806) return "arp";
  if (type == 0x0800) return "ipv4";
  if (type == 0x86dd) return "ipv6";
  return type;
}

template <typename Range>
Json RangeValue(const Range& range) {
  if (range.first == range.last) return range.first;
  return fmt::format("{}-{}", range.first, range.last);
}

Json MacValue(const config::MacMatch& match) {
  const bool whole = std::all_of(match.mask.bytes.begin(), match.mask.bytes.end(), [](auto b) { return b == 0xff; });
  return whole ? match.address.ToString() : match.address.ToString() + "/" + match.mask.ToString();
}

Json TagsOf(const std::vector<config::Tag>& tags) {
  Json object = Json::object();
  for (const config::Tag& tag : tags) object[tag.key] = tag.value;
  return object;
}

Json MetadataOf(const config::Metadata& metadata) {
  Json object{{"name", metadata.name}};
  if (!metadata.description.empty()) object["description"] = metadata.description;
  if (!metadata.tags.empty()) object["tags"] = TagsOf(metadata.tags);
  if (!metadata.owner.empty()) object["owner"] = metadata.owner;
  return object;
}

Json RuleOf(const config::Rule& rule) {
  Json object{{"number", rule.number}, {"action", rule.action == config::Action::kAccept ? "accept" : "reject"}};
  if (rule.protocol) object["protocol"] = Protocol(*rule.protocol);
  if (rule.source) object["source"] = rule.source->ToString();
  if (rule.destination) object["destination"] = rule.destination->ToString();
  if (rule.source_ports) object["sourcePorts"] = RangeValue(*rule.source_ports);
  if (rule.destination_ports) object["destinationPorts"] = RangeValue(*rule.destination_ports);
  if (rule.icmp_type) object["icmpType"] = *rule.icmp_type;
  if (rule.icmp_code) object["icmpCode"] = *rule.icmp_code;
  if (rule.source_mac) object["sourceMac"] = MacValue(*rule.source_mac);
  if (rule.destination_mac) object["destinationMac"] = MacValue(*rule.destination_mac);
  if (!rule.vlan_ids.empty() || rule.untagged) {
    Json& ids = object["vlanIds"] = Json::array();
    for (const config::VlanRange& range : rule.vlan_ids) ids.push_back(RangeValue(range));
    if (rule.untagged) ids.push_back("untagged");
  }
  if (rule.ether_type) object["etherType"] = EtherType(*rule.ether_type);
  if (rule.dscp) object["dscp"] = *rule.dscp;
  if (rule.tcp_flags) object["tcpFlags"] = {{"value", rule.tcp_flags->value}, {"mask", rule.tcp_flags->mask}};
  if (rule.fragment) object["fragment"] = Word(*rule.fragment);
  if (!rule.description.empty()) object["description"] = rule.description;
  return object;
}

Json SpecOf(const config::Underlay& underlay) {
  Json spec{{"addresses", Json::array()}};
  for (const IpPrefix& address : underlay.addresses) spec["addresses"].push_back(address.ToString());
  for (const IpAddress& gateway : underlay.gateways) spec["gateways"].push_back(gateway.ToString());
  for (const config::Route& route : underlay.routes) {
    spec["routes"].push_back({{"destination", route.destination.ToString()}, {"gateway", route.gateway.ToString()}});
  }
  for (const config::Neighbour& neighbour : underlay.neighbours) {
    spec["neighbours"].push_back({{"address", neighbour.address.ToString()}, {"mac", neighbour.mac.ToString()}});
  }
  if (underlay.mtu != 0) spec["mtu"] = underlay.mtu;
  if (underlay.vlan_id) spec["vlanId"] = *underlay.vlan_id;
  return spec;
}

Json SpecOf(const config::Target& target) {
  static const config::Target kDefaults;
  Json spec = Json::object();
  if (!target.group) {
    spec["encapsulation"] = Word(target.encapsulation);
    if (target.remote.family != IpFamily::kNone) spec["remote"] = target.remote.ToString();
    if (!target.interface.empty()) spec["interface"] = target.interface;
    if (target.vlan_id) spec["vlanId"] = *target.vlan_id;
    if (target.mtu != 0) spec["mtu"] = target.mtu;
    if (target.dscp != kDefaults.dscp) spec["dscp"] = target.dscp;
    if (target.ttl != kDefaults.ttl) spec["ttl"] = target.ttl;
    if (target.udp_checksum) spec["udpChecksum"] = *target.udp_checksum;
    if (target.platform_subheader) spec["platformSubheader"] = true;
  }
  if (!target.shared_with.empty()) spec["sharedWith"] = target.shared_with;
  if (target.group) spec["members"] = target.members;
  return spec;
}

Json SpecOf(const config::Filter& filter) {
  Json spec = Json::object();
  for (const config::Service service : filter.services) spec["services"].push_back(Word(service));
  for (const config::Rule& rule : filter.inbound) spec["inbound"].push_back(RuleOf(rule));
  for (const config::Rule& rule : filter.outbound) spec["outbound"].push_back(RuleOf(rule));
  return spec;
}

Json SpecOf(const config::Config& config, const config::Session& session) {
  Json spec{
      {"number", session.number}, {"sources", session.sources}, {"filter", session.filter}, {"target", session.target}};
  if (session.tier != 0) spec["tier"] = session.tier;
  if (!session.enabled) spec["enabled"] = false;
  if (session.direction != config::DirectionSet::kAll) spec["direction"] = Word(session.direction);
  if (session.tunnel_id) {
    const config::Encapsulation tunnel = TunnelOf(config, session.target);
    const bool erspan = tunnel >= config::Encapsulation::kErspan1 && tunnel <= config::Encapsulation::kErspan3;
    spec[erspan ? "sessionId" : "vni"] = *session.tunnel_id;
  }
  if (session.packet_length != 0) spec["packetLength"] = session.packet_length;
  if (session.sample_hundredths % 100 != 0) {
    spec["percent"] = session.sample_hundredths / 100.0;  // prints with two decimals at most
  } else if (session.sample_hundredths != 10000) {
    spec["percent"] = session.sample_hundredths / 100;
  }
  if (session.sampling != config::SamplingMode::kPackets) spec["sampling"] = "flows";
  if (session.rate_limit) {
    Json& limit = spec["rateLimit"];
    if (session.rate_limit->packets_per_second != 0) limit["packetsPerSecond"] = session.rate_limit->packets_per_second;
    if (session.rate_limit->bits_per_second != 0) limit["bitsPerSecond"] = session.rate_limit->bits_per_second;
    if (session.rate_limit->burst != 0) limit["burst"] = session.rate_limit->burst;
  }
  if (session.forwarded_only) spec["forwardedOnly"] = true;
  return spec;
}

}  // namespace

config::Encapsulation TunnelOf(const config::Config& config, const std::string& target) {
  const config::Target* found = FindTarget(config, target);
  // A group has no groups in it.
  if (found != nullptr && found->group)
    found = FindTarget(config, found->members.empty() ? "" : found->members.front());
  return found == nullptr || found->group ? config::Encapsulation::kNone : found->encapsulation;
}

nlohmann::ordered_json ResourceDocument(const config::Config& config, config::Kind kind, std::size_t index) {
  Json document{{"apiVersion", "heliostat/v1"}, {"kind", WordsOf(kind).yaml}};
  switch (kind) {
    case config::Kind::kInterface: {
      const config::InterfaceSettings& settings = config.interfaces[index];
      document["metadata"] = MetadataOf({settings.name, {}, settings.tags, settings.owner});
      if (!settings.excluded.empty()) document["spec"]["excluded"] = settings.excluded;
      break;
    }
    case config::Kind::kUnderlay:
      document["metadata"] = {{"name", config.underlays[index].interface}};
      document["spec"] = SpecOf(config.underlays[index]);
      break;
    case config::Kind::kTarget:
      document["metadata"] = MetadataOf(config.targets[index].metadata);
      document["spec"] = SpecOf(config.targets[index]);
      break;
    case config::Kind::kFilter:
      document["metadata"] = MetadataOf(config.filters[index].metadata);
      document["spec"] = SpecOf(config.filters[index]);
      break;
    case config::Kind::kSession:
      document["metadata"] = MetadataOf(config.sessions[index].metadata);
      document["spec"] = SpecOf(config, config.sessions[index]);
      break;
  }
  return document;
}

std::size_t CountOf(const config::Config& config, config::Kind kind) {
  switch (kind) {
    case config::Kind::kInterface: return config.interfaces.size();
    case config::Kind::kUnderlay: return config.underlays.size();
    case config::Kind::kTarget: return config.targets.size();
    case config::Kind::kFilter: return config.filters.size();
    case config::Kind::kSession: break;
  }
  return config.sessions.size();
}

const std::string& NameOf(const config::Config& config, config::Kind kind, std::size_t index) {
  switch (kind) {
    case config::Kind::kInterface: return config.interfaces[index].name;
    case config::Kind::kUnderlay: return config.underlays[index].interface;
    case config::Kind::kTarget: return config.targets[index].metadata.name;
    case config::Kind::kFilter: return config.filters[index].metadata.name;
    case config::Kind::kSession: break;
  }
  return config.sessions[index].metadata.name;
}

std::string ConfigYaml(const config::Config& config) {
  std::string yaml;
  for (const KindWords& kind : AllKinds()) {
    for (std::size_t i = 0; i < CountOf(config, kind.config); ++i) {
      if (!yaml.empty()) yaml += "---\n";
      yaml += DocumentYaml(ResourceDocument(config, kind.config, i));
    }
  }
  return yaml;
}

}  // namespace heliostat::helioctl
