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

struct TablesOptions {
  std::uint8_t hardware_id = 0;
  std::uint64_t seed = 0;    // of flow sampling
  std::uint64_t now_ns = 0;  // monotonic
};

// All that one epoch is made of.
struct Epoch {
  Plan plan;
  rules::Compiled compiled;
  std::unique_ptr<datapath::Tables> tables;
};

// The tables get no epoch number here. `registry` is the new epoch's, made from that of `earlier`; what the tables need
// and it lacks is added to it. Source tables and the loop guard are shared with `earlier` where nothing has changed.
// kInvalidArgument names the session.
[[nodiscard]] Result<std::unique_ptr<datapath::Tables>> BuildTables(const Plan& plan, const rules::Compiled& compiled,
                                                                    const TablesOptions& options, const Epoch& earlier,
                                                                    Registry& registry);

}  // namespace heliostat::agent
