// A filter in one direction as one ordered list of matches: what its rules mean, before anything is made fast.
//
// Software tables, the split between hardware and software, traces and explanations consume this list, so that they
// can't disagree about what a rule means. Network services come first, each as one rule with
// several matches. Pure; immutable once made; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/config.h"
#include "packet/flow_key.h"

namespace heliostat::rules {

enum class Outcome : std::uint8_t { kNone = 0, kAccept = 1, kReject = 2 };

// Where a rule of the list came from: for hit counters and explanations.
struct RuleOrigin {
  std::uint16_t number = 0;   // 0: a network service
  config::Service service{};  // when number is 0
  friend bool operator==(const RuleOrigin&, const RuleOrigin&) = default;
};

// In Match::mask.flags and value.flags this flag says that the frame is IP, of either version. A parsed key does not
// have it, so whoever compares a key with a match sets it there.
inline constexpr std::uint16_t kAnyIp = 1U << 15U;

// Outermost VLAN IDs.
struct VlanSet {
  bool untagged = false;
  std::vector<config::VlanRange> ranges;  // ascending, apart from each other

  // Returns true when every frame matches, tagged or not.
  [[nodiscard]] bool IsAny() const { return !untagged && ranges.empty(); }
  [[nodiscard]] bool Contains(bool tagged, std::uint16_t vlan_id) const;
  friend bool operator==(const VlanSet&, const VlanSet&) = default;
};

// What a frame must be, in every respect. The mask also has the flags without which a field is not there at all.
struct Match {
  packet::FlowKey mask{};  // bits of the key that must be as `value`'s; ports and VLAN IDs are not among them
  packet::FlowKey value{};
  std::optional<config::PortRange> source_ports{};
  std::optional<config::PortRange> destination_ports{};
  VlanSet vlans{};
};

struct ListedRule {
  Outcome outcome = Outcome::kReject;
  RuleOrigin origin;
  std::uint32_t first_match = 0;  // in RuleList::matches; any of them will do
  std::uint32_t matches = 0;
};

struct RuleList {
  std::vector<ListedRule> rules;  // the first that matches decides
  std::vector<Match> matches;
};

[[nodiscard]] RuleList ListRules(const config::Filter& filter, config::Direction direction);

// The origins of ListRules(filter, direction).rules, without making them.
[[nodiscard]] std::vector<RuleOrigin> OriginsOf(const config::Filter& filter, config::Direction direction);

[[nodiscard]] const std::vector<config::Rule>& RulesOf(const config::Filter& filter, config::Direction direction);

}  // namespace heliostat::rules
