// From what a card has and what is wanted to the changes in between. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "config/difference.h"
#include "control.pb.h"
#include "helioctl/yaml/kinds.h"

namespace heliostat::helioctl {

// `base` with each resource of `wanted` in the place of the one of its name. An interface without settings that `base`
// does not have stays away: there is nothing to say about it.
[[nodiscard]] config::Config Overlaid(const config::Config& base, const config::Config& wanted);

// `base` without the targets, filters and sessions that `keep` does not have. `owner`: only those of that owner.
[[nodiscard]] config::Config Pruned(const config::Config& base, const config::Config& keep, const std::string* owner);

// `base` without these; what it does not have is added to `missing`.
[[nodiscard]] config::Config Without(const config::Config& base, const std::vector<ResourceName>& names,
                                     std::vector<ResourceName>& missing);

// Is it there?
[[nodiscard]] bool Has(const config::Config& config, const ResourceName& name);

// The smallest changes that make `after` of `before`, in an order that a card takes.
[[nodiscard]] Result<std::vector<v1::Change>> PlanChanges(const config::Config& before, const config::Config& after);

// The resource that a change is about.
[[nodiscard]] ResourceName AboutWhat(const v1::Change& change);

// As many in each request as fit a frame with room to spare.
[[nodiscard]] std::vector<v1::Edit> Batches(std::vector<v1::Change> changes);

}  // namespace heliostat::helioctl
