// Where in the YAML is what an error of the card's checks is about?
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "helioctl/cli/problem.h"
#include "helioctl/yaml/mirror_yaml.h"

namespace heliostat::helioctl {

struct Located {
  Place place;          // of the field, or of the nearest that encloses it and can be found
  std::string subject;  // with the names that fields have in YAML
};

Place PlaceOf(const std::string& file, const YAML::Node& node);

// `subject` as the card says it: `filter "web" inbound rule 10 destination_ports`. Nothing: none of `resources`.
std::optional<Located> Locate(const std::vector<Resource>& resources, std::string_view subject);

// Is the field written in the resource's spec?
bool SpecHas(const Resource& resource, std::string_view field);

}  // namespace heliostat::helioctl
