// One filter in one direction, compiled for look-ups: which is the first rule that matches a key?
//
// Each rule becomes one or more patterns: a key masked with the pattern's mask must equal its value, byte for byte;
// what a mask can't say (odd port ranges, VLAN lists) is checked beside it. A group holds the patterns with the same
// coarse mask - theirs, with prefixes and ranges shortened to a few lengths - hashed by what the coarse mask leaves.
// Each pattern is in exactly one group, where every key that it matches finds it, and each group is asked until no
// rule of it can come before the best one found: so the answer is the first match, whatever the groups.
// Immutable after Compile; shared by all policies that use the filter. Any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "config/config.h"
#include "packet/flow_key.h"
#include "rules/rule_list.h"

namespace heliostat::rules {

// A FlowKey as words, with what several rules ask of it worked out once.
struct KeyWords {
  explicit KeyWords(const packet::FlowKey& key);

  std::array<std::uint64_t, 8> words;
  std::uint16_t flags;
  std::uint16_t vlan_id;
  std::uint16_t source_port;
  std::uint16_t destination_port;
};

class FilterTable {
 public:
  static constexpr std::uint32_t kNoRule = 0xffffffff;

  [[nodiscard]] static std::shared_ptr<const FilterTable> Compile(const RuleList& list);

  // Returns the index in origins() of the first rule that matches, or kNoRule.
  [[nodiscard]] std::uint32_t Find(const KeyWords& key) const;
  [[nodiscard]] Outcome OutcomeOf(std::uint32_t rule) const { return outcomes_[rule]; }

  // The origins of the rules, in the order of the list that the table was made of.
  [[nodiscard]] std::span<const RuleOrigin> origins() const { return origins_; }
  [[nodiscard]] std::size_t MemoryBytes() const;

 private:
  class Builder;

  struct Pattern {
    std::array<std::uint64_t, 8> value;
    std::uint32_t rule;
    std::uint32_t mask;      // in masks_
    std::uint32_t vlan_set;  // in vlan_sets_; kAnyVlan
    config::PortRange source_ports;
    config::PortRange destination_ports;
  };

  struct Group {
    std::array<std::uint64_t, 8> mask;  // each of its patterns asks for all these bits, or more
    std::uint16_t flags_mask;           // the same bits of all its patterns: a key without them needs no hash
    std::uint16_t flags_value;
    std::uint32_t first_rule;     // the lowest of its patterns
    std::uint32_t bucket_starts;  // where its buckets begin in bucket_starts_
    std::uint32_t bucket_bits;    // it has 2^bucket_bits of them; the start behind the last is its end
  };

  static constexpr std::uint32_t kAnyVlan = 0xffffffff;

  [[nodiscard]] bool Matches(const Pattern& pattern, const KeyWords& key) const;

  std::vector<Group> groups_;                 // ascending by first_rule
  std::vector<std::uint32_t> bucket_starts_;  // in patterns_
  std::vector<Pattern> patterns_;             // by group, bucket, rule
  std::vector<std::array<std::uint64_t, 8>> masks_;
  std::vector<VlanSet> vlan_sets_;
  std::vector<Outcome> outcomes_;    // by rule
  std::vector<RuleOrigin> origins_;  // by rule
};

}  // namespace heliostat::rules
