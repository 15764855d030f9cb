// `vni` and `sessionId` are one number to the card; whoever writes YAML has said which is meant.
#pragma once

#include <vector>

#include "config/config.h"
#include "helioctl/cli/problem.h"
#include "helioctl/yaml/mirror_yaml.h"

namespace heliostat::helioctl {

// Adds a problem for each session whose target wants the other. `config` holds the targets.
void CheckTunnelIds(const std::vector<Resource>& resources, const config::Config& config,
                    std::vector<Problem>& problems);

}  // namespace heliostat::helioctl
