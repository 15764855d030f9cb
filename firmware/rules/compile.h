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

// One (interface, direction). `sessions[slot]` is an index into Config::sessions; enabled ones of that direction
// only, ascending by number. No policy when there is none. A session whose filter has nothing for the direction
// keeps its slot, which never decides.
struct InterfacePolicy {
  std::shared_ptr<const Policy> policy;
  std::vector<std::uint32_t> sessions;
};

struct CompiledInterface {
  std::string name;
  std::array<InterfacePolicy, 2> directions;  // by config::Direction
};

struct Compiled {
  std::vector<CompiledInterface> interfaces;  // those that are a source of an enabled session, ascending by name
  std::size_t policies = 0;                   // distinct ones: interfaces with the same filters share
  std::size_t memory_bytes = 0;               // of all policies and filters' tables
};

// `config` is valid. kNotFound: a session's filter is missing. kResourceExhausted: an interface is the source of more
// than Policy::kMaxSlots sessions.
[[nodiscard]] Result<Compiled> Compile(const config::Config& config);

// One policy from a tuple of at most Policy::kMaxSlots filters, e.g. for tests and benchmarks.
[[nodiscard]] std::shared_ptr<const Policy> CompilePolicy(std::span<const config::Filter* const> filters,
                                                          config::Direction direction);

}  // namespace heliostat::rules
