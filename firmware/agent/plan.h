// The plan: one walk over configuration, interfaces, next hops and rights. Whatever is decided about a copy before its
// frame is there is decided here, once: the states that are shown, the loop guard and the workers' tables read it.
//
// Links are no part of it: they come and go without a new plan. Pure; immutable once made; any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "agent/report.h"
#include "base/address.h"
#include "base/status.h"
#include "config/config.h"
#include "rules/loop_guard.h"
#include "underlay/next_hop.h"

namespace heliostat::agent {

enum class DeliveryState : std::uint8_t {
  kReady,            // copies can leave
  kNotShared,        // the target's owner has taken its share back
  kNotOwned,         // the source belongs to another owner by now
  kMemberNotShared,  // the member's owner has taken its share back from the group's
  kMayNotDeliver,    // the guest that the copies go to belongs to another owner by now
  kUnresolved,       // there is no next hop
  kNoOuterSource,    // there is no address to send from
};

// One way that copies take: from one source in one direction, for one enabled session, to one member of its target.
struct Delivery {
  std::uint32_t session = 0;  // index in Config::sessions
  std::uint32_t member = 0;   // index in Config::targets; no group
  std::uint16_t source = 0;   // port
  config::Direction direction = config::Direction::kInbound;
  DeliveryState state = DeliveryState::kUnresolved;

  // Returns true when a right was taken back: the session still decides, but what it accepts is not copied.
  [[nodiscard]] bool Withdrawn() const {
    return state != DeliveryState::kReady && state != DeliveryState::kUnresolved &&
           state != DeliveryState::kNoOuterSource;
  }
  friend bool operator==(const Delivery&, const Delivery&) = default;
};

struct SessionPlan {
  std::uint32_t tunnel_id = 0;   // VNI or ERSPAN session ID; 0 where there is none
  std::uint32_t first = 0;       // index of its first in Plan::deliveries; they are by source, direction, member
  std::uint32_t deliveries = 0;  // none for a disabled session, and none from a source that is not on the card
  std::uint32_t members = 0;     // of its target: so many deliveries in a row share one (source, direction)
};

struct Plan {
  std::shared_ptr<const config::Config> config;
  std::vector<config::Interface> interfaces;  // by port
  std::vector<underlay::NextHop> hops;        // by index of Config::targets; empty for a group
  std::vector<SessionPlan> sessions;          // by index of Config::sessions
  std::vector<Delivery> deliveries;           // by session
  // The index of each session's first delivery from there, by port and direction, ascending by session.
  std::vector<std::array<std::vector<std::uint32_t>, 2>> from;

  [[nodiscard]] std::span<const Delivery> Of(const SessionPlan& session) const {
    return std::span(deliveries).subspan(session.first, session.deliveries);
  }
  // The session's deliveries from that source in that direction, one a member; none when it takes nothing from there.
  [[nodiscard]] std::span<const Delivery> Of(std::uint32_t session, std::uint16_t source,
                                             config::Direction direction) const;
};

// `config` must be valid. kResourceExhausted: it needs more deliveries than a card has memory for.
[[nodiscard]] Result<Plan> MakePlan(std::shared_ptr<const config::Config> config,
                                    std::vector<config::Interface> interfaces);

// The outer source address of copies: the source interface's own, so that the receiver sees who was mirrored, else the
// tunnel's. Its family is kNone when neither has one of the remote's family.
[[nodiscard]] IpAddress OuterSource(const config::Interface& source, const config::Target& target,
                                    const underlay::NextHop& hop);

// What the loop guard is told: every copy that the enabled sessions make, and the VLAN ID of every edge and `vlan`
// target, used or not, on the target's interface (a port).
struct OwnCopies {
  std::vector<rules::CopyIdentity> copies;
  std::vector<rules::GuardedVlan> vlans;
};
[[nodiscard]] OwnCopies FindOwnCopies(const Plan& plan);

// Both report the states for these links, which are by port.
[[nodiscard]] std::vector<SessionReport> ReportSessions(const Plan& plan, std::span<const std::atomic<bool>> link_up);
[[nodiscard]] std::vector<TargetReport> ReportTargets(const Plan& plan, std::span<const std::atomic<bool>> link_up);

}  // namespace heliostat::agent
