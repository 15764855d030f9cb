// The card's own time. A card may have no clock that survives a power cut, and the system's may be stepped at any
// moment (NTP), also wrongly for a while. So the time is the later one of two:
//
//   the system's clock, as it is at this moment: a step of it counts at once, and is gone when it is stepped back;
//   a floor: the bound that is kept on flash, or what an admin has set, and what has passed since by the monotonic
//   clock.
//
// What an admin sets is the time from then on, also where the system's clock is later: that is left out until it is
// stepped, by a minute or more, which shows that somebody keeps it. Then it counts again: set_time and NTP never add
// up. Back behind the floor no clock leads, only an admin, and as far as the bound.
//
// The bound only rises, and what makes it too high can't be mended: it follows the floor, never the system's clock, but
// to a time that the card's own certificate proves. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/status.h"
#include "hal/clock.h"
#include "hal/secure_channel.h"

namespace heliostat::control {

class CardClock final : public hal::Clock, public hal::CertificateClock {
 public:
  // `bound_ns` as it was read from flash. `system` outlives this.
  CardClock(hal::Clock& system, std::uint64_t bound_ns);

  [[nodiscard]] std::uint64_t WallNs() override;
  [[nodiscard]] std::uint64_t MonotonicNs() override { return system_.MonotonicNs(); }
  [[nodiscard]] std::uint64_t NowS() override;

  // kFailedPrecondition when it is before the bound.
  [[nodiscard]] Status CheckTime(std::uint64_t time_ns) const;
  // From now on it is `time_ns`, which is also the bound: keep that on flash first.
  void Set(std::uint64_t time_ns);

  [[nodiscard]] std::uint64_t bound_ns() const { return bound_ns_.load(std::memory_order_relaxed); }
  // How far the bound may rise now: to the floor, or the beginning of the card's certificate where the time is past
  // that; never past its end, when nobody could connect any more. Not before the bound.
  [[nodiscard]] std::uint64_t NextBoundNs(const hal::Certificate& own);
  // It is on its way to flash, before all that is written from now on.
  void RaiseBound(std::uint64_t bound_ns);

 private:
  struct Now {
    std::uint64_t time_ns = 0;
    std::uint64_t floor_ns = 0;
  };
  [[nodiscard]] Now Read();

  hal::Clock& system_;
  std::atomic<std::uint64_t> bound_ns_;
  std::mutex mutex_;
  std::uint64_t floor_ns_;  // at that monotonic time
  std::uint64_t floor_at_ns_;
  std::optional<std::int64_t> left_out_ns_;  // the system's clock less the monotonic one, when an admin set the time
};

}  // namespace heliostat::control
