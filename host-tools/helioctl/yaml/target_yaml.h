// The specs of an underlay and a target.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "helioctl/yaml/yaml_value.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {

inline constexpr std::array<std::string_view, 6> kUnderlayFields{"addresses",  "gateways", "routes",
                                                                 "neighbours", "mtu",      "vlanId"};
inline constexpr std::array<std::string_view, 11> kTargetFields{
    "encapsulation", "remote",      "interface",         "vlanId",     "mtu",    "dscp",
    "ttl",           "udpChecksum", "platformSubheader", "sharedWith", "members"};

void ReadUnderlay(const Mapping& spec, const std::string& interface, std::vector<v1::Unit>& units);

// A group's members follow in chunks.
void ReadTarget(const Mapping& spec, const v1::Metadata& metadata, std::vector<v1::Unit>& units);

}  // namespace heliostat::helioctl
