// A believable mix of traffic on one link: guests behind the guest side, the world behind the wire side.
#pragma once

#include <cstdint>
#include <vector>

#include "support/traffic/frames.h"
#include "support/traffic/sides.h"

namespace heliostat::traffic {

struct TimedFrame {
  std::uint64_t time_ns = 0;  // since the epoch
  Side side = Side::kGuest;   // where it enters
  Bytes bytes;                // without FCS
};

// Exactly `frames` frames in the order of time. The first conversations are one of each kind, so that a few hundred
// frames hold them all. The same seed gives the same bytes, on every machine.
std::vector<TimedFrame> Generate(std::uint64_t seed, std::size_t frames);

}  // namespace heliostat::traffic
