// Configurations at random, for properties: every field takes several values, also none; names are few, so that two
// of them meet. Not valid ones (a session may name what is not there), but within the contract's bounds.
#pragma once

#include <random>

#include "config/config.h"

namespace heliostat::codec {

config::Config RandomConfig(std::mt19937* random);

// Changes `config` as someone might: some resources go, come, or change in one thing.
config::Config RandomlyChanged(const config::Config& config, std::mt19937* random);

}  // namespace heliostat::codec
