// The spec of a filter.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "helioctl/yaml/yaml_value.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {

// Rules a unit may carry; also the members and the sources (mirror.options).
inline constexpr int kItemsPerChunk = 64;

inline constexpr std::array<std::string_view, 3> kFilterFields{"services", "inbound", "outbound"};

// Adds the filter's unit, with `metadata`, and those of its rules in ascending order of number.
void ReadFilter(const Mapping& spec, const v1::Metadata& metadata, std::vector<v1::Unit>& units);

}  // namespace heliostat::helioctl
