// What readers on other threads see of the configuration and how it fares: immutable, made anew when something changes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/report.h"
#include "config/config.h"
#include "storage/generation_store.h"

namespace heliostat::control {

struct Published {
  std::uint64_t generation = 0;
  std::shared_ptr<const config::Config> config;
  std::vector<agent::SessionReport> sessions;  // by name
  std::vector<agent::TargetReport> targets;    // by name
  std::vector<storage::GenerationInfo> kept;   // oldest first
  std::uint64_t confirm_by_ns = 0;             // monotonic; 0: nothing waits
  std::uint64_t flash_bytes = 0;
  std::uint64_t flash_used_bytes = 0;
  std::vector<std::string> remarks;
};

}  // namespace heliostat::control
