#include "codec/unit.h"

#include "codec/codec.h"
#include "codec/field.h"
#include "config/bounds.h"
#include "config/check.h"

namespace heliostat::codec {
namespace {

using config::Invalid;

// proto/mirror.options and config/bounds.h are two statements of one fact.
template <typename Array>
constexpr std::size_t kElements = sizeof(Array) / sizeof(std::declval<Array&>()[0]);
#define HELIOSTAT_TEXT_BOUND(message, field, bound) static_assert(sizeof(heliostat_v1_##message::field) == (bound) + 1)
#define HELIOSTAT_COUNT_BOUND(message, field, bound) \
  static_assert(kElements<decltype(heliostat_v1_##message::field)> == (bound))
HELIOSTAT_TEXT_BOUND(Metadata, name, config::kMaxNameBytes);
HELIOSTAT_TEXT_BOUND(Metadata, description, config::kMaxDescriptionBytes);
HELIOSTAT_TEXT_BOUND(Metadata, owner, config::kMaxNameBytes);
HELIOSTAT_COUNT_BOUND(Metadata, tags, config::kMaxTags);
HELIOSTAT_TEXT_BOUND(Tag, key, config::kMaxTagKeyBytes);
HELIOSTAT_TEXT_BOUND(Tag, value, config::kMaxTagValueBytes);
HELIOSTAT_TEXT_BOUND(Rule, description, config::kMaxRuleDescriptionBytes);
HELIOSTAT_COUNT_BOUND(Rule, vlan_ids, config::kMaxVlanRanges);
HELIOSTAT_TEXT_BOUND(InterfaceSettings, name, config::kMaxNameBytes);
HELIOSTAT_COUNT_BOUND(InterfaceSettings, tags, config::kMaxTags);
HELIOSTAT_TEXT_BOUND(InterfaceSettings, excluded, config::kMaxNameBytes);
HELIOSTAT_TEXT_BOUND(Underlay, interface, config::kMaxNameBytes);
HELIOSTAT_COUNT_BOUND(Underlay, addresses, config::kMaxUnderlayAddresses);
HELIOSTAT_COUNT_BOUND(Underlay, gateways, config::kMaxGateways);
HELIOSTAT_COUNT_BOUND(Underlay, routes, config::kMaxRoutes);
HELIOSTAT_COUNT_BOUND(Underlay, neighbours, config::kMaxNeighbours);
HELIOSTAT_COUNT_BOUND(Target, shared_with, config::kMaxSharedWith);
HELIOSTAT_COUNT_BOUND(Filter, services, config::kMaxServices);
HELIOSTAT_TEXT_BOUND(Session, filter, config::kMaxNameBytes);
HELIOSTAT_TEXT_BOUND(Session, target, config::kMaxNameBytes);
static_assert(heliostat_v1_Unit_size <= kMaxUnitBytes, "the largest Unit that the bounds allow must pass");

std::vector<config::Tag> Tags(const heliostat_v1_Tag* tags, std::size_t count) {
  std::vector<config::Tag> result;
  result.reserve(count);
  for (std::size_t i = 0; i < count; ++i) result.push_back({tags[i].key, tags[i].value});
  return result;
}

config::Metadata ReadMetadata(const heliostat_v1_Metadata& message) {
  return {.name = message.name,
          .description = message.description,
          .tags = Tags(message.tags, message.tags_count),
          .owner = message.owner};
}

Status ReadPrefix(std::string_view field, const heliostat_v1_Prefix& message, IpPrefix* out) {
  HELIOSTAT_RETURN_IF_ERROR(RequireAddress("address", SpanOf(message.address), &out->address).Within(field));
  return ReadNumber("length", message.length, out->address.Bits(), &out->length).Within(field);
}

Status ReadPrefix(std::string_view field, bool has, const heliostat_v1_Prefix& message, std::optional<IpPrefix>* out) {
  return has ? ReadPrefix(field, message, &out->emplace()) : Status{};
}

Status ReadPorts(std::string_view field, bool has, const heliostat_v1_Range& message,
                 std::optional<config::PortRange>* out) {
  if (!has) return {};
  config::PortRange& range = out->emplace();
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("first", message.first, 65535, &range.first).Within(field));
  return ReadNumber("last", message.last, 65535, &range.last).Within(field);
}

Status ReadMacMatch(std::string_view field, bool has, const heliostat_v1_MacMatch& message,
                    std::optional<config::MacMatch>* out) {
  if (!has) return {};
  config::MacMatch& match = out->emplace();
  match.mask.bytes.fill(0xff);
  HELIOSTAT_RETURN_IF_ERROR(ReadMac("address", SpanOf(message.address), &match.address).Within(field));
  if (message.mask.size == 0) return {};
  return ReadMac("mask", SpanOf(message.mask), &match.mask).Within(field);
}

Status ReadVlans(const heliostat_v1_Rule& message, std::vector<config::VlanRange>* out) {
  for (std::size_t i = 0; i < message.vlan_ids_count; ++i) {
    config::VlanRange range;
    HELIOSTAT_RETURN_IF_ERROR(ReadNumber("vlan_ids first", message.vlan_ids[i].first, 4095, &range.first));
    HELIOSTAT_RETURN_IF_ERROR(ReadNumber("vlan_ids last", message.vlan_ids[i].last, 4095, &range.last));
    out->push_back(range);
  }
  return {};
}

Status ReadTcpFlags(const heliostat_v1_Rule& message, std::optional<config::TcpFlagsMatch>* out) {
  if (!message.has_tcp_flags) return {};
  config::TcpFlagsMatch& flags = out->emplace();
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("tcp_flags value", message.tcp_flags.value, 255, &flags.value));
  return ReadNumber("tcp_flags mask", message.tcp_flags.mask, 255, &flags.mask);
}

Status ReadRoute(const heliostat_v1_Route& message, config::Route* out) {
  if (!message.has_destination) return Missing("destination", "give a network");
  HELIOSTAT_RETURN_IF_ERROR(ReadPrefix("destination", message.destination, &out->destination));
  return RequireAddress("gateway", SpanOf(message.gateway), &out->gateway);
}

Status ReadNeighbour(const heliostat_v1_Neighbour& message, config::Neighbour* out) {
  HELIOSTAT_RETURN_IF_ERROR(RequireAddress("address", SpanOf(message.address), &out->address));
  return ReadMac("mac", SpanOf(message.mac), &out->mac);
}

std::string Element(std::string_view field, std::size_t i) {
  return std::string(field) + "[" + std::to_string(i) + "]";
}

// The encapsulation of a target of this shape that names none.
config::Encapsulation DefaultEncapsulation(const config::Target& target) {
  if (target.remote.family != IpFamily::kNone) {
    return target.interface.empty() ? config::Encapsulation::kVxlan : config::Encapsulation::kErspan2;
  }
  if (target.interface.empty()) return config::Encapsulation::kVxlan;
  return target.vlan_id ? config::Encapsulation::kVlan : config::Encapsulation::kNone;
}

}  // namespace

Status ReadInterface(const heliostat_v1_InterfaceSettings& message, config::InterfaceSettings* out) {
  *out = {.name = message.name,
          .owner = message.owner,
          .tags = Tags(message.tags, message.tags_count),
          .excluded = message.excluded};
  return {};
}

Status ReadUnderlay(const heliostat_v1_Underlay& message, config::Underlay* out) {
  out->interface = message.interface;
  for (std::size_t i = 0; i < message.addresses_count; ++i) {
    HELIOSTAT_RETURN_IF_ERROR(
        ReadPrefix(Element("addresses", i), message.addresses[i], &out->addresses.emplace_back()));
  }
  for (std::size_t i = 0; i < message.gateways_count; ++i) {
    HELIOSTAT_RETURN_IF_ERROR(
        RequireAddress(Element("gateways", i), SpanOf(message.gateways[i]), &out->gateways.emplace_back()));
  }
  for (std::size_t i = 0; i < message.routes_count; ++i) {
    HELIOSTAT_RETURN_IF_ERROR(ReadRoute(message.routes[i], &out->routes.emplace_back()).Within(Element("routes", i)));
  }
  for (std::size_t i = 0; i < message.neighbours_count; ++i) {
    HELIOSTAT_RETURN_IF_ERROR(
        ReadNeighbour(message.neighbours[i], &out->neighbours.emplace_back()).Within(Element("neighbours", i)));
  }
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("mtu", message.mtu, 65535, &out->mtu));
  if (!message.has_vlan_id) return {};
  return ReadNumber("vlan_id", message.vlan_id, 4094, &out->vlan_id.emplace());
}

Status ReadTarget(const heliostat_v1_Target& message, config::Target* out) {
  out->metadata = ReadMetadata(message.metadata);
  for (std::size_t i = 0; i < message.shared_with_count; ++i) out->shared_with.emplace_back(message.shared_with[i]);
  HELIOSTAT_RETURN_IF_ERROR(ReadAddress("remote", SpanOf(message.remote), &out->remote));
  out->interface = message.interface;
  if (message.has_vlan_id) {
    HELIOSTAT_RETURN_IF_ERROR(ReadNumber("vlan_id", message.vlan_id, 4094, &out->vlan_id.emplace()));
  }
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("mtu", message.mtu, 65535, &out->mtu));
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("dscp", message.dscp, 63, &out->dscp));
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("ttl", message.ttl == 0 ? 64 : message.ttl, 255, &out->ttl));
  if (message.has_udp_checksum) out->udp_checksum = message.udp_checksum;
  out->platform_subheader = message.platform_subheader;
  out->group = message.group;
  if (message.encapsulation != heliostat_v1_Encapsulation_ENCAPSULATION_UNSPECIFIED) {
    if (out->group) return Invalid("encapsulation", "a group has that of its members", "leave it out");
    out->encapsulation = static_cast<config::Encapsulation>(message.encapsulation);
  } else if (!out->group) {
    out->encapsulation = DefaultEncapsulation(*out);
  }
  return {};
}

Status ReadFilter(const heliostat_v1_Filter& message, config::Filter* out) {
  out->metadata = ReadMetadata(message.metadata);
  for (std::size_t i = 0; i < message.services_count; ++i) {
    if (message.services[i] == heliostat_v1_Service_SERVICE_UNSPECIFIED) {
      return Invalid("services", "one is unspecified", "name dns, dhcp, ntp, arp, metadata or activation");
    }
    out->services.push_back(static_cast<config::Service>(message.services[i]));
  }
  return {};
}

Status ReadRule(const heliostat_v1_Rule& message, config::Rule* out) {
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("number", message.number, 65535, &out->number));
  if (message.action == heliostat_v1_Action_ACTION_UNSPECIFIED) return Missing("action", "say accept or reject");
  out->action = static_cast<config::Action>(message.action);
  HELIOSTAT_RETURN_IF_ERROR(ReadOptional("protocol", message.has_protocol, message.protocol, &out->protocol));
  HELIOSTAT_RETURN_IF_ERROR(ReadPrefix("source", message.has_source, message.source, &out->source));
  HELIOSTAT_RETURN_IF_ERROR(ReadPrefix("destination", message.has_destination, message.destination, &out->destination));
  HELIOSTAT_RETURN_IF_ERROR(
      ReadPorts("source_ports", message.has_source_ports, message.source_ports, &out->source_ports));
  HELIOSTAT_RETURN_IF_ERROR(ReadPorts("destination_ports", message.has_destination_ports, message.destination_ports,
                                      &out->destination_ports));
  HELIOSTAT_RETURN_IF_ERROR(ReadOptional("icmp_type", message.has_icmp_type, message.icmp_type, &out->icmp_type));
  HELIOSTAT_RETURN_IF_ERROR(ReadOptional("icmp_code", message.has_icmp_code, message.icmp_code, &out->icmp_code));
  HELIOSTAT_RETURN_IF_ERROR(ReadMacMatch("source_mac", message.has_source_mac, message.source_mac, &out->source_mac));
  HELIOSTAT_RETURN_IF_ERROR(
      ReadMacMatch("destination_mac", message.has_destination_mac, message.destination_mac, &out->destination_mac));
  HELIOSTAT_RETURN_IF_ERROR(ReadVlans(message, &out->vlan_ids));
  out->untagged = message.untagged;
  HELIOSTAT_RETURN_IF_ERROR(ReadOptional("ether_type", message.has_ether_type, message.ether_type, &out->ether_type));
  if (message.has_dscp) HELIOSTAT_RETURN_IF_ERROR(ReadNumber("dscp", message.dscp, 63, &out->dscp.emplace()));
  HELIOSTAT_RETURN_IF_ERROR(ReadTcpFlags(message, &out->tcp_flags));
  if (message.fragment != heliostat_v1_Fragment_FRAGMENT_UNSPECIFIED) {
    out->fragment = static_cast<config::Fragment>(message.fragment);
  }
  out->description = message.description;
  return {};
}

Status ReadSession(const heliostat_v1_Session& message, config::Session* out) {
  out->metadata = ReadMetadata(message.metadata);
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("number", message.number, 32766, &out->number));
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("tier", message.tier, config::kTiers - 1, &out->tier));
  out->enabled = !message.disabled;
  out->filter = message.filter;
  out->target = message.target;
  if (message.direction != heliostat_v1_Direction_DIRECTION_UNSPECIFIED) {
    out->direction = static_cast<config::DirectionSet>(message.direction);
  }
  if (message.has_tunnel_id) out->tunnel_id = message.tunnel_id;
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("packet_length", message.packet_length, 65535, &out->packet_length));
  if (message.has_sample_hundredths) {
    HELIOSTAT_RETURN_IF_ERROR(
        ReadNumber("sample_hundredths", message.sample_hundredths, 10'000, &out->sample_hundredths));
  }
  if (message.sampling != heliostat_v1_SamplingMode_SAMPLING_MODE_UNSPECIFIED) {
    out->sampling = static_cast<config::SamplingMode>(message.sampling);
  }
  if (message.has_rate_limit) {
    out->rate_limit = config::RateLimit{.packets_per_second = message.rate_limit.packets_per_second,
                                        .bits_per_second = message.rate_limit.bits_per_second,
                                        .burst = message.rate_limit.burst};
  }
  out->forwarded_only = message.forwarded_only;
  return {};
}

}  // namespace heliostat::codec
