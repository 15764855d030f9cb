// YAML documents -> units of the wire contract (proto/mirror.proto). What each field means: host-tools/README.md.
//
// Here every document is read by itself: types, ranges, spelling, repeated names. What needs the whole configuration
// (references, limits, interfaces) is judged by the card's own checks, see configuration.h.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/difference.h"
#include "helioctl/cli/problem.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {

struct Resource {
  config::Kind kind;
  std::string name;
  std::string file;
  // For the places of later errors. Pointed to, since assigning to a YAML::Node overwrites what it refers to.
  std::shared_ptr<const YAML::Node> document;
  std::vector<v1::Unit> units;  // the owner, then its chunks
};

// Appends the resources of one file to `resources`, and what is wrong with them to `problems`. Never throws.
void ReadMirrorYaml(const std::string& file, const std::string& text, std::vector<Resource>& resources,
                    std::vector<Problem>& problems);

// Reports names that two resources of a kind share; sorts into the order of a configuration.
void Arrange(std::vector<Resource>& resources, std::vector<Problem>& problems);

}  // namespace heliostat::helioctl
