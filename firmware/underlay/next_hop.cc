#include "underlay/next_hop.h"

#include <algorithm>

namespace heliostat::underlay {
namespace {

using config::Interface;
using config::Underlay;

constexpr std::size_t kNone = ~std::size_t{0};

std::size_t FindInterface(std::span<const Interface> interfaces, const std::string& name) {
  const auto found =
      std::find_if(interfaces.begin(), interfaces.end(), [&](const Interface& i) { return i.name == name; });
  return found == interfaces.end() ? kNone : static_cast<std::size_t>(found - interfaces.begin());
}

std::size_t FindLocalGuest(std::span<const Interface> interfaces, const IpAddress& remote) {
  const auto is_remote = [&](const Interface& i) {
    return i.kind != config::InterfaceKind::kEdge && (i.primary_ipv4 == remote || i.primary_ipv6 == remote);
  };
  const auto found = std::find_if(interfaces.begin(), interfaces.end(), is_remote);
  return found == interfaces.end() ? kNone : static_cast<std::size_t>(found - interfaces.begin());
}

struct Path {
  const Underlay* underlay = nullptr;
  IpAddress hop;
  int length = -1;
};

// A longer prefix wins; among equal ones on-link, then the first found.
void Consider(Path& best, const Underlay& underlay, const IpAddress& remote) {
  const auto offer = [&](int length, const IpAddress& hop) {
    if (length > best.length) best = {&underlay, hop, length};
  };
  for (const IpPrefix& on_link : underlay.addresses) {
    if (on_link.Contains(remote)) offer(on_link.length, remote);
  }
  for (const config::Route& route : underlay.routes) {
    if (route.destination.Contains(remote)) offer(route.destination.length, route.gateway);
  }
  for (const IpAddress& gateway : underlay.gateways) {
    if (gateway.family == remote.family) offer(0, gateway);
  }
}

// The one whose link the remote is on, else the first of its family.
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

NextHop ToLocalPort(std::span<const Interface> interfaces, std::size_t interface, const config::Target& target) {
  NextHop hop;
  hop.resolved = hop.routed = true;
  hop.interface = interface;
  hop.destination_mac = interfaces[interface].mac;
  hop.vlan_id = target.vlan_id;
  hop.mtu = LeastMtu(target.mtu, 0, interfaces[interface].mtu);
  return hop;
}

NextHop Unrouted(std::string reason) {
  NextHop hop;
  hop.reason = std::move(reason);
  return hop;
}

NextHop ToLocalGuest(const config::Config& config, std::span<const Interface> interfaces, std::size_t guest,
                     const config::Target& target) {
  NextHop hop = ToLocalPort(interfaces, guest, target);
  for (const Underlay& underlay : config.underlays) {
    if (hop.tunnel_source.family == IpFamily::kNone) hop.tunnel_source = TunnelAddress(underlay, target.remote);
  }
  return hop;
}

}  // namespace

NextHop Resolve(const config::Config& config, std::span<const Interface> interfaces, const config::Target& target) {
  if (target.remote.family == IpFamily::kNone) {
    const std::size_t interface = FindInterface(interfaces, target.interface);
    if (interface == kNone) return Unrouted("the card has no interface \"" + target.interface + "\"");
    return ToLocalPort(interfaces, interface, target);
  }
  if (target.interface.empty()) {
    const std::size_t guest = FindLocalGuest(interfaces, target.remote);
    if (guest != kNone) return ToLocalGuest(config, interfaces, guest, target);
  }
  Path path;
  for (const Underlay& underlay : config.underlays) {
    if (target.interface.empty() || underlay.interface == target.interface) Consider(path, underlay, target.remote);
  }
  if (path.underlay == nullptr) return Unrouted("no route to " + target.remote.ToString());
  NextHop hop;
  hop.interface = FindInterface(interfaces, path.underlay->interface);
  if (hop.interface == kNone) return Unrouted("the card has no interface \"" + path.underlay->interface + "\"");
  hop.routed = true;
  hop.tunnel_source = TunnelAddress(*path.underlay, target.remote);
  hop.vlan_id = target.vlan_id ? target.vlan_id : path.underlay->vlan_id;
  hop.mtu = LeastMtu(target.mtu, path.underlay->mtu, interfaces[hop.interface].mtu);
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
