// Time. Workers ask once a burst.
#pragma once

#include <cstdint>

namespace heliostat::hal {

class Clock {
 public:
  virtual ~Clock() = default;
  // A time that never goes back, for rates and ages. Any thread.
  [[nodiscard]] virtual std::uint64_t MonotonicNs() = 0;
  // The time since 1970-01-01 UTC, for time stamps of copies. Any thread.
  [[nodiscard]] virtual std::uint64_t WallNs() = 0;
};

}  // namespace heliostat::hal
