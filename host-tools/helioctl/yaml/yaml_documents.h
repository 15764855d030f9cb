// Text -> YAML documents.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <vector>

namespace heliostat::helioctl {

// All of them, also empty ones. Throws YAML::Exception with the place. Ends for every text, where YAML::LoadAll takes
// a token that begins no document (`,`) for one empty document after another until memory ends.
std::vector<YAML::Node> LoadDocuments(const std::string& text);

}  // namespace heliostat::helioctl
