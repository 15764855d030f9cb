// Plan and compiled rules -> the tables that workers read.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/plan.h"
#include "agent/registry.h"
#include "base/status.h"
#include "datapath/tables.h"
#include "rules/compile.h"

namespace heliostat::agent {

// All that one epoch is made of.
struct Epoch {
  Plan plan;
  rules::Compiled compiled;  // of plan.config
  std::unique_ptr<datapath::Tables> tables;
};

struct TablesOptions {
  std::uint8_t hardware_id = 0;
  std::uint64_t seed = 0;    // of flow sampling
  std::uint64_t now_ns = 0;  // monotonic
};

// Without their number. `registry` is the one of this epoch; what the tables need and it lacks is made. What is as it
// was in `earlier`, whose registry it has come from, is shared with it: source tables, the loop guard.
// kInvalidArgument, naming the session.
[[nodiscard]] Result<std::unique_ptr<datapath::Tables>> BuildTables(const Plan& plan, const rules::Compiled& compiled,
                                                                    const TablesOptions& options, const Epoch& earlier,
                                                                    Registry& registry);

}  // namespace heliostat::agent
