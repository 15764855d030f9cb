// Config -> per interface and direction: which policy judges, and which session each of its slots is. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "rules/classifier.h"

namespace heliostat::rules {

// One (interface, direction). `sessions[slot]` is an index into Config::sessions: enabled ones of that direction whose
// filter has a rule or a service for it, ascending by number. No policy when there is none.
struct InterfacePolicy {
  std::shared_ptr<const Policy> policy;
  std::vector<std::uint32_t> sessions;
};

struct CompiledInterface {
  std::string name;
  std::array<InterfacePolicy, 2> directions;  // by config::Direction
};

// By index of Config::filters and direction: null where no session needs it.
using FilterTables = std::vector<std::array<std::shared_ptr<const FilterTable>, 2>>;

struct Compiled {
  std::vector<CompiledInterface> interfaces;  // those that are a source of an enabled session, ascending by name
  FilterTables tables;
  std::size_t policies = 0;      // distinct ones: interfaces with the same filters share
  std::size_t memory_bytes = 0;  // of all policies and filters' tables
};

// What was compiled before, all of one configuration.
struct Earlier {
  const config::Config& config;
  const FilterTables& tables;
};

// `config` is valid. A filter that is as it was in `earlier` (may be null) is not compiled again. kNotFound: a
// session's filter is missing. kResourceExhausted: an interface is the source of more than Policy::kMaxSlots sessions.
[[nodiscard]] Result<Compiled> Compile(const config::Config& config, const Earlier* earlier = nullptr);

// One policy from a tuple of at most Policy::kMaxSlots filters, e.g. for tests and benchmarks.
[[nodiscard]] std::shared_ptr<const Policy> CompilePolicy(std::span<const config::Filter* const> filters,
                                                          config::Direction direction);

}  // namespace heliostat::rules
