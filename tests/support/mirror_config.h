// Configurations for tests on support::SmallCard: one session "all" that mirrors everything.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "config/config.h"

namespace heliostat::support {

struct MirrorAllOptions {
  std::string source = "guest";
  std::string egress = "analyser";
  config::Encapsulation encapsulation = config::Encapsulation::kVxlan;
  std::uint16_t packet_length = 0;
  std::uint16_t target_mtu = 0;
  std::uint16_t sample_hundredths = 10'000;
};

// Session "all" (number 1, tunnel ID 7) from `source` by filter "any" to target "to" = 10.9.0.2 behind `egress`, whose
// underlay is 10.9.0.1/24 with neighbour 02:00:00:00:09:02.
config::Config MirrorAll(const MirrorAllOptions& options = {});

inline std::shared_ptr<const config::Config> Shared(config::Config config) {
  return std::make_shared<const config::Config>(std::move(config));
}

// The same mirror, but to a group of 10.9.0.2 and 10.9.0.3, neighbours 02:00:00:00:09:02 and :03.
config::Config MirrorToGroup();

}  // namespace heliostat::support
