#include "agent/plan.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "config/check.h"
#include "config/tunnel_ids.h"
#include "config/use.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using config::kDirections;
using config::Named;
using config::Quoted;

// This is twice what the limit of session-source pairs allows without groups, and means about 45 MB of templates.
constexpr std::uint32_t kMaxDeliveries = 262'144;

class Planner {
 public:
  Planner(std::shared_ptr<const config::Config> config, std::vector<config::Interface> interfaces)
      : config_(*config),
        plan_{.config = std::move(config),
              .interfaces = std::move(interfaces),
              .hops = {},
              .sessions = {},
              .deliveries = {},
              .from = {}},
        resolver_(config_, plan_.interfaces) {}

  Result<Plan> Run() {
    HELIOSTAT_RETURN_IF_ERROR(CountDeliveries());
    plan_.hops.reserve(config_.targets.size());
    may_deliver_.reserve(config_.targets.size());
    for (const config::Target& target : config_.targets) {
      plan_.hops.push_back(target.group ? underlay::NextHop() : resolver_.Resolve(target));
      may_deliver_.push_back(config::MayDeliver(config_, resolver_.guests(), target));
    }
    plan_.from.resize(plan_.interfaces.size());
    plan_.sessions.reserve(config_.sessions.size());
    for (const config::Session& session : config_.sessions) PlanSession(session);
    return std::move(plan_);
  }

 private:
  // Deliveries are counted before any is made, so that too many of them cost no memory.
  Status CountDeliveries() {
    std::uint64_t deliveries = 0;
    for (const config::Session& session : config_.sessions) {
      const config::Target* target = FindTarget(config_, session.target);
      if (!session.enabled || target == nullptr) continue;
      deliveries += CountOf(session.direction) * session.sources.size() * (target->group ? target->members.size() : 1);
      if (deliveries <= kMaxDeliveries) continue;
      return {
          Code::kResourceExhausted, Named("session", session.metadata.name),
          "sources, times directions, times members of their groups, are more than " + std::to_string(kMaxDeliveries),
          "use fewer sources, or smaller groups"};
    }
    plan_.deliveries.reserve(deliveries);
    return OkStatus();
  }

  void PlanSession(const config::Session& session) {
    SessionPlan& planned = plan_.sessions.emplace_back();
    planned.tunnel_id = config::TunnelIdOf(config_, session).value_or(0);
    planned.first = static_cast<std::uint32_t>(plan_.deliveries.size());
    const config::Target* target = FindTarget(config_, session.target);
    if (!session.enabled || target == nullptr) return;
    const std::vector<const config::Target*> members = MembersOf(config_, *target);
    planned.members = static_cast<std::uint32_t>(members.size());
    const std::string& owner = session.metadata.owner;
    const bool shared = config::MayUse(owner, *target);
    for (const std::string& name : session.sources) {
      const auto port = resolver_.FindInterface(name);
      if (!port) continue;
      const bool owned = config::MayMirror(config_, owner, name);
      for (const Direction direction : kDirections) {
        if (!Covers(session.direction, direction)) continue;
        plan_.from[*port][static_cast<std::size_t>(direction)].push_back(
            static_cast<std::uint32_t>(plan_.deliveries.size()));
        for (const config::Target* member : members) {
          Delivery delivery;
          delivery.session = static_cast<std::uint32_t>(plan_.sessions.size() - 1);
          delivery.member = static_cast<std::uint32_t>(member - config_.targets.data());
          delivery.source = static_cast<std::uint16_t>(*port);
          delivery.direction = direction;
          delivery.state = !shared  ? DeliveryState::kNotShared
                           : !owned ? DeliveryState::kNotOwned
                                    : StateAt(*target, *member, delivery);
          plan_.deliveries.push_back(delivery);
        }
      }
    }
    planned.deliveries = static_cast<std::uint32_t>(plan_.deliveries.size()) - planned.first;
  }

  [[nodiscard]] DeliveryState StateAt(const config::Target& target, const config::Target& member,
                                      const Delivery& delivery) const {
    if (!config::MayUse(target.metadata.owner, member)) return DeliveryState::kMemberNotShared;
    if (!may_deliver_[delivery.member]) return DeliveryState::kMayNotDeliver;
    const underlay::NextHop& hop = plan_.hops[delivery.member];
    if (!hop.resolved) return DeliveryState::kUnresolved;
    const bool sourceless = IsTunnel(member.encapsulation) &&
                            OuterSource(plan_.interfaces[delivery.source], member, hop).family == IpFamily::kNone;
    return sourceless ? DeliveryState::kNoOuterSource : DeliveryState::kReady;
  }

  const config::Config& config_;
  Plan plan_;
  underlay::Resolver resolver_;
  std::vector<bool> may_deliver_;  // by index of Config::targets
};

std::string NotSharedAnyMore(const config::Target& target, const std::string& user) {
  return "the owner of " + Named("target", target.metadata.name) + " no longer shares it with " + Quoted(user);
}

// Says why a delivery is not ready, unless that is because of its source's owner.
std::string WhyNot(const Plan& plan, const Delivery& delivery) {
  const config::Config& config = *plan.config;
  const config::Session& session = config.sessions[delivery.session];
  const config::Target& member = config.targets[delivery.member];
  const underlay::NextHop& hop = plan.hops[delivery.member];
  const std::string named = Named("target", member.metadata.name) + ": ";
  switch (delivery.state) {
    case DeliveryState::kNotShared:
      return NotSharedAnyMore(*FindTarget(config, session.target), session.metadata.owner);
    case DeliveryState::kMemberNotShared:
      return NotSharedAnyMore(member, FindTarget(config, session.target)->metadata.owner);
    case DeliveryState::kMayNotDeliver:
      return named + "its owner may not deliver to interface " +
             Quoted(config::Guests(plan.interfaces).Of(member)->name);
    case DeliveryState::kUnresolved: return named + hop.reason;
    case DeliveryState::kNoOuterSource:
      return named + "no underlay address to send from to " + member.remote.ToString() + " on " +
             Quoted(plan.interfaces[hop.interface].name);
    case DeliveryState::kReady:
    case DeliveryState::kNotOwned: break;
  }
  return {};
}

using Names = std::unordered_set<std::string_view>;

// Says why a source takes no part; empty when every source is on the card and the session's owner may still mirror it.
std::string WhySourcesRest(const Plan& plan, const Names& on_card, const config::Session& session) {
  std::string reason;
  for (const std::string& source : session.sources) {
    if (!on_card.contains(source)) {
      reason = "the card has no interface " + Quoted(source) + " now";
    } else if (!config::MayMirror(*plan.config, session.metadata.owner, source)) {
      reason = "interface " + Quoted(source) + " does not belong to " + Quoted(session.metadata.owner) + " any more";
    }
  }
  return reason;
}

// Returns true when all sources take part, so that they need not be asked for their reasons one by one.
bool EverySourceTakesPart(const Plan& plan, const config::Session& session, const SessionPlan& planned) {
  if (planned.deliveries != CountOf(session.direction) * planned.members * session.sources.size()) return false;
  const auto deliveries = plan.Of(planned);
  return std::none_of(deliveries.begin(), deliveries.end(),
                      [](const Delivery& delivery) { return delivery.state == DeliveryState::kNotOwned; });
}

// A session is not active while the links of all its egresses (ports, each once) are down.
void FollowLinks(const Plan& plan, std::span<const std::uint16_t> egresses, std::span<const std::atomic<bool>> link_up,
                 SessionReport* report) {
  for (const std::uint16_t port : egresses) {
    if (link_up[port].load(std::memory_order_relaxed)) {
      report->active = true;
    } else {
      report->reason = "the link of " + Quoted(plan.interfaces[port].name) + " is down";
    }
  }
}

void ReportEnabled(const Plan& plan, const Names& on_card, std::span<const std::atomic<bool>> link_up,
                   const config::Session& session, const SessionPlan& planned, SessionReport* report) {
  const std::span<const Delivery> deliveries = plan.Of(planned);
  if (!EverySourceTakesPart(plan, session, planned)) report->reason = WhySourcesRest(plan, on_card, session);
  if (!deliveries.empty() && deliveries.front().state == DeliveryState::kNotShared) {
    report->reason = WhyNot(plan, deliveries.front());
    return;
  }
  std::vector<std::uint16_t> egresses;
  for (std::uint32_t member = 0; member < planned.members; ++member) {
    const Delivery* not_ready = nullptr;
    const Delivery* ready = nullptr;
    for (std::size_t at = member; at < deliveries.size() && ready == nullptr; at += planned.members) {
      if (deliveries[at].state == DeliveryState::kReady) ready = &deliveries[at];
      if (deliveries[at].state != DeliveryState::kNotOwned && not_ready == nullptr) not_ready = &deliveries[at];
    }
    if (ready == nullptr) {
      if (not_ready != nullptr) report->reason = WhyNot(plan, *not_ready);
      continue;
    }
    const auto egress = static_cast<std::uint16_t>(plan.hops[ready->member].interface);
    if (std::find(egresses.begin(), egresses.end(), egress) == egresses.end()) egresses.push_back(egress);
  }
  FollowLinks(plan, egresses, link_up, report);
}

// Says why no copies can be delivered to the target; empty when they can.
std::string WhyDown(const Plan& plan, std::size_t target, std::span<const std::atomic<bool>> link_up) {
  const underlay::NextHop& hop = plan.hops[target];
  if (!hop.resolved) return hop.reason;
  if (link_up[hop.interface].load(std::memory_order_relaxed)) return {};
  return "interface " + Quoted(plan.interfaces[hop.interface].name) + " has no link";
}

}  // namespace

std::span<const Delivery> Plan::Of(std::uint32_t session, std::uint16_t source, Direction direction) const {
  if (source >= from.size()) return {};
  const std::vector<std::uint32_t>& firsts = from[source][static_cast<std::size_t>(direction)];
  const auto first = std::lower_bound(firsts.begin(), firsts.end(), session,
                                      [this](std::uint32_t at, std::uint32_t s) { return deliveries[at].session < s; });
  if (first == firsts.end() || deliveries[*first].session != session) return {};
  return std::span(deliveries).subspan(*first, sessions[session].members);
}

Result<Plan> MakePlan(std::shared_ptr<const config::Config> config, std::vector<config::Interface> interfaces) {
  return Planner(std::move(config), std::move(interfaces)).Run();
}

IpAddress OuterSource(const config::Interface& source, const config::Target& target, const underlay::NextHop& hop) {
  const IpAddress& primary = target.remote.family == IpFamily::kIpv4 ? source.primary_ipv4 : source.primary_ipv6;
  return primary.family == IpFamily::kNone ? hop.tunnel_source : primary;
}

OwnCopies FindOwnCopies(const Plan& plan) {
  OwnCopies own;
  const config::Config& config = *plan.config;
  std::unordered_map<std::string_view, std::uint32_t> edges;
  for (std::uint32_t port = 0; port < plan.interfaces.size(); ++port) {
    const config::Interface& interface = plan.interfaces[port];
    if (interface.kind == config::InterfaceKind::kEdge) edges.emplace(interface.name, port);
  }
  // The VLANs of targets in no session count too: a VLAN belongs to the mirror whether or not a session uses it just
  // now.
  for (const config::Target& target : config.targets) {
    if (target.interface.empty() || !target.vlan_id) continue;
    const auto edge = edges.find(target.interface);
    if (edge != edges.end()) own.vlans.push_back({edge->second, *target.vlan_id});
  }
  for (const Delivery& delivery : plan.deliveries) {
    const config::Target& member = config.targets[delivery.member];
    const underlay::NextHop& hop = plan.hops[delivery.member];
    if (!hop.routed || !IsTunnel(member.encapsulation)) continue;
    // Both directions make copies of the same identity, so the first is enough.
    const bool second = config.sessions[delivery.session].direction == config::DirectionSet::kAll &&
                        delivery.direction != kDirections.front();
    if (second) continue;
    const IpAddress address = OuterSource(plan.interfaces[delivery.source], member, hop);
    if (address.family == IpFamily::kNone) continue;
    own.copies.push_back({address, member.remote, member.encapsulation, plan.sessions[delivery.session].tunnel_id});
  }
  return own;
}

std::vector<SessionReport> ReportSessions(const Plan& plan, std::span<const std::atomic<bool>> link_up) {
  std::vector<SessionReport> reports;
  if (plan.config == nullptr) return reports;
  reports.reserve(plan.sessions.size());
  Names on_card;
  for (const config::Interface& interface : plan.interfaces) on_card.insert(interface.name);
  for (std::size_t i = 0; i < plan.sessions.size(); ++i) {
    const config::Session& session = plan.config->sessions[i];
    SessionReport& report = reports.emplace_back();
    report.name = session.metadata.name;
    report.tunnel_id = plan.sessions[i].tunnel_id;
    if (session.enabled) {
      ReportEnabled(plan, on_card, link_up, session, plan.sessions[i], &report);
    } else {
      report.reason = "disabled";
    }
  }
  return reports;
}

// A group is up as long as one of its members is.
std::vector<TargetReport> ReportTargets(const Plan& plan, std::span<const std::atomic<bool>> link_up) {
  std::vector<TargetReport> reports;
  if (plan.config == nullptr) return reports;
  const std::vector<config::Target>& targets = plan.config->targets;
  reports.reserve(targets.size());
  for (const config::Target& target : targets) {
    TargetReport& report = reports.emplace_back();
    report.name = target.metadata.name;
    for (const config::Target* member : MembersOf(*plan.config, target)) {
      std::string reason = WhyDown(plan, static_cast<std::size_t>(member - targets.data()), link_up);
      report.up = report.up || reason.empty();
      if (reason.empty() || !report.reason.empty()) continue;
      report.reason = target.group ? Named("target", member->metadata.name) + ": " + reason : std::move(reason);
    }
  }
  return reports;
}

}  // namespace heliostat::agent
