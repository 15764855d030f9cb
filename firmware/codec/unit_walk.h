// The units of one resource as messages, one after another in the same memory: its header unit, then its chunks.
#pragma once

#include <mirror.pb.h>

#include <functional>

#include "base/status.h"
#include "config/config.h"
#include "config/difference.h"

namespace heliostat::codec {

inline constexpr std::size_t kChunkElements = 64;

// Fills `unit` and calls `take`, once a unit, but for the first `skip` of them. Returns the first error.
Status WalkUnits(const config::Config& config, config::Kind kind, std::size_t index, bool whole, std::size_t skip,
                 heliostat_v1_Unit* unit, const std::function<Status()>& take);

}  // namespace heliostat::codec
