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

// What was there before, for what is as it was.
struct EarlierTables {
  const Plan& plan;
  const rules::Compiled& compiled;
  const datapath::Tables* tables = nullptr;  // null: none
};

// Without their number. `registry` is the one of the tables to be made; what they need and it lacks is made. What is as
// it was in `earlier`, from whose registry it has come, is shared with it: source tables, the loop guard.
// kInvalidArgument, naming the session.
[[nodiscard]] Result<std::unique_ptr<datapath::Tables>> BuildTables(const Plan& plan, const rules::Compiled& compiled,
                                                                    const TablesOptions& options,
                                                                    const EarlierTables& earlier, Registry& registry);

}  // namespace heliostat::agent
