// A configuration from YAML files, and the checks that the card itself would make.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <vector>

#include "config/validate.h"
#include "helioctl/cli/problem.h"
#include "helioctl/yaml/mirror_yaml.h"

namespace heliostat::helioctl {

struct Configuration {
  std::vector<Resource> resources;  // in order
  std::string bytes;                // the stream of units
};

// Reads `paths` (files, directories, "-"). When something is wrong: adds to `problems`, and the result is not to be
// used.
Configuration ReadConfiguration(const std::vector<std::string>& paths, std::istream& standard_input,
                                std::vector<Problem>& problems);

// Decodes the bytes and judges the whole as the card does: the first error, at its place in the YAML.
void CheckAsCard(const Configuration& configuration, const config::Card& card, std::vector<Problem>& problems);

// Does it name interfaces, which only a card or a board knows?
bool NamesInterfaces(const Configuration& configuration);

// `3 targets, 2 filters (45 rules), 4 sessions`.
std::string Summary(const Configuration& configuration);

}  // namespace heliostat::helioctl
