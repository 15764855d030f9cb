// The spec of a session.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "helioctl/yaml/yaml_value.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {

inline constexpr std::array<std::string_view, 14> kSessionFields{
    "number", "tier",      "enabled",      "sources", "filter",   "target",    "direction",
    "vni",    "sessionId", "packetLength", "percent", "sampling", "rateLimit", "forwardedOnly"};

// The session's unit, then its sources in ascending order.
void ReadSession(const Mapping& spec, const v1::Metadata& metadata, std::vector<v1::Unit>& units);

}  // namespace heliostat::helioctl
