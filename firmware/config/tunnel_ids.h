// VNIs and ERSPAN session IDs for the sessions that name none.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::config {

inline constexpr std::uint32_t kErspanIds = 1024;  // 0..1023
inline constexpr std::uint32_t kVnis = 1U << 24U;  // 0..16777215

// Makes `picked_ids` right for the rest of `config`, in which names must be sorted and nothing else need be valid. A
// picked VNI is unused on the card, a picked ERSPAN ID unused at its target or, for a group, at every member. Earlier
// picks stay where no session asks for theirs; a new one is drawn from the session's name. kResourceExhausted, naming
// the session, when a target has no ERSPAN ID left.
[[nodiscard]] Status PickTunnelIds(Config& config);

// Returns the session's ID, given or picked; none when its copies carry no ID.
[[nodiscard]] std::optional<std::uint32_t> TunnelIdOf(const Config& config, const Session& session);

}  // namespace heliostat::config
