#include "underlay/next_hop.h"

#include <algorithm>
#include <utility>

namespace heliostat::underlay {
namespace {

using config::Interface;
using config::Underlay;

// The kinds are ordered from the worst to the best.
enum class PathKind : std::uint8_t { kGateway, kRoute, kOnLink };

struct Path {
  const Underlay* underlay = nullptr;
  IpAddress hop;
  std::pair<int, PathKind> rank{-1, PathKind::kGateway};  // length of the prefix first
};

// The highest rank wins, whichever underlay it is of; among equal ones the first found.
void Consider(Path& best, const Underlay& underlay, const IpAddress& remote) {
  const auto offer = [&](int length, PathKind kind, const IpAddress& hop) {
    const std::pair<int, PathKind> rank(length, kind);
    if (rank > best.rank) best = {&underlay, hop, rank};
  };
  for (const IpPrefix& on_link : underlay.addresses) {
    if (on_link.Contains(remote)) offer(on_link.length, PathKind::kOnLink, remote);
  }
  for (const config::Route& route : underlay.routes) {
    if (route.destination.Contains(remote)) offer(route.destination.length, PathKind::kRoute, route.gateway);
  }
  for (const IpAddress& gateway : underlay.gateways) {
    if (gateway.family == remote.family) offer(0, PathKind::kGateway, gateway);
  }
}

// Returns the tunnel address whose link the remote is on, else the first of its family.
IpAddress TunnelAddress(const Underlay& underlay, const IpAddress& remote) {
  const IpPrefix* best = nullptr;
  for (const IpPrefix& own : underlay.addresses) {
    if (own.address.family != remote.family) continue;
    if (best == nullptr || (own.Contains(remote) && !best->Contains(remote))) best = &own;
  }
  return best == nullptr ? IpAddress{} : best->address;
}

std::uint16_t LeastMtu(std::uint16_t target, std::uint16_t underlay, std::uint16_t interface) {
  std::uint16_t mtu = interface;
  if (underlay != 0) mtu = std::min(mtu, underlay);
  if (target != 0) mtu = std::min(mtu, target);
  return mtu;
}

NextHop Unrouted(std::string reason) {
  NextHop hop;
  hop.reason = std::move(reason);
  return hop;
}

}  // namespace

Resolver::Resolver(const config::Config& config, const std::vector<Interface>& interfaces)
    : config_(config), interfaces_(interfaces), guests_(interfaces) {
  for (std::size_t i = 0; i < interfaces.size(); ++i) by_name_.emplace(interfaces[i].name, i);
}

std::optional<std::size_t> Resolver::FindInterface(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

NextHop Resolver::ToLocalPort(std::size_t interface, const config::Target& target) const {
  NextHop hop;
  hop.resolved = hop.routed = true;
  hop.interface = interface;
  hop.destination_mac = interfaces_[interface].mac;
  hop.vlan_id = target.vlan_id;
  hop.mtu = LeastMtu(target.mtu, 0, interfaces_[interface].mtu);
  return hop;
}

NextHop Resolver::ToLocalGuest(std::size_t guest, const config::Target& target) const {
  NextHop hop = ToLocalPort(guest, target);
  for (const Underlay& underlay : config_.underlays) {
    if (hop.tunnel_source.family == IpFamily::kNone) hop.tunnel_source = TunnelAddress(underlay, target.remote);
  }
  return hop;
}

NextHop Resolver::Resolve(const config::Target& target) const {
  if (target.remote.family == IpFamily::kNone) {
    const auto interface = FindInterface(target.interface);
    if (!interface) return Unrouted("the card has no interface \"" + target.interface + "\"");
    return ToLocalPort(*interface, target);
  }
  if (target.interface.empty()) {
    const Interface* guest = guests_.Of(target);
    if (guest != nullptr) return ToLocalGuest(static_cast<std::size_t>(guest - interfaces_.data()), target);
  }
  Path path;
  for (const Underlay& underlay : config_.underlays) {
    if (target.interface.empty() || underlay.interface == target.interface) Consider(path, underlay, target.remote);
  }
  if (path.underlay == nullptr) return Unrouted("no route to " + target.remote.ToString());
  const auto egress = FindInterface(path.underlay->interface);
  if (!egress) return Unrouted("the card has no interface \"" + path.underlay->interface + "\"");
  NextHop hop;
  hop.interface = *egress;
  hop.routed = true;
  hop.tunnel_source = TunnelAddress(*path.underlay, target.remote);
  hop.vlan_id = target.vlan_id ? target.vlan_id : path.underlay->vlan_id;
  hop.mtu = LeastMtu(target.mtu, path.underlay->mtu, interfaces_[hop.interface].mtu);
  const auto& neighbours = path.underlay->neighbours;
  const auto neighbour = std::find_if(neighbours.begin(), neighbours.end(),
                                      [&](const config::Neighbour& n) { return n.address == path.hop; });
  if (neighbour == neighbours.end()) {
    hop.reason = "no neighbour " + path.hop.ToString() + " on \"" + path.underlay->interface + "\"";
    return hop;
  }
  hop.resolved = true;
  hop.destination_mac = neighbour->mac;
  return hop;
}

}  // namespace heliostat::underlay
