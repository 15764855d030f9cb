// Config -> per interface and direction: which policies judge, and which session each of their slots is. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "rules/classifier.h"

namespace heliostat::rules {

// The sessions of one tier at one (interface, direction). `sessions[slot]` is an index into Config::sessions: enabled
// ones of that direction whose filter has a rule or a service for it, ascending by number. No policy when there is
// none.
struct TierPolicy {
  std::shared_ptr<const Policy> policy;
  std::vector<std::uint32_t> sessions;
};

// The policies that judge frames at one (interface, direction).
struct SourcePolicies {
  // The interface's excluded filter, which is asked first: what it accepts no session gets. Null when it has nothing
  // for this direction.
  std::shared_ptr<const Policy> excluded;
  std::uint32_t excluded_filter = 0;  // index into Config::filters, where `excluded` is there
  std::array<TierPolicy, config::kTiers> tiers;

  [[nodiscard]] bool Judges() const;  // there is a policy to ask for verdicts
};

struct CompiledInterface {
  std::string name;
  std::array<SourcePolicies, 2> directions;  // by config::Direction
};

// The tables are by index of Config::filters and by direction; null where no session needs one.
using FilterTables = std::vector<std::array<std::shared_ptr<const FilterTable>, 2>>;

struct Compiled {
  std::vector<CompiledInterface> interfaces;  // sources of enabled sessions, and those with an excluded filter; by name
  FilterTables tables;
  // Policies are by the tuple of their tables, so that whatever has the same filters shares one.
  std::map<std::vector<const FilterTable*>, std::shared_ptr<const Policy>> policies;
  std::uint64_t next_identity = 1;  // of a policy
  std::size_t memory_bytes = 0;     // of all policies and filters' tables
};

// What was compiled before, and the configuration that it was compiled from.
struct Earlier {
  const config::Config& config;
  const Compiled& compiled;
};

// `config` must be valid. A filter that is as it was in `earlier` (may be null) is not compiled again, and a policy of
// the same filters keeps its identity. kNotFound: a filter is missing. kResourceExhausted: an interface is the source
// of more than Policy::kMaxSlots sessions of one tier.
[[nodiscard]] Result<Compiled> Compile(const config::Config& config, const Earlier* earlier = nullptr);

// One policy from a tuple of at most Policy::kMaxSlots filters, for tests and benchmarks.
[[nodiscard]] std::shared_ptr<const Policy> CompilePolicy(std::span<const config::Filter* const> filters,
                                                          config::Direction direction, std::uint64_t identity = 1);

}  // namespace heliostat::rules
