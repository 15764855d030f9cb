#include "linux/system_clock.h"

#include <ctime>

namespace heliostat::hal::linux_os {
namespace {

std::uint64_t Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::uint64_t SystemClock::MonotonicNs() { return Read(CLOCK_MONOTONIC); }
std::uint64_t SystemClock::WallNs() { return Read(CLOCK_REALTIME); }

std::uint64_t SystemCertificateClock::NowS() { return static_cast<std::uint64_t>(std::time(nullptr)); }

}  // namespace heliostat::hal::linux_os
