#include "agent/epoch.h"

#include <utility>

namespace heliostat::agent {

Result<MadeEpoch> MakeEpoch(std::shared_ptr<const config::Config> config,
                            const std::vector<config::Interface>& interfaces, const TablesOptions& options,
                            const Epoch& earlier, const Registry& earlier_registry) {
  MadeEpoch made;
  Result<Plan> plan = MakePlan(config, interfaces);
  if (!plan.ok()) return plan.status();
  made.epoch.plan = std::move(*plan);

  const bool first = earlier.plan.config == nullptr;
  const rules::Earlier before{first ? *config : *earlier.plan.config, earlier.compiled};
  Result<rules::Compiled> compiled = rules::Compile(*config, first ? nullptr : &before);
  if (!compiled.ok()) return compiled.status();
  made.epoch.compiled = std::move(*compiled);

  made.registry = earlier_registry.For(*config, &made.released);
  Result<std::unique_ptr<datapath::Tables>> tables =
      BuildTables(made.epoch.plan, made.epoch.compiled, options, earlier, made.registry);
  if (!tables.ok()) return tables.status();
  made.epoch.tables = std::move(*tables);
  return made;
}

}  // namespace heliostat::agent
