// VNIs and ERSPAN session IDs for the sessions that name none.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::agent {

using TunnelIds = std::map<std::string, std::uint32_t, std::less<>>;  // by session

// One ID for each session, those given included. A picked VNI is unused on the card, a picked ERSPAN ID unused at its
// target or, for a group, at every member. It is drawn from the session's name, so that it is the same after a restart;
// `previous` picks stay. kResourceExhausted when a target has no ERSPAN ID left.
[[nodiscard]] Result<TunnelIds> PickTunnelIds(const config::Config& config, const TunnelIds& previous);

// The target's encapsulation; of a group, that of its members.
[[nodiscard]] config::Encapsulation EncapsulationOf(const config::Config& config, const config::Target& target);

}  // namespace heliostat::agent
