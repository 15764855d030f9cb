#include <algorithm>
#include <set>
#include <unordered_set>

#include "config/bounds.h"
#include "config/check.h"
#include "config/validate_parts.h"

namespace heliostat::config {
namespace {

constexpr std::uint8_t kDefaultTtl = 64;
constexpr std::uint32_t kEthernetBytes = 14;
// A cut copy keeps at least this much of a frame, so that an IPv6 header stays whole.
constexpr std::uint32_t kSmallestCopyBytes = 55;
// GENEVE's option, as encap writes it: 4 bytes of header; session, flags, rule, original length, time.
constexpr std::uint32_t kGeneveOptionBytes = 24;

// What the encapsulation adds behind the outer IP header.
std::uint32_t TunnelBytes(const Target& target) {
  switch (target.encapsulation) {
    case Encapsulation::kVxlan: return 8 + 8;
    case Encapsulation::kGeneve: return 8 + 8 + kGeneveOptionBytes;
    case Encapsulation::kErspan1: return 4;
    case Encapsulation::kErspan2: return 4 + 4 + 8;
    case Encapsulation::kErspan3: return 4 + 4 + 12 + (target.platform_subheader ? 8U : 0U);
    case Encapsulation::kNone:
    case Encapsulation::kVlan: break;
  }
  return 0;
}

std::uint32_t SmallestMtu(const Target& target) {
  if (!IsTunnel(target.encapsulation)) return kMinMtu;
  const std::uint32_t ip_bytes = target.remote.family == IpFamily::kIpv6 ? 40 : 20;
  return std::max(kMinMtu, ip_bytes + TunnelBytes(target) + kSmallestCopyBytes);
}
static_assert(kSmallestCopyBytes - kEthernetBytes <= kMinMtu, "a plain copy fits any MTU");

Status CheckMtuSuffices(const Target& target, const Index& index) {
  HELIOSTAT_RETURN_IF_ERROR(CheckMtu("mtu", target.mtu));
  const std::uint32_t smallest = SmallestMtu(target);
  const auto too_small = [&](std::string subject, std::uint32_t mtu) {
    return Invalid(std::move(subject), std::to_string(mtu) + " is too small for the smallest copy",
                   "use " + std::to_string(smallest) + " or more");
  };
  if (target.mtu != 0 && target.mtu < smallest) return too_small("mtu", target.mtu);
  const std::uint32_t egress = target.interface.empty() ? 0 : index.EgressMtu(target.interface);
  if (egress != 0 && egress < smallest) return too_small("interface " + Quoted(target.interface) + " mtu", egress);
  return {};
}

Status CheckOptions(const Target& target) {
  const bool tunnel = IsTunnel(target.encapsulation);
  if (target.dscp > 63) return Invalid("dscp", "it is " + std::to_string(target.dscp), "use 0 to 63");
  if (!tunnel && target.dscp != 0) return Invalid("dscp", "a plain copy has no outer IP header", "leave it out");
  if (target.ttl == 0) return Invalid("ttl", "it is 0", "use 1 to 255");
  if (!tunnel && target.ttl != kDefaultTtl)
    return Invalid("ttl", "a plain copy has no outer IP header", "leave it out");
  const bool udp = target.encapsulation == Encapsulation::kVxlan || target.encapsulation == Encapsulation::kGeneve;
  if (target.udp_checksum && !udp) {
    return Invalid("udp_checksum", std::string(Name(target.encapsulation)) + " has no UDP header",
                   "leave it out, or use vxlan or geneve");
  }
  if (target.platform_subheader && target.encapsulation != Encapsulation::kErspan3) {
    return Invalid("platform_subheader", std::string(Name(target.encapsulation)) + " has none",
                   "leave it out, or use erspan3");
  }
  return {};
}

Status BadEncapsulation(const Target& target, std::string_view shape, std::string_view allowed) {
  return Invalid("encapsulation", std::string(Name(target.encapsulation)) + " does not go with " + std::string(shape),
                 "use " + std::string(allowed));
}

// A target with a remote address, and perhaps an edge interface that copies leave by.
Status CheckRemoteShape(const Target& target) {
  HELIOSTAT_RETURN_IF_ERROR(CheckHostAddress("remote", target.remote));
  if (!target.interface.empty() && !target.vlan_id) {
    return Invalid("interface", "with a remote address it needs a VLAN ID",
                   "give a VLAN ID too, or leave the interface out and let the underlay route");
  }
  if (target.interface.empty() && target.vlan_id) {
    return Invalid("vlan_id", "without an interface the underlay routes, and has its own VLAN ID",
                   "name an edge interface too, or leave vlan_id out");
  }
  if (IsTunnel(target.encapsulation)) return {};
  return BadEncapsulation(target, "a remote address", "vxlan, erspan1, erspan2, erspan3 or geneve");
}

Status CheckInterfaceShape(const Target& target) {
  if (target.interface.empty()) {
    return Invalid("remote", "there is neither a remote address nor an interface",
                   "give a remote address, an interface, or members");
  }
  const Encapsulation expected = target.vlan_id ? Encapsulation::kVlan : Encapsulation::kNone;
  if (target.encapsulation == expected) return {};
  return BadEncapsulation(target, target.vlan_id ? "an interface and a VLAN ID" : "an interface alone", Name(expected));
}

Status CheckTargetInterface(const Target& target, const Index& index) {
  if (target.interface.empty()) return {};
  HELIOSTAT_RETURN_IF_ERROR(CheckName("interface", target.interface));
  if (!index.interfaces_known) return {};
  const Interface* interface = index.FindInterface(target.interface);
  if (interface == nullptr) {
    return {Code::kNotFound, "interface", "the card has no interface " + Quoted(target.interface),
            "use a name from the board's description"};
  }
  const bool edge = interface->kind == InterfaceKind::kEdge;
  if (target.encapsulation == Encapsulation::kNone && edge) {
    return Invalid("interface",
                   Quoted(target.interface) + " is an edge interface, where a plain copy can't be told apart",
                   "give a VLAN ID too, or name a vm or nfv interface");
  }
  if (target.encapsulation != Encapsulation::kNone && !edge) {
    return Invalid("interface", Quoted(target.interface) + " is not an edge interface",
                   "name an edge interface, or leave out remote and vlan_id to deliver plain copies");
  }
  return {};
}

Status CheckSharing(const Target& target) {
  if (target.shared_with.size() > kMaxSharedWith) {
    return Invalid("shared_with", "there are " + std::to_string(target.shared_with.size()),
                   "use at most " + std::to_string(kMaxSharedWith));
  }
  std::set<std::string_view> users;
  for (const std::string& user : target.shared_with) {
    if (user.empty()) return Invalid("shared_with", "an entry is empty", "name an owner");
    HELIOSTAT_RETURN_IF_ERROR(CheckText("shared_with", user, kMaxNameBytes));
    if (users.insert(user).second) continue;
    return {Code::kAlreadyExists, "shared_with", Quoted(user) + " is there twice", "name each owner once"};
  }
  return {};
}

Status CheckMember(const Target* member, const std::string& name, Encapsulation expected) {
  const std::string subject = "members " + Quoted(name);
  if (member == nullptr) return {Code::kNotFound, subject, "there is no such target", "name a target"};
  if (member->group) return Invalid(subject, "it is a group itself", "name targets that are no groups");
  if (member->encapsulation != expected) {
    return Invalid(subject,
                   "its encapsulation is " + std::string(Name(member->encapsulation)) + ", the first member's " +
                       std::string(Name(expected)),
                   "use members of one encapsulation");
  }
  return {};
}

Status CheckGroup(const Target& group, const Index& index, const Limits& limits) {
  const bool own_fields = group.remote.family != IpFamily::kNone || !group.interface.empty() || group.vlan_id ||
                          group.mtu != 0 || group.dscp != 0 || group.ttl != kDefaultTtl || group.udp_checksum ||
                          group.platform_subheader;
  if (own_fields) {
    return Invalid("members", "a group has nothing but members and shared_with", "set the other fields on the members");
  }
  if (group.members.empty()) return Invalid("members", "there are none", "name at least one target");
  if (group.members.size() > limits.members_per_group) {
    return OverLimit("members", "members_per_group", limits.members_per_group, group.members.size());
  }
  std::unordered_set<std::string_view> names;
  const Target* first = index.FindTarget(group.members.front());
  const Encapsulation expected = first != nullptr ? first->encapsulation : Encapsulation::kVxlan;
  for (const std::string& name : group.members) {
    HELIOSTAT_RETURN_IF_ERROR(CheckMember(index.FindTarget(name), name, expected));
    if (names.insert(name).second) continue;
    return {Code::kAlreadyExists, "members " + Quoted(name), "it is there twice", "name each member once"};
  }
  return {};
}

Status CheckTarget(const Target& target, const Index& index, const Limits& limits,
                   const std::set<IpAddress>& tunnel_addresses) {
  HELIOSTAT_RETURN_IF_ERROR(CheckMetadata(target.metadata));
  HELIOSTAT_RETURN_IF_ERROR(CheckSharing(target));
  if (target.group) return CheckGroup(target, index, limits);
  if (!target.members.empty()) return {Code::kInternal, "members", "the target is not a group", "set `group`"};
  HELIOSTAT_RETURN_IF_ERROR(CheckOuterVlan("vlan_id", target.vlan_id));
  if (target.remote.family != IpFamily::kNone) {
    HELIOSTAT_RETURN_IF_ERROR(CheckRemoteShape(target));
  } else {
    HELIOSTAT_RETURN_IF_ERROR(CheckInterfaceShape(target));
  }
  if (tunnel_addresses.contains(target.remote)) {
    return Invalid("remote", target.remote.ToString() + " is a tunnel address of this card", "name another host");
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckTargetInterface(target, index));
  HELIOSTAT_RETURN_IF_ERROR(CheckOptions(target));
  return CheckMtuSuffices(target, index);
}

}  // namespace

std::string_view Name(Encapsulation encapsulation) {
  switch (encapsulation) {
    case Encapsulation::kNone: return "none";
    case Encapsulation::kVlan: return "vlan";
    case Encapsulation::kVxlan: return "vxlan";
    case Encapsulation::kErspan1: return "erspan1";
    case Encapsulation::kErspan2: return "erspan2";
    case Encapsulation::kErspan3: return "erspan3";
    case Encapsulation::kGeneve: return "geneve";
  }
  return "unknown";
}

Status ValidateTargets(const Config& config, const Index& index, const Limits& limits) {
  std::set<IpAddress> tunnel_addresses;
  for (const Underlay& underlay : config.underlays) {
    for (const IpPrefix& prefix : underlay.addresses) tunnel_addresses.insert(prefix.address);
  }
  for (const Target& target : config.targets) {
    HELIOSTAT_RETURN_IF_ERROR(
        CheckTarget(target, index, limits, tunnel_addresses).Within(Named("target", target.metadata.name)));
  }
  return {};
}

}  // namespace heliostat::config
