#include "helioctl/yaml/target_yaml.h"

#include <set>

#include "config/bounds.h"
#include "helioctl/yaml/filter_yaml.h"

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kMostMembers = 65'536;
constexpr std::uint64_t kLargestVlanId = 4094;  // 0 and 4095 are reserved (IEEE 802.1Q)

constexpr std::array<Choice, 7> kEncapsulations{{{"vxlan", v1::VXLAN},
                                                 {"erspan1", v1::ERSPAN1},
                                                 {"erspan2", v1::ERSPAN2},
                                                 {"erspan3", v1::ERSPAN3},
                                                 {"geneve", v1::GENEVE},
                                                 {"vlan", v1::VLAN},
                                                 {"none", v1::NONE}}};

void SetPrefix(const IpPrefix& from, v1::Prefix& to) {
  to.set_address(AddressBytes(from.address));
  to.set_length(from.length);
}

void ReadRoute(const Value& item, v1::Underlay& underlay) {
  static constexpr std::array<std::string_view, 2> kFields{"destination", "gateway"};
  const Mapping mapping(item, kFields);
  const auto destination = mapping.Require("destination", "give a prefix such as 10.50.0.0/16");
  const auto gateway = mapping.Require("gateway", "give the next hop's address");
  v1::Route* route = underlay.add_routes();
  if (destination) {
    if (const auto prefix = destination->Prefix(HostBits::kForbidden))
      SetPrefix(*prefix, *route->mutable_destination());
  }
  if (gateway) {
    if (const auto address = gateway->Address()) route->set_gateway(AddressBytes(*address));
  }
}

void ReadNeighbour(const Value& item, v1::Underlay& underlay) {
  static constexpr std::array<std::string_view, 2> kFields{"address", "mac"};
  const Mapping mapping(item, kFields);
  const auto address_value = mapping.Require("address", "give the neighbour's IP address");
  const auto mac_value = mapping.Require("mac", "give the neighbour's MAC address");
  v1::Neighbour* neighbour = underlay.add_neighbours();
  if (address_value) {
    if (const auto address = address_value->Address()) neighbour->set_address(AddressBytes(*address));
  }
  if (mac_value) {
    if (const auto mac = mac_value->Mac()) neighbour->set_mac(MacBytes(*mac));
  }
}

std::optional<std::uint32_t> Number(const Mapping& spec, std::string_view field, std::uint64_t min, std::uint64_t max) {
  const auto value = spec.Find(field);
  const auto number = value ? value->Integer(min, max) : std::nullopt;
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

std::optional<bool> Truth(const Mapping& spec, std::string_view field) {
  const auto value = spec.Find(field);
  return value ? value->Boolean() : std::nullopt;
}

void ReadMembers(const Mapping& spec, const Value& list, const std::string& target, std::vector<v1::Unit>& units) {
  for (const std::string_view field : kTargetFields) {
    if (field == "members" || field == "sharedWith") continue;
    spec.ReportField(field, "a group has members and sharedWith, nothing else", "set it on the members");
  }
  if (list.node().IsSequence() && list.node().size() == 0) list.Report("is empty", "name at least one target");
  v1::MemberChunk* chunk = nullptr;
  std::uint32_t index = 0;
  std::set<std::string> seen;
  for (const Value& item : list.List(kMostMembers)) {
    const auto name = item.Name();
    if (!name) continue;
    if (!seen.insert(*name).second) {
      item.Report(*name + " is given twice", "keep one of them");
      continue;
    }
    if (chunk == nullptr || chunk->members_size() == kItemsPerChunk) {
      chunk = units.emplace_back().mutable_members();
      chunk->set_target(target);
      chunk->set_index(index++);
    }
    chunk->add_members(*name);
  }
}

}  // namespace

void ReadUnderlay(const Mapping& spec, const std::string& interface, std::vector<v1::Unit>& units) {
  v1::Underlay& underlay = *units.emplace_back().mutable_underlay();
  underlay.set_interface(interface);
  if (const auto list = spec.Require("addresses", "give at least one tunnel address such as 10.9.0.1/24")) {
    for (const Value& item : list->List(config::kMaxUnderlayAddresses)) {
      if (const auto prefix = item.Prefix(HostBits::kAllowed)) SetPrefix(*prefix, *underlay.add_addresses());
    }
  }
  if (const auto list = spec.Find("gateways")) {
    for (const Value& item : list->List(config::kMaxGateways)) {
      if (const auto address = item.Address()) underlay.add_gateways(AddressBytes(*address));
    }
  }
  if (const auto list = spec.Find("routes")) {
    for (const Value& item : list->List(config::kMaxRoutes)) ReadRoute(item, underlay);
  }
  if (const auto list = spec.Find("neighbours")) {
    for (const Value& item : list->List(config::kMaxNeighbours)) ReadNeighbour(item, underlay);
  }
  if (const auto mtu = Number(spec, "mtu", 1, 65535)) underlay.set_mtu(*mtu);
  if (const auto vlan_id = Number(spec, "vlanId", 1, kLargestVlanId)) underlay.set_vlan_id(*vlan_id);
}

void ReadTarget(const Mapping& spec, const v1::Metadata& metadata, std::vector<v1::Unit>& units) {
  const auto members = spec.Find("members");
  v1::Target target;
  *target.mutable_metadata() = metadata;
  target.set_group(members.has_value());
  if (const auto list = spec.Find("sharedWith")) {
    for (const Value& item : list->List(config::kMaxSharedWith)) {
      if (const auto owner = item.Text(config::kMaxNameBytes)) target.add_shared_with(*owner);
    }
  }
  if (members) {
    *units.emplace_back().mutable_target() = target;
    ReadMembers(spec, *members, metadata.name(), units);
    return;
  }
  if (const auto value = spec.Find("encapsulation")) {
    target.set_encapsulation(static_cast<v1::Encapsulation>(value->OneOf(kEncapsulations).value_or(0)));
  }
  if (const auto value = spec.Find("remote")) {
    if (const auto address = value->Address()) target.set_remote(AddressBytes(*address));
  }
  if (const auto value = spec.Find("interface")) target.set_interface(value->Name().value_or(""));
  if (spec.value().node().IsMap() && !spec.Has("remote") && !spec.Has("interface")) {
    spec.value().Report("has nowhere to send copies", "give remote, interface, both, or members");
  }
  if (const auto vlan_id = Number(spec, "vlanId", 1, kLargestVlanId)) target.set_vlan_id(*vlan_id);
  if (const auto mtu = Number(spec, "mtu", 1, 65535)) target.set_mtu(*mtu);
  if (const auto dscp = Number(spec, "dscp", 0, 63)) target.set_dscp(*dscp);
  if (const auto ttl = Number(spec, "ttl", 1, 255)) target.set_ttl(*ttl);
  if (const auto on = Truth(spec, "udpChecksum")) target.set_udp_checksum(*on);
  if (const auto on = Truth(spec, "platformSubheader")) target.set_platform_subheader(*on);
  *units.emplace_back().mutable_target() = target;
}

}  // namespace heliostat::helioctl
