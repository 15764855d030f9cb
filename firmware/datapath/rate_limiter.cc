#include "datapath/rate_limiter.h"

#include <algorithm>

namespace heliostat::datapath {
namespace {

using Wide = unsigned __int128;

constexpr unsigned kTickShift = 8;
constexpr unsigned kByteShift = 20;
constexpr std::uint64_t kTicksPerSecond = std::uint64_t{1'000'000'000} << kTickShift;
constexpr std::uint64_t kSkewTicks = 60 * kTicksPerSecond;
// No burst is longer than 208 days of its rate: arrival times stay far below one turn of the ticks.
constexpr std::uint64_t kMaxToleranceTicks = std::uint64_t{1} << 62U;
constexpr std::uint64_t kDefaultBurstDivisor = 100;  // 10 ms of the rate

constexpr Wide DivideUp(Wide dividend, std::uint64_t divisor) { return (dividend + divisor - 1) / divisor; }

constexpr std::uint64_t ClampTicks(Wide ticks) {
  return static_cast<std::uint64_t>(std::min(ticks, Wide{kMaxToleranceTicks}));
}

}  // namespace

// Costs are rounded up, so that rounding never lets more through than the rate.
RateLimiter::RateLimiter(const RateLimiterSpec& spec, std::uint64_t now_ns) : arrival_ticks_(now_ns << kTickShift) {
  if (spec.packets_per_second != 0) {
    packet_ticks_ = static_cast<std::uint64_t>(DivideUp(kTicksPerSecond, spec.packets_per_second));
    const std::uint64_t burst = spec.burst != 0 ? spec.burst : spec.packets_per_second / kDefaultBurstDivisor;
    tolerance_ticks_ = ClampTicks(Wide{std::max<std::uint64_t>(burst, 1)} * packet_ticks_);
  } else {
    const std::uint64_t rate = std::max<std::uint64_t>(spec.bits_per_second, 1);
    byte_ticks_q20_ = static_cast<std::uint64_t>(DivideUp(Wide{8 * kTicksPerSecond} << kByteShift, rate));
    const std::uint64_t burst = spec.burst != 0 ? spec.burst : rate / kDefaultBurstDivisor;
    tolerance_ticks_ =
        std::max(ClampTicks(DivideUp(Wide{burst} * kTicksPerSecond, rate)), CostTicks(spec.largest_copy_bytes));
  }
}

std::uint64_t RateLimiter::CostTicks(std::uint32_t bytes) const {
  if (packet_ticks_ != 0) return packet_ticks_;
  const Wide scaled = Wide{bytes} * byte_ticks_q20_ + ((std::uint64_t{1} << kByteShift) - 1);
  return ClampTicks(scaled >> kByteShift);
}

std::uint64_t RateLimiter::TakeBurst(std::uint64_t now_ns, std::span<const std::uint32_t> bytes) {
  const std::uint64_t now = now_ns << kTickShift;
  std::uint64_t arrival = arrival_ticks_.load(std::memory_order_relaxed);
  std::uint64_t kept = 0;
  std::uint64_t ahead = 0;
  do {
    kept = 0;
    // `ahead` is how far the arrival time is ahead of now, modulo one turn of the ticks. A distance that no worker's
    // clock can explain means an arrival time in the past: the bucket is full.
    ahead = arrival - now;
    if (ahead > tolerance_ticks_ + kSkewTicks) ahead = 0;
    for (std::size_t i = 0; i < bytes.size() && i < kMaxBurst; ++i) {
      const std::uint64_t after = ahead + CostTicks(bytes[i]);
      if (after > tolerance_ticks_) continue;
      ahead = after;
      kept |= std::uint64_t{1} << i;
    }
    // Relaxed: the arrival time guards no other data.
  } while (kept != 0 && !arrival_ticks_.compare_exchange_weak(arrival, now + ahead, std::memory_order_relaxed));
  return kept;
}

}  // namespace heliostat::datapath
