// Configurations drawn at random, with every field used: decodable, not necessarily valid as a whole.
#pragma once

#include <random>

#include "config/config.h"

namespace heliostat::helioctl {

using Random = std::mt19937_64;

// Up to `most` resources of each kind. Sorted, with the defaults that the codec fills in.
config::Config RandomConfig(Random& random, std::size_t most);

// Another one: some resources gone, some new, some changed a little.
config::Config Mutated(const config::Config& config, Random& random);

}  // namespace heliostat::helioctl
