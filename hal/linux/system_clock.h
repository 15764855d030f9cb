// The kernel's clocks, through the vDSO.
#pragma once

#include "hal/clock.h"

namespace heliostat::hal::linux_os {

class SystemClock final : public Clock {
 public:
  std::uint64_t MonotonicNs() override;
  std::uint64_t WallNs() override;
};

}  // namespace heliostat::hal::linux_os
