// A configuration from YAML files, and the checks that the card itself would make.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

#include "helioctl/mirror_yaml.h"
#include "helioctl/problem.h"

namespace heliostat::helioctl {

struct Configuration {
  std::vector<Resource> resources;  // in order
  std::string bytes;                // the stream of units
};

// Reads `paths` (files, directories, "-"). When something is wrong: adds to `problems`, and the result is not to be
// used.
Configuration ReadConfiguration(const std::vector<std::string>& paths, std::istream& standard_input,
                                std::vector<Problem>& problems);

// `3 targets, 2 filters (45 rules), 4 sessions`.
std::string Summary(const Configuration& configuration);

}  // namespace heliostat::helioctl
