// The units of one resource (proto/mirror.proto), from its metadata and its spec.
#pragma once

#include <vector>

#include "config/difference.h"
#include "helioctl/yaml/yaml_value.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {

// The owner first, then its chunks: rules and sources in ascending order, members as they are given. Null: there is
// none, which has been said.
[[nodiscard]] std::vector<v1::Unit> ReadUnits(config::Kind kind, const Mapping* metadata, const Mapping* spec);

}  // namespace heliostat::helioctl
