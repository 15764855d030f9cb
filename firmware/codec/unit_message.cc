#include "codec/unit_message.h"

#include <algorithm>
#include <span>
#include <vector>

#include "config/bounds.h"

namespace heliostat::codec {
namespace {

// Writes a vector into an array of the contract, whose count is nanopb's own field beside it.
template <typename Element, typename Message, std::size_t kMost, typename Write>
Status WriteList(std::string_view field, const std::vector<Element>& list, Message (&out)[kMost], pb_size_t* count,
                 Write write) {
  if (list.size() > kMost) return PastBound(field);
  for (std::size_t i = 0; i < list.size(); ++i) HELIOSTAT_RETURN_IF_ERROR(write(list[i], &out[i]));
  *count = static_cast<pb_size_t>(list.size());
  return {};
}

template <typename Array>
void WriteBytes(std::span<const std::uint8_t> bytes, Array* out) {
  static_assert(sizeof(out->bytes) == 6 || sizeof(out->bytes) == 16);
  std::copy(bytes.begin(), bytes.end(), out->bytes);
  out->size = static_cast<pb_size_t>(bytes.size());
}

// Writes nothing for family kNone.
template <typename Array>
void WriteAddress(const IpAddress& address, Array* out) {
  WriteBytes(std::span(address.bytes).first(address.family == IpFamily::kNone ? 0 : address.Bits() / 8), out);
}

template <typename Array>
void WriteMac(const MacAddress& mac, Array* out) {
  WriteBytes(mac.bytes, out);
}

void WritePrefix(const IpPrefix& prefix, heliostat_v1_Prefix* out) {
  WriteAddress(prefix.address, &out->address);
  out->length = prefix.length;
}

Status WriteTag(const config::Tag& tag, heliostat_v1_Tag* out) {
  HELIOSTAT_RETURN_IF_ERROR(CopyText("tag key", tag.key, out->key));
  return CopyText("tag value", tag.value, out->value);
}

Status WriteMetadata(const config::Metadata& metadata, heliostat_v1_Metadata* out) {
  HELIOSTAT_RETURN_IF_ERROR(CopyText("name", metadata.name, out->name));
  HELIOSTAT_RETURN_IF_ERROR(CopyText("description", metadata.description, out->description));
  HELIOSTAT_RETURN_IF_ERROR(CopyText("owner", metadata.owner, out->owner));
  return WriteList("tags", metadata.tags, out->tags, &out->tags_count, WriteTag);
}

template <typename Value, typename Number>
void WriteOptional(const std::optional<Value>& value, bool* has, Number* out) {
  *has = value.has_value();
  if (value) *out = static_cast<Number>(*value);
}

void WritePorts(const std::optional<config::PortRange>& range, bool* has, heliostat_v1_Range* out) {
  *has = range.has_value();
  if (range) *out = {range->first, range->last};
}

void WritePrefix(const std::optional<IpPrefix>& prefix, bool* has, heliostat_v1_Prefix* out) {
  *has = prefix.has_value();
  if (prefix) WritePrefix(*prefix, out);
}

void WriteMacMatch(const std::optional<config::MacMatch>& match, bool* has, heliostat_v1_MacMatch* out) {
  *has = match.has_value();
  if (!match) return;
  WriteMac(match->address, &out->address);
  WriteMac(match->mask, &out->mask);
}

Status WriteName(const std::string& name, char (*out)[config::kMaxNameBytes + 1]) {
  return CopyText("name", name, *out);
}

}  // namespace

Status PastBound(std::string_view field) {
  return {Code::kInternal, std::string(field), "it is past the contract's bound", {}};
}

Status WriteInterface(const config::InterfaceSettings& settings, heliostat_v1_InterfaceSettings* out) {
  *out = {};
  HELIOSTAT_RETURN_IF_ERROR(CopyText("name", settings.name, out->name));
  HELIOSTAT_RETURN_IF_ERROR(CopyText("owner", settings.owner, out->owner));
  HELIOSTAT_RETURN_IF_ERROR(CopyText("excluded", settings.excluded, out->excluded));
  return WriteList("tags", settings.tags, out->tags, &out->tags_count, WriteTag);
}

Status WriteUnderlay(const config::Underlay& underlay, heliostat_v1_Underlay* out) {
  *out = {};
  HELIOSTAT_RETURN_IF_ERROR(CopyText("interface", underlay.interface, out->interface));
  HELIOSTAT_RETURN_IF_ERROR(WriteList("addresses", underlay.addresses, out->addresses, &out->addresses_count,
                                      [](const IpPrefix& prefix, heliostat_v1_Prefix* message) {
                                        WritePrefix(prefix, message);
                                        return OkStatus();
                                      }));
  HELIOSTAT_RETURN_IF_ERROR(WriteList("gateways", underlay.gateways, out->gateways, &out->gateways_count,
                                      [](const IpAddress& gateway, auto* message) {
                                        WriteAddress(gateway, message);
                                        return OkStatus();
                                      }));
  HELIOSTAT_RETURN_IF_ERROR(WriteList("routes", underlay.routes, out->routes, &out->routes_count,
                                      [](const config::Route& route, heliostat_v1_Route* message) {
                                        message->has_destination = true;
                                        WritePrefix(route.destination, &message->destination);
                                        WriteAddress(route.gateway, &message->gateway);
                                        return OkStatus();
                                      }));
  HELIOSTAT_RETURN_IF_ERROR(WriteList("neighbours", underlay.neighbours, out->neighbours, &out->neighbours_count,
                                      [](const config::Neighbour& neighbour, heliostat_v1_Neighbour* message) {
                                        WriteAddress(neighbour.address, &message->address);
                                        WriteMac(neighbour.mac, &message->mac);
                                        return OkStatus();
                                      }));
  out->mtu = underlay.mtu;
  WriteOptional(underlay.vlan_id, &out->has_vlan_id, &out->vlan_id);
  return {};
}

Status WriteTarget(const config::Target& target, heliostat_v1_Target* out) {
  *out = {};
  out->has_metadata = true;
  HELIOSTAT_RETURN_IF_ERROR(WriteMetadata(target.metadata, &out->metadata));
  HELIOSTAT_RETURN_IF_ERROR(
      WriteList("shared_with", target.shared_with, out->shared_with, &out->shared_with_count, WriteName));
  // A group names none: it has that of its members.
  if (!target.group) out->encapsulation = static_cast<heliostat_v1_Encapsulation>(target.encapsulation);
  WriteAddress(target.remote, &out->remote);
  HELIOSTAT_RETURN_IF_ERROR(CopyText("interface", target.interface, out->interface));
  WriteOptional(target.vlan_id, &out->has_vlan_id, &out->vlan_id);
  out->mtu = target.mtu;
  out->dscp = target.dscp;
  out->ttl = target.ttl;
  WriteOptional(target.udp_checksum, &out->has_udp_checksum, &out->udp_checksum);
  out->platform_subheader = target.platform_subheader;
  out->group = target.group;
  return {};
}

Status WriteFilter(const config::Filter& filter, heliostat_v1_Filter* out) {
  *out = {};
  out->has_metadata = true;
  HELIOSTAT_RETURN_IF_ERROR(WriteMetadata(filter.metadata, &out->metadata));
  return WriteList("services", filter.services, out->services, &out->services_count,
                   [](config::Service service, heliostat_v1_Service* message) {
                     *message = static_cast<heliostat_v1_Service>(service);
                     return OkStatus();
                   });
}

Status WriteRule(const config::Rule& rule, heliostat_v1_Rule* out) {
  *out = {};
  out->number = rule.number;
  out->action = static_cast<heliostat_v1_Action>(rule.action);
  WriteOptional(rule.protocol, &out->has_protocol, &out->protocol);
  WritePrefix(rule.source, &out->has_source, &out->source);
  WritePrefix(rule.destination, &out->has_destination, &out->destination);
  WritePorts(rule.source_ports, &out->has_source_ports, &out->source_ports);
  WritePorts(rule.destination_ports, &out->has_destination_ports, &out->destination_ports);
  WriteOptional(rule.icmp_type, &out->has_icmp_type, &out->icmp_type);
  WriteOptional(rule.icmp_code, &out->has_icmp_code, &out->icmp_code);
  WriteMacMatch(rule.source_mac, &out->has_source_mac, &out->source_mac);
  WriteMacMatch(rule.destination_mac, &out->has_destination_mac, &out->destination_mac);
  HELIOSTAT_RETURN_IF_ERROR(WriteList("vlan_ids", rule.vlan_ids, out->vlan_ids, &out->vlan_ids_count,
                                      [](const config::VlanRange& range, heliostat_v1_Range* message) {
                                        *message = {range.first, range.last};
                                        return OkStatus();
                                      }));
  out->untagged = rule.untagged;
  WriteOptional(rule.ether_type, &out->has_ether_type, &out->ether_type);
  WriteOptional(rule.dscp, &out->has_dscp, &out->dscp);
  out->has_tcp_flags = rule.tcp_flags.has_value();
  if (rule.tcp_flags) out->tcp_flags = {rule.tcp_flags->value, rule.tcp_flags->mask};
  if (rule.fragment) out->fragment = static_cast<heliostat_v1_Fragment>(*rule.fragment);
  return CopyText("description", rule.description, out->description);
}

Status WriteSession(const config::Session& session, heliostat_v1_Session* out) {
  *out = {};
  out->has_metadata = true;
  HELIOSTAT_RETURN_IF_ERROR(WriteMetadata(session.metadata, &out->metadata));
  out->number = session.number;
  out->tier = session.tier;
  out->disabled = !session.enabled;
  HELIOSTAT_RETURN_IF_ERROR(CopyText("filter", session.filter, out->filter));
  HELIOSTAT_RETURN_IF_ERROR(CopyText("target", session.target, out->target));
  out->direction = static_cast<heliostat_v1_Direction>(session.direction);
  WriteOptional(session.tunnel_id, &out->has_tunnel_id, &out->tunnel_id);
  out->packet_length = session.packet_length;
  out->has_sample_hundredths = session.sample_hundredths != 10'000;
  out->sample_hundredths = session.sample_hundredths;
  out->sampling = static_cast<heliostat_v1_SamplingMode>(session.sampling);
  out->has_rate_limit = session.rate_limit.has_value();
  if (session.rate_limit) {
    out->rate_limit = {session.rate_limit->packets_per_second, session.rate_limit->bits_per_second,
                       session.rate_limit->burst};
  }
  out->forwarded_only = session.forwarded_only;
  return {};
}

}  // namespace heliostat::codec
