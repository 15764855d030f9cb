#include <map>
#include <set>

#include "config/bounds.h"
#include "config/check.h"
#include "config/validate_parts.h"

namespace heliostat::config {
namespace {

bool IsLinkLocal(const IpAddress& address) {
  return address.family == IpFamily::kIpv6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

// RFC 4861: a router's address is link-local as a rule, and that is on every link.
bool IsOnLink(const Underlay& underlay, const IpAddress& address) {
  if (IsLinkLocal(address)) return true;
  for (const IpPrefix& prefix : underlay.addresses) {
    if (prefix.Contains(address)) return true;
  }
  return false;
}

Status CheckNeighbourAddress(const std::string& subject, const Underlay& underlay, const IpAddress& address) {
  HELIOSTAT_RETURN_IF_ERROR(CheckHostAddress(subject, address));
  for (const IpPrefix& own : underlay.addresses) {
    if (own.address == address) {
      return Invalid(subject, address.ToString() + " is the tunnel address itself", "name another host");
    }
  }
  if (IsOnLink(underlay, address)) return {};
  return Invalid(subject, address.ToString() + " is not on the link of any tunnel address",
                 "use an address within the prefix of one of `addresses`");
}

Status CheckAddresses(const Underlay& underlay) {
  if (underlay.addresses.size() > kMaxUnderlayAddresses) {
    return Invalid("addresses", "there are " + std::to_string(underlay.addresses.size()),
                   "use at most " + std::to_string(kMaxUnderlayAddresses));
  }
  for (const IpPrefix& prefix : underlay.addresses) {
    HELIOSTAT_RETURN_IF_ERROR(CheckHostAddress("addresses", prefix.address));
    HELIOSTAT_RETURN_IF_ERROR(CheckPrefixLength("addresses", prefix));
    if (prefix.length == 0) {
      return Invalid("addresses", prefix.ToString() + " says that every host is on the link",
                     "give the prefix length of the link");
    }
  }
  return {};
}

Status CheckGateways(const Underlay& underlay) {
  std::set<IpFamily> families;
  for (const IpAddress& gateway : underlay.gateways) {
    HELIOSTAT_RETURN_IF_ERROR(CheckNeighbourAddress("gateways", underlay, gateway));
    if (families.insert(gateway.family).second) continue;
    return {Code::kAlreadyExists, "gateways", "there are two of one family", "give at most one a family"};
  }
  return {};
}

Status CheckRoutes(const Underlay& underlay) {
  if (underlay.routes.size() > kMaxRoutes) {
    return Invalid("routes", "there are " + std::to_string(underlay.routes.size()),
                   "use at most " + std::to_string(kMaxRoutes));
  }
  std::set<IpPrefix> destinations;
  for (const Route& route : underlay.routes) {
    HELIOSTAT_RETURN_IF_ERROR(CheckNetwork("routes destination", route.destination));
    const std::string subject = "routes " + route.destination.ToString();
    HELIOSTAT_RETURN_IF_ERROR(CheckNeighbourAddress(subject + " gateway", underlay, route.gateway));
    if (route.gateway.family != route.destination.address.family) {
      return Invalid(subject + " gateway", route.gateway.ToString() + " is of another family than the destination",
                     "use one family in a route");
    }
    if (!destinations.insert(route.destination).second) {
      return {Code::kAlreadyExists, subject, "the destination is there twice", "give one gateway a destination"};
    }
  }
  return {};
}

Status CheckNeighbours(const Underlay& underlay) {
  if (underlay.neighbours.size() > kMaxNeighbours) {
    return Invalid("neighbours", "there are " + std::to_string(underlay.neighbours.size()),
                   "use at most " + std::to_string(kMaxNeighbours));
  }
  std::set<IpAddress> addresses;
  for (const Neighbour& neighbour : underlay.neighbours) {
    const std::string subject = "neighbours " + neighbour.address.ToString();
    HELIOSTAT_RETURN_IF_ERROR(CheckNeighbourAddress(subject, underlay, neighbour.address));
    if (neighbour.mac.IsMulticast() || neighbour.mac.IsZero()) {
      return Invalid(subject + " mac", neighbour.mac.ToString() + " is not the address of one host",
                     "give a unicast MAC address");
    }
    if (!addresses.insert(neighbour.address).second) {
      return {Code::kAlreadyExists, subject, "the address is there twice", "give one MAC an address"};
    }
  }
  return {};
}

Status CheckInterface(const Underlay& underlay, const Index& index) {
  HELIOSTAT_RETURN_IF_ERROR(CheckName("interface", underlay.interface));
  HELIOSTAT_RETURN_IF_ERROR(CheckMtu("mtu", underlay.mtu));
  HELIOSTAT_RETURN_IF_ERROR(CheckOuterVlan("vlan_id", underlay.vlan_id));
  if (!index.interfaces_known) return {};
  const Interface* interface = index.FindInterface(underlay.interface);
  if (interface == nullptr) {
    return {Code::kNotFound, "interface", "the card has no interface " + Quoted(underlay.interface),
            "name an edge interface of the board"};
  }
  if (interface->kind != InterfaceKind::kEdge) {
    return Invalid("interface", Quoted(underlay.interface) + " is not an edge interface", "name an edge interface");
  }
  if (interface->mtu != 0 && underlay.mtu > interface->mtu) {
    return Invalid(
        "mtu", "it is " + std::to_string(underlay.mtu) + ", above the interface's " + std::to_string(interface->mtu),
        "use at most the interface's, or leave it out");
  }
  return {};
}

}  // namespace

Status ValidateUnderlays(const Config& config, const Index& index) {
  std::map<IpAddress, std::string_view> addresses;
  for (const Underlay& underlay : config.underlays) {
    const std::string subject = Named("underlay", underlay.interface);
    HELIOSTAT_RETURN_IF_ERROR(CheckInterface(underlay, index).Within(subject));
    HELIOSTAT_RETURN_IF_ERROR(CheckAddresses(underlay).Within(subject));
    HELIOSTAT_RETURN_IF_ERROR(CheckGateways(underlay).Within(subject));
    HELIOSTAT_RETURN_IF_ERROR(CheckRoutes(underlay).Within(subject));
    HELIOSTAT_RETURN_IF_ERROR(CheckNeighbours(underlay).Within(subject));
    for (const IpPrefix& prefix : underlay.addresses) {
      const auto [taken, fresh] = addresses.emplace(prefix.address, underlay.interface);
      if (fresh) continue;
      return {Code::kAlreadyExists, subject + " addresses",
              prefix.address.ToString() + " is there twice, first in " + Named("underlay", taken->second),
              "give every tunnel address once"};
    }
  }
  return {};
}

}  // namespace heliostat::config
