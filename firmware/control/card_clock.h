// The card's own time. A card may have no clock that survives a power cut, so the system's is moved by an offset that
// an admin sets, and is never before a bound that is kept on flash. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/status.h"
#include "hal/clock.h"
#include "hal/secure_channel.h"

namespace heliostat::control {

class CardClock final : public hal::Clock, public hal::CertificateClock {
 public:
  // `bound_ns` as it was read from flash; a system clock before it goes on from there. `system` outlives this.
  CardClock(hal::Clock& system, std::uint64_t bound_ns);

  [[nodiscard]] std::uint64_t WallNs() override;
  [[nodiscard]] std::uint64_t MonotonicNs() override { return system_.MonotonicNs(); }
  [[nodiscard]] std::uint64_t NowS() override;

  // kFailedPrecondition when it is before the bound.
  [[nodiscard]] Status CheckTime(std::uint64_t time_ns) const;
  // From now on it is `time_ns`, which is also the bound: keep that on flash first.
  void Set(std::uint64_t time_ns);

  [[nodiscard]] std::uint64_t bound_ns() const { return bound_ns_.load(std::memory_order_relaxed); }
  void set_bound_ns(std::uint64_t bound_ns) { bound_ns_.store(bound_ns, std::memory_order_relaxed); }

 private:
  hal::Clock& system_;
  std::atomic<std::int64_t> offset_ns_{0};
  std::atomic<std::uint64_t> bound_ns_;
};

}  // namespace heliostat::control
