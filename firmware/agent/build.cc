#include "agent/build.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "config/tunnel_ids.h"
#include "config/use.h"
#include "underlay/next_hop.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using config::Encapsulation;

// A plain or tagged copy is an Ethernet frame, whose MTU leaves room for a tag.
constexpr std::uint32_t kEthernetBytes = 14;
constexpr std::uint32_t kTagBytes = 4;
constexpr std::uint32_t kMaxInnerBytes = 65'535;
// Twice what the limit of session-source pairs allows without groups: about 45 MB of templates.
constexpr std::uint32_t kMaxMembers = 262'144;

encap::Kind KindOf(Encapsulation encapsulation) {
  switch (encapsulation) {
    case Encapsulation::kNone: return encap::Kind::kNone;
    case Encapsulation::kVlan: return encap::Kind::kVlan;
    case Encapsulation::kVxlan: return encap::Kind::kVxlan;
    case Encapsulation::kErspan1: return encap::Kind::kErspan1;
    case Encapsulation::kErspan2: return encap::Kind::kErspan2;
    case Encapsulation::kErspan3: return encap::Kind::kErspan3;
    case Encapsulation::kGeneve: return encap::Kind::kGeneve;
  }
  return encap::Kind::kNone;
}

// The source interface's own address, so that the receiver sees who was mirrored; else the tunnel's.
IpAddress OuterSource(const config::Interface& source, const config::Target& target, const underlay::NextHop& hop) {
  const IpAddress& primary = target.remote.family == IpFamily::kIpv4 ? source.primary_ipv4 : source.primary_ipv6;
  return primary.family == IpFamily::kNone ? hop.tunnel_source : primary;
}

// Next hops are the same for all sessions: resolved once a target.
class NextHops {
 public:
  NextHops(const config::Config& config, const std::vector<config::Interface>& interfaces)
      : resolver_(config, interfaces) {}
  const underlay::NextHop& For(const config::Target& target) {
    const auto [place, added] = hops_.try_emplace(&target);
    if (added) place->second = resolver_.Resolve(target);
    return place->second;
  }
  // Index of the interface; none when there is none.
  [[nodiscard]] std::optional<std::size_t> PortOf(std::string_view interface) const {
    return resolver_.FindInterface(interface);
  }
  [[nodiscard]] const config::Guests& guests() const { return resolver_.guests(); }

 private:
  underlay::Resolver resolver_;
  std::unordered_map<const config::Target*, underlay::NextHop> hops_;
};

OwnCopies FindOwnCopies(const config::Config& config, const std::vector<config::Interface>& interfaces,
                        NextHops& next_hops) {
  OwnCopies own;
  // Of targets in no session too: the VLAN is the mirror's, whoever sends on it just now.
  for (const config::Target& target : config.targets) {
    if (target.interface.empty() || !target.vlan_id) continue;
    const auto edge = next_hops.PortOf(target.interface);
    if (!edge || interfaces[*edge].kind != config::InterfaceKind::kEdge) continue;
    own.vlans.push_back({static_cast<std::uint32_t>(*edge), *target.vlan_id});
  }
  for (const config::Session& session : config.sessions) {
    const config::Target* target = FindTarget(config, session.target);
    if (!session.enabled || target == nullptr) continue;
    const std::uint32_t id = config::TunnelIdOf(config, session).value_or(0);
    for (const config::Target* member : MembersOf(config, *target)) {
      const underlay::NextHop& hop = next_hops.For(*member);
      if (!hop.routed || !IsTunnel(member->encapsulation)) continue;
      for (const std::string& name : session.sources) {
        const auto source = next_hops.PortOf(name);
        if (!source) continue;
        const IpAddress address = OuterSource(interfaces[*source], *member, hop);
        if (address.family == IpFamily::kNone) continue;
        own.copies.push_back({address, member->remote, member->encapsulation, id});
      }
    }
  }
  return own;
}

class Builder {
 public:
  Builder(const BuildInput& input, const Registry& previous)
      : input_(input), config_(*input.config), previous_(previous), next_hops_(*input.config, input.interfaces) {}

  Result<Built> Run() {
    HELIOSTAT_RETURN_IF_ERROR(CheckMembers());
    Result<rules::Compiled> compiled = Compile();
    if (!compiled.ok()) return compiled.status();

    Registry& registry = built_.registry;
    registry.config = input_.config;
    registry.filter_tables = std::move(compiled->tables);
    registry.ledger_entries = previous_.ledger_entries;
    registry.free_entries = previous_.free_entries;
    KeepEarlier();
    built_.policies = compiled->policies;
    built_.tables = std::make_unique<datapath::Tables>();
    built_.tables->flow_sampler = datapath::FlowSampler(input_.seed);
    built_.tables->ports.resize(input_.interfaces.size());
    GuardOwnCopies();

    Report();
    for (const rules::CompiledInterface& interface : compiled->interfaces) {
      const auto port = next_hops_.PortOf(interface.name);
      if (!port) continue;  // it went away: its sessions rest
      for (const Direction direction : {Direction::kInbound, Direction::kOutbound}) {
        HELIOSTAT_RETURN_IF_ERROR(BuildSource(interface, static_cast<std::uint32_t>(*port), direction));
      }
    }
    for (const auto& [key, entry] : previous_.ledger) {
      if (!registry.ledger.contains(key)) built_.dropped_entries.push_back(entry);
    }
    return std::move(built_);
  }

 private:
  // Of enabled sessions, before anything is made of them: the loop guard holds a line for each, too.
  Status CheckMembers() const {
    std::uint64_t members = 0;
    for (const config::Session& session : config_.sessions) {
      const config::Target* target = FindTarget(config_, session.target);
      if (!session.enabled || target == nullptr) continue;
      const std::uint64_t directions = session.direction == config::DirectionSet::kAll ? 2 : 1;
      members += directions * session.sources.size() * (target->group ? target->members.size() : 1);
      if (members <= kMaxMembers) continue;
      return {Code::kResourceExhausted, "session \"" + session.metadata.name + "\"",
              "sources, times directions, times members of their groups, are more than " + std::to_string(kMaxMembers),
              "use fewer sources, or smaller groups"};
    }
    return OkStatus();
  }

  Result<rules::Compiled> Compile() const {
    if (previous_.config == nullptr) return rules::Compile(config_);
    const rules::Earlier earlier{*previous_.config, previous_.filter_tables};
    return rules::Compile(config_, &earlier);
  }

  void GuardOwnCopies() {
    const OwnCopies own = FindOwnCopies(config_, input_.interfaces, next_hops_);
    built_.tables->guard = rules::LoopGuard(own.copies, own.vlans);
  }

  void Report() {
    built_.sessions.reserve(config_.sessions.size());
    for (const config::Session& session : config_.sessions) {
      SessionReport report;
      report.name = session.metadata.name;
      report.tunnel_id = config::TunnelIdOf(config_, session).value_or(0);
      const config::Target* target = FindTarget(config_, session.target);
      if (!session.enabled) {
        report.reason = "disabled";
      } else if (target != nullptr) {
        ReportEnabled(session, *target, &report);
      }
      built_.sessions.push_back(std::move(report));
    }
  }

  void ReportEnabled(const config::Session& session, const config::Target& target, SessionReport* report) {
    const std::string& owner = session.metadata.owner;
    if (!config::MayUse(owner, target)) {
      report->reason = Withdrawn(target, owner);
      return;
    }
    bool any_source = false;
    const std::string* lost = nullptr;
    for (const std::string& source : session.sources) {
      const bool may = config::MayMirror(config_, owner, source);
      any_source = any_source || may;
      if (!may) lost = &source;
    }
    if (lost != nullptr) {
      report->reason = "interface \"" + *lost + "\" does not belong to \"" + owner + "\" any more";
    }
    if (!any_source) return;
    for (const config::Target* member : MembersOf(config_, target)) {
      const std::string reason = WhyNothingLeaves(session, target, *member);
      report->active = report->active || reason.empty();
      if (reason.empty()) {
        AddEgress(*member, report);
      } else {
        report->reason = reason;
      }
    }
  }

  static std::string Withdrawn(const config::Target& target, const std::string& user) {
    return "the owner of target \"" + target.metadata.name + "\" no longer shares it with \"" + user + "\"";
  }

  void AddEgress(const config::Target& target, SessionReport* report) {
    const auto port = static_cast<std::uint16_t>(next_hops_.For(target).interface);
    std::vector<std::uint16_t>& ports = report->egresses;
    if (std::find(ports.begin(), ports.end(), port) == ports.end()) ports.push_back(port);
  }

  // Empty: copies of at least one source can leave to `member` of `target`.
  std::string WhyNothingLeaves(const config::Session& session, const config::Target& target,
                               const config::Target& member) {
    if (!config::MayUse(target.metadata.owner, member)) return Withdrawn(member, target.metadata.owner);
    if (!config::MayDeliver(config_, next_hops_.guests(), member)) {
      return "target \"" + member.metadata.name + "\": its owner may not deliver to interface \"" +
             next_hops_.guests().Of(member)->name + "\"";
    }
    const std::string named = "target \"" + member.metadata.name + "\": ";
    const underlay::NextHop& hop = next_hops_.For(member);
    if (!hop.resolved) return named + hop.reason;
    if (!IsTunnel(member.encapsulation)) return {};
    const bool any = std::any_of(session.sources.begin(), session.sources.end(), [&](const std::string& name) {
      const auto source = next_hops_.PortOf(name);
      return source && config::MayMirror(config_, session.metadata.owner, name) &&
             OuterSource(input_.interfaces[*source], member, hop).family != IpFamily::kNone;
    });
    if (any) return {};
    return named + "no underlay address to send from to " + member.remote.ToString() + " on \"" +
           input_.interfaces[hop.interface].name + "\"";
  }

  // Counters live as long as the session and its source do, sequences as long as the session and its target, and rate
  // limiters as long as the session and its limit, though the session is disabled, takes no copies in one direction
  // just now, or its target has no sequence or route. A limiter made anew would be full: nobody gets past the limit by
  // turning a session off and on.
  void KeepEarlier() {
    for (const config::Session& session : config_.sessions) {
      const auto limiter = previous_.limiters.find(session.metadata.name);
      if (limiter != previous_.limiters.end() && session.rate_limit == limiter->second.limit) {
        built_.registry.limiters.insert(*limiter);
      }
      for (const std::string& name : session.sources) {
        const auto port = next_hops_.PortOf(name);
        if (!port) continue;
        for (const Direction direction : {Direction::kInbound, Direction::kOutbound}) {
          const auto known =
              previous_.ledger.find({session.metadata.name, static_cast<std::uint16_t>(*port), direction});
          if (known != previous_.ledger.end()) built_.registry.ledger.insert(*known);
        }
      }
      const config::Target* target = FindTarget(config_, session.target);
      if (target == nullptr) continue;
      for (const config::Target* member : MembersOf(config_, *target)) {
        const auto known = previous_.streams.find({session.metadata.name, member->metadata.name});
        if (known != previous_.streams.end()) built_.registry.streams.insert(*known);
      }
    }
  }

  Status BuildSource(const rules::CompiledInterface& interface, std::uint32_t port, Direction direction) {
    const rules::InterfacePolicy& policy = interface.directions[static_cast<std::size_t>(direction)];
    if (policy.policy == nullptr) return OkStatus();
    datapath::SourceTable& table = built_.tables->ports[port].directions[static_cast<std::size_t>(direction)];
    table.policy = policy.policy;
    table.plans.reserve(policy.sessions.size());
    for (const std::uint32_t index : policy.sessions) {
      const config::Session& session = config_.sessions[index];
      datapath::CopyPlan plan;
      HELIOSTAT_RETURN_IF_ERROR(BuildPlan(session, port, direction, plan));
      table.plans.push_back(std::move(plan));
    }
    return OkStatus();
  }

  Status BuildPlan(const config::Session& session, std::uint32_t port, Direction direction, datapath::CopyPlan& plan) {
    const config::Target* target = FindTarget(config_, session.target);
    if (target == nullptr) {
      return {Code::kInternal, "session \"" + session.metadata.name + "\"", "has no target after validation"};
    }
    plan.ledger_entry = LedgerEntry({session.metadata.name, static_cast<std::uint16_t>(port), direction});
    plan.packet_length = session.packet_length;
    plan.share = datapath::SampleShare(session.sample_hundredths);
    plan.sample_flows = session.sampling == config::SamplingMode::kFlows;
    plan.forwarded_only = session.forwarded_only;
    // Taken back: the slot still decides, and what it decides for is not copied.
    const std::string& owner = session.metadata.owner;
    const bool withdrawn =
        !config::MayUse(owner, *target) || !config::MayMirror(config_, owner, input_.interfaces[port].name);
    std::uint32_t largest_copy_bytes = 0;
    const std::vector<const config::Target*> members = MembersOf(config_, *target);
    plan.members.reserve(members.size());
    for (const config::Target* member : members) {
      datapath::Member built;
      if (withdrawn || !config::MayUse(target->metadata.owner, *member) ||
          !config::MayDeliver(config_, next_hops_.guests(), *member)) {
        built.withdrawn = true;
      } else {
        HELIOSTAT_RETURN_IF_ERROR(BuildMember(session, *member, input_.interfaces[port], direction, built));
      }
      largest_copy_bytes = std::max(largest_copy_bytes, LargestCopy(*member));
      plan.members.push_back(std::move(built));
    }
    if (session.rate_limit) plan.limiter = LimiterFor(session, largest_copy_bytes);
    return OkStatus();
  }

  Status BuildMember(const config::Session& session, const config::Target& target, const config::Interface& source,
                     Direction direction, datapath::Member& member) {
    const underlay::NextHop& hop = next_hops_.For(target);
    if (HasErspanHeader(target.encapsulation)) member.stream = StreamFor(session.metadata.name, target.metadata.name);
    if (!hop.resolved) return OkStatus();
    const config::Interface& egress = input_.interfaces[hop.interface];
    encap::TemplateSpec spec;
    spec.kind = KindOf(target.encapsulation);
    spec.source_mac = egress.mac;
    spec.destination_mac = hop.destination_mac;
    spec.vlan_id = hop.vlan_id;
    if (IsTunnel(target.encapsulation)) {
      spec.source = OuterSource(source, target, hop);
      spec.destination = target.remote;
      if (spec.source.family == IpFamily::kNone) return OkStatus();  // stays unresolved: nothing to send from
      spec.tunnel_id = config::TunnelIdOf(config_, session).value_or(0);
    }
    spec.dscp = target.dscp;
    spec.ttl = target.ttl;
    spec.udp_checksum = target.udp_checksum.value_or(target.remote.family == IpFamily::kIpv6);
    spec.interface_number = source.number;
    spec.session_number = session.number;
    spec.hardware_id = input_.hardware_id;
    // Towards the source: what a guest receives, what leaves on a wire.
    spec.egress = (source.kind == config::InterfaceKind::kEdge) == (direction == Direction::kOutbound);
    spec.platform_subheader = target.platform_subheader;
    Result<encap::Template> header = encap::BuildTemplate(spec);
    if (!header.ok()) return header.status().Within("session \"" + session.metadata.name + "\"");
    member.header = *header;
    member.egress = static_cast<std::uint16_t>(hop.interface);
    member.max_inner_bytes = MaxInner(target, hop, egress, member.header);
    // A plain copy keeps its own 0x8100 tag, which a port takes beyond its MTU; below a `vlan` copy's tag there is no
    // room.
    member.tagged_extra_bytes = target.encapsulation == Encapsulation::kNone ? kTagBytes : 0;
    member.resolved = true;
    return OkStatus();
  }

  // By the MTU, and by what the egress port can carry at all.
  static std::uint32_t MaxInner(const config::Target& target, const underlay::NextHop& hop,
                                const config::Interface& egress, const encap::Template& header) {
    const auto overhead = static_cast<std::uint32_t>(header.IpOverhead());
    const std::uint32_t by_mtu =
        IsTunnel(target.encapsulation) ? (hop.mtu > overhead ? hop.mtu - overhead : 0) : hop.mtu + kEthernetBytes;
    const bool tagged = hop.vlan_id.has_value() && target.encapsulation != Encapsulation::kNone;
    const std::uint64_t most = std::uint64_t{egress.max_send_bytes} + (tagged ? egress.send_tag_bytes : 0);
    const auto by_port = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(most - std::min<std::uint64_t>(most, header.length), kMaxInnerBytes));
    return std::min({by_mtu, by_port, kMaxInnerBytes - kTagBytes});
  }

  // Of any source: the session's sources share a limiter, and one of them may have no address to send from.
  std::uint32_t LargestCopy(const config::Target& target) {
    const underlay::NextHop& hop = next_hops_.For(target);
    if (!hop.routed) return 0;
    const std::uint32_t tag_bytes = hop.vlan_id ? kTagBytes : 0;
    if (IsTunnel(target.encapsulation)) return hop.mtu + kEthernetBytes + tag_bytes;
    return std::min<std::uint32_t>(hop.mtu + kEthernetBytes + kTagBytes, kMaxInnerBytes) + tag_bytes;
  }

  std::uint32_t LedgerEntry(const LedgerKey& key) {
    Registry& registry = built_.registry;
    const auto [entry, added] = registry.ledger.try_emplace(key, 0);
    if (!added) return entry->second;
    if (registry.free_entries.empty()) {
      entry->second = registry.ledger_entries++;
    } else {
      entry->second = registry.free_entries.back();
      registry.free_entries.pop_back();
    }
    return entry->second;
  }

  std::shared_ptr<datapath::Stream> StreamFor(const std::string& session, const std::string& target) {
    std::shared_ptr<datapath::Stream>& stream = built_.registry.streams[{session, target}];
    if (!stream) stream = std::make_shared<datapath::Stream>();
    return stream;
  }

  // All sources of a session share one. It is made anew when a copy has become larger than all its room; the room
  // stays when copies become smaller again.
  std::shared_ptr<datapath::RateLimiter> LimiterFor(const config::Session& session, std::uint32_t largest_copy_bytes) {
    Registry::Limiter& limiter = built_.registry.limiters[session.metadata.name];
    if (limiter.limiter && limiter.limiter->HasRoomFor(largest_copy_bytes)) return limiter.limiter;
    limiter.limit = *session.rate_limit;
    const datapath::RateLimiterSpec spec{limiter.limit.packets_per_second, limiter.limit.bits_per_second,
                                         limiter.limit.burst, largest_copy_bytes};
    limiter.limiter = std::make_shared<datapath::RateLimiter>(spec, input_.now_ns);
    return limiter.limiter;
  }

  const BuildInput& input_;
  const config::Config& config_;
  const Registry& previous_;
  NextHops next_hops_;
  Built built_;
};

}  // namespace

Result<Built> Build(const BuildInput& input, const Registry& previous) { return Builder(input, previous).Run(); }

OwnCopies FindOwnCopies(const config::Config& config, const std::vector<config::Interface>& interfaces) {
  NextHops next_hops(config, interfaces);
  return FindOwnCopies(config, interfaces, next_hops);
}

}  // namespace heliostat::agent
