// An epoch is all that is made of one configuration in one state of the world, in this order:
//
//   plan (rights, next hops) -> compile (rules) -> registry (what has a name goes on) -> tables (what workers read)
#pragma once

#include <memory>
#include <vector>

#include "agent/build_tables.h"
#include "agent/plan.h"
#include "agent/registry.h"
#include "base/status.h"
#include "config/config.h"
#include "rules/compile.h"

namespace heliostat::agent {

struct MadeEpoch {
  Epoch epoch;
  Registry registry;
  Released released;  // entries that `earlier` named and this does not
};

// `config` must be valid; `interfaces` are by port. `earlier` and its registry stay unchanged. Returns the errors of
// MakePlan, rules::Compile and BuildTables.
[[nodiscard]] Result<MadeEpoch> MakeEpoch(std::shared_ptr<const config::Config> config,
                                          const std::vector<config::Interface>& interfaces,
                                          const TablesOptions& options, const Epoch& earlier,
                                          const Registry& earlier_registry);

}  // namespace heliostat::agent
