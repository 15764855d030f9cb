#include "agent/build_tables.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace heliostat::agent {
namespace {

using config::Direction;
using config::Encapsulation;

// A plain or `vlan` copy is an Ethernet frame; an MTU counts neither its header nor one tag.
constexpr std::uint32_t kEthernetBytes = 14;
constexpr std::uint32_t kTagBytes = 4;
constexpr std::uint32_t kMaxInnerBytes = 65'535;

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

// Tells which sessions, targets and ports of a plan are as they were in an earlier one, so that their copies would be
// made in the same way.
class Unchanged {
 public:
  Unchanged(const Plan& before, const Plan& after) : before_(before), after_(after) {
    if (before.config == nullptr) return;
    ports_.resize(after.interfaces.size());
    for (std::size_t port = 0; port < ports_.size(); ++port) {
      ports_[port] = port < before.interfaces.size() && before.interfaces[port] == after.interfaces[port];
    }
    CompareTargets();
    CompareSessions();
  }

  // The session's index in the earlier plan, or kChanged when it is new or not the same any more.
  static constexpr std::uint32_t kChanged = 0xffffffff;
  [[nodiscard]] std::uint32_t Session(std::uint32_t after) const {
    return after < sessions_.size() ? sessions_[after] : kChanged;
  }
  [[nodiscard]] bool Port(std::size_t port) const { return port < ports_.size() && ports_[port]; }
  // Returns true when nothing has changed that the loop guard is told of.
  [[nodiscard]] bool All() const {
    const auto is_changed = [](std::uint32_t one) { return one == kChanged; };
    return before_.config != nullptr && before_.interfaces == after_.interfaces &&
           before_.sessions.size() == after_.sessions.size() && before_.hops.size() == after_.hops.size() &&
           std::none_of(sessions_.begin(), sessions_.end(), is_changed) &&
           std::none_of(targets_.begin(), targets_.end(), is_changed);
  }

 private:
  // Both sides are ascending by name. `same` is asked of a pair of equal names.
  template <typename Resource, typename Same>
  static std::vector<std::uint32_t> Match(const std::vector<Resource>& before, const std::vector<Resource>& after,
                                          Same same) {
    std::vector<std::uint32_t> matched(after.size(), kChanged);
    std::uint32_t b = 0;
    for (std::uint32_t a = 0; a < after.size(); ++a) {
      while (b < before.size() && before[b].metadata.name < after[a].metadata.name) ++b;
      if (b == before.size() || before[b].metadata.name != after[a].metadata.name) continue;
      if (same(b, a)) matched[a] = b;
    }
    return matched;
  }

  void CompareTargets() {
    const std::vector<config::Target>& before = before_.config->targets;
    const std::vector<config::Target>& after = after_.config->targets;
    targets_ = Match(before, after, [&](std::uint32_t b, std::uint32_t a) {
      const underlay::NextHop& hop = after_.hops[a];
      return before[b] == after[a] && before_.hops[b] == hop && (!hop.routed || Port(hop.interface));
    });
  }

  // A session's deliveries are compared too, since they depend on rights, groups' members and the ports of its sources.
  void CompareSessions() {
    const std::vector<config::Session>& before = before_.config->sessions;
    const std::vector<config::Session>& after = after_.config->sessions;
    sessions_ = Match(before, after, [&](std::uint32_t b, std::uint32_t a) {
      const SessionPlan& was = before_.sessions[b];
      const SessionPlan& is = after_.sessions[a];
      if (was.tunnel_id != is.tunnel_id || was.members != is.members || !(before[b] == after[a])) return false;
      const auto earlier = before_.Of(was);
      const auto now = after_.Of(is);
      return std::equal(earlier.begin(), earlier.end(), now.begin(), now.end(),
                        [this](const Delivery& x, const Delivery& y) {
                          return targets_[y.member] == x.member && x.source == y.source && x.direction == y.direction &&
                                 x.state == y.state && Port(y.source);
                        });
    });
  }

  const Plan& before_;
  const Plan& after_;
  std::vector<bool> ports_;              // by port
  std::vector<std::uint32_t> targets_;   // by index after: index before, or kChanged
  std::vector<std::uint32_t> sessions_;  // by index after: index before, or kChanged
};

class TablesBuilder {
 public:
  TablesBuilder(const Plan& plan, const rules::Compiled& compiled, const TablesOptions& options, const Epoch& earlier,
                Registry& registry)
      : plan_(plan),
        config_(*plan.config),
        compiled_(compiled),
        options_(options),
        earlier_(earlier),
        registry_(registry),
        unchanged_(earlier.plan, plan) {
    for (std::size_t port = 0; port < plan.interfaces.size(); ++port) {
      ports_.emplace(plan.interfaces[port].name, static_cast<std::uint16_t>(port));
    }
  }

  Result<std::unique_ptr<datapath::Tables>> Run() {
    auto tables = std::make_unique<datapath::Tables>();
    tables->flow_sampler = datapath::FlowSampler(options_.seed);
    tables->ports.resize(plan_.interfaces.size());
    tables->guard = Guard();
    for (const rules::CompiledInterface& interface : compiled_.interfaces) {
      const auto found = ports_.find(interface.name);
      if (found == ports_.end()) continue;  // it went away: its sessions rest
      const std::uint16_t port = found->second;
      for (const Direction direction : {Direction::kInbound, Direction::kOutbound}) {
        const auto index = static_cast<std::size_t>(direction);
        const rules::SourcePolicies& policies = interface.directions[index];
        if (!policies.Judges()) continue;
        std::shared_ptr<const datapath::SourceTable>& table = tables->ports[port].directions[index];
        table = EarlierTable(interface.name, port, direction, policies);
        if (table != nullptr) continue;
        auto made = std::make_shared<datapath::SourceTable>();
        HELIOSTAT_RETURN_IF_ERROR(BuildSource(policies, port, direction, *made));
        table = std::move(made);
      }
    }
    return tables;
  }

 private:
  [[nodiscard]] std::shared_ptr<const rules::LoopGuard> Guard() const {
    if (unchanged_.All() && earlier_.tables->guard != nullptr) return earlier_.tables->guard;
    const OwnCopies own = FindOwnCopies(plan_);
    return std::make_shared<const rules::LoopGuard>(own.copies, own.vlans);
  }

  // Returns the source's table of the earlier epoch, or null when it would not come out the same now.
  [[nodiscard]] std::shared_ptr<const datapath::SourceTable> EarlierTable(const std::string& interface,
                                                                          std::uint16_t port, Direction direction,
                                                                          const rules::SourcePolicies& policies) const {
    if (!unchanged_.Port(port)) return nullptr;
    const auto index = static_cast<std::size_t>(direction);
    const auto& interfaces = earlier_.compiled.interfaces;
    const auto before =
        std::lower_bound(interfaces.begin(), interfaces.end(), interface,
                         [](const rules::CompiledInterface& one, const std::string& name) { return one.name < name; });
    if (before == interfaces.end() || before->name != interface) return nullptr;
    const rules::SourcePolicies& was = before->directions[index];
    if (was.excluded != policies.excluded) return nullptr;
    for (std::size_t tier = 0; tier < policies.tiers.size(); ++tier) {
      if (was.tiers[tier].policy != policies.tiers[tier].policy) return nullptr;
      const auto& sessions = policies.tiers[tier].sessions;
      const auto& earlier = was.tiers[tier].sessions;
      const bool same =
          std::equal(sessions.begin(), sessions.end(), earlier.begin(), earlier.end(),
                     [this](std::uint32_t now, std::uint32_t then) { return unchanged_.Session(now) == then; });
      if (!same) return nullptr;
    }
    return earlier_.tables->ports[port].directions[index];
  }

  Status BuildSource(const rules::SourcePolicies& policies, std::uint16_t port, Direction direction,
                     datapath::SourceTable& table) {
    table.port = port;
    table.direction = direction;
    if (policies.excluded != nullptr) {
      datapath::TierTable& excluded = table.excluded.emplace();
      excluded.policy = policies.excluded;
      excluded.hits = {HitsOf(config_.filters[policies.excluded_filter], direction)};
    }
    for (const rules::TierPolicy& tier : policies.tiers) {
      if (tier.policy == nullptr) continue;
      datapath::TierTable& built = table.tiers.emplace_back();
      built.policy = tier.policy;
      built.plans.reserve(tier.sessions.size());
      built.hits.reserve(tier.sessions.size());
      for (const std::uint32_t session : tier.sessions) {
        built.hits.push_back(HitsOf(*FindFilter(config_, config_.sessions[session].filter), direction));
        HELIOSTAT_RETURN_IF_ERROR(BuildPlan(session, port, direction, built.plans.emplace_back()));
      }
    }
    return OkStatus();
  }

  // A worker finds a rule's entry without a look at the list that it is in.
  std::shared_ptr<const std::uint32_t> HitsOf(const config::Filter& filter, Direction direction) {
    const std::shared_ptr<const datapath::HitEntries> entries = registry_.HitsOf(filter, direction);
    return {entries, entries->data()};
  }

  Status BuildPlan(std::uint32_t index, std::uint16_t port, Direction direction, datapath::CopyPlan& built) {
    const config::Session& session = config_.sessions[index];
    built.ledger_entry = registry_.LedgerEntry(session.metadata.name, plan_.interfaces[port].name, direction);
    built.packet_length = session.packet_length;
    built.share = datapath::SampleShare(session.sample_hundredths);
    built.sample_flows = session.sampling == config::SamplingMode::kFlows;
    built.forwarded_only = session.forwarded_only;
    std::uint32_t largest_copy_bytes = 0;
    const std::span<const Delivery> deliveries = plan_.Of(index, port, direction);
    if (deliveries.empty()) {
      return {Code::kInternal, "session \"" + session.metadata.name + "\"", "has no target after validation"};
    }
    built.members.reserve(deliveries.size());
    for (const Delivery& delivery : deliveries) {
      datapath::Member& member = built.members.emplace_back();
      HELIOSTAT_RETURN_IF_ERROR(BuildMember(session, delivery, member));
      largest_copy_bytes = std::max(largest_copy_bytes, LargestCopy(delivery));
    }
    if (session.rate_limit) built.limiter = registry_.LimiterOf(session, largest_copy_bytes, options_.now_ns);
    return OkStatus();
  }

  Status BuildMember(const config::Session& session, const Delivery& delivery, datapath::Member& member) {
    member.withdrawn = delivery.Withdrawn();
    if (member.withdrawn) return OkStatus();
    const config::Target& target = config_.targets[delivery.member];
    const config::Interface& source = plan_.interfaces[delivery.source];
    if (HasErspanHeader(target.encapsulation)) {
      member.stream = registry_.StreamOf(session.metadata.name, target.metadata.name);
    }
    if (delivery.state != DeliveryState::kReady) return OkStatus();
    const underlay::NextHop& hop = plan_.hops[delivery.member];
    const config::Interface& egress = plan_.interfaces[hop.interface];
    encap::TemplateSpec spec;
    spec.kind = KindOf(target.encapsulation);
    spec.source_mac = egress.mac;
    spec.destination_mac = hop.destination_mac;
    spec.vlan_id = hop.vlan_id;
    if (IsTunnel(target.encapsulation)) {
      spec.source = OuterSource(source, target, hop);
      spec.destination = target.remote;
      spec.tunnel_id = plan_.sessions[delivery.session].tunnel_id;
    }
    spec.dscp = target.dscp;
    spec.ttl = target.ttl;
    spec.udp_checksum = target.udp_checksum.value_or(target.remote.family == IpFamily::kIpv6);
    spec.interface_number = source.number;
    spec.session_number = session.number;
    spec.hardware_id = options_.hardware_id;
    // A frame leaves the card's switch towards the source when a guest receives it or it goes out on a wire.
    spec.egress = (source.kind == config::InterfaceKind::kEdge) == (delivery.direction == Direction::kOutbound);
    spec.platform_subheader = target.platform_subheader;
    Result<encap::Template> header = encap::BuildTemplate(spec);
    if (!header.ok()) return header.status().Within("session \"" + session.metadata.name + "\"");
    member.header = *header;
    member.egress = static_cast<std::uint16_t>(hop.interface);
    member.max_inner_bytes = MaxInner(target, hop, egress, member.header);
    // A port takes one 0x8100 tag beyond its MTU. A plain copy spends it on the original's own tag, a `vlan` copy on
    // the outer one.
    member.tagged_extra_bytes = target.encapsulation == Encapsulation::kNone ? kTagBytes : 0;
    member.resolved = true;
    return OkStatus();
  }

  // Both the MTU and the longest frame that the egress port can carry bound a copy.
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

  // The bound holds for every source, also for one that has no address to send from: a session's sources share a
  // limiter.
  [[nodiscard]] std::uint32_t LargestCopy(const Delivery& delivery) const {
    const underlay::NextHop& hop = plan_.hops[delivery.member];
    if (!hop.routed) return 0;
    const std::uint32_t tag_bytes = hop.vlan_id ? kTagBytes : 0;
    if (IsTunnel(config_.targets[delivery.member].encapsulation)) return hop.mtu + kEthernetBytes + tag_bytes;
    return std::min<std::uint32_t>(hop.mtu + kEthernetBytes + kTagBytes, kMaxInnerBytes) + tag_bytes;
  }

  const Plan& plan_;
  const config::Config& config_;
  const rules::Compiled& compiled_;
  const TablesOptions& options_;
  const Epoch& earlier_;
  Registry& registry_;
  Unchanged unchanged_;
  std::unordered_map<std::string_view, std::uint16_t> ports_;  // by name of the interface
};

}  // namespace

Result<std::unique_ptr<datapath::Tables>> BuildTables(const Plan& plan, const rules::Compiled& compiled,
                                                      const TablesOptions& options, const Epoch& earlier,
                                                      Registry& registry) {
  return TablesBuilder(plan, compiled, options, earlier, registry).Run();
}

}  // namespace heliostat::agent
