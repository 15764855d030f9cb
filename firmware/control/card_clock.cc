#include "control/card_clock.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <string>

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kStepNs = 60'000'000'000;  // leap seconds and NTP's first small corrections are less

// `2026-11-22T04:48:29Z` (RFC 3339).
std::string TimeText(std::uint64_t time_ns) {
  const auto seconds = static_cast<std::time_t>(time_ns / kSecondNs);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

// A certificate that never ends, and a time that was set by its leave, must not wrap around.
std::uint64_t Sum(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return b > most - a ? most : a + b;
}

std::uint64_t NsOf(std::uint64_t seconds) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return seconds > most / kSecondNs ? most : seconds * kSecondNs;
}

}  // namespace

CardClock::CardClock(hal::Clock& system, std::uint64_t bound_ns)
    : system_(system), bound_ns_(bound_ns), floor_ns_(bound_ns), floor_at_ns_(system.MonotonicNs()) {}

CardClock::Now CardClock::Read() {
  const std::lock_guard lock(mutex_);
  const std::uint64_t monotonic_ns = system_.MonotonicNs();
  const std::uint64_t system_ns = system_.WallNs();
  const std::uint64_t floor_ns = Sum(floor_ns_, monotonic_ns - floor_at_ns_);
  if (left_out_ns_) {
    const std::int64_t stepped_ns = static_cast<std::int64_t>(system_ns - monotonic_ns) - *left_out_ns_;
    if (stepped_ns > -kStepNs && stepped_ns < kStepNs) return {floor_ns, floor_ns};
  }
  return {std::max(system_ns, floor_ns), floor_ns};
}

std::uint64_t CardClock::WallNs() { return Read().time_ns; }

std::uint64_t CardClock::NowS() { return WallNs() / kSecondNs; }

Status CardClock::CheckTime(std::uint64_t time_ns) const {
  if (time_ns >= bound_ns()) return {};
  return {Code::kFailedPrecondition, "time",
          "it is before " + TimeText(bound_ns()) + ", which this card has already seen", "set a later time"};
}

void CardClock::Set(std::uint64_t time_ns) {
  const std::lock_guard lock(mutex_);
  floor_ns_ = time_ns;
  floor_at_ns_ = system_.MonotonicNs();
  left_out_ns_ = static_cast<std::int64_t>(system_.WallNs() - floor_at_ns_);
  bound_ns_.store(time_ns, std::memory_order_relaxed);
}

std::uint64_t CardClock::NextBoundNs(const hal::Certificate& own) {
  const Now now = Read();
  const std::uint64_t proven_ns = std::min(now.time_ns, NsOf(own.not_before_s));
  return std::max(bound_ns(), std::min(std::max(now.floor_ns, proven_ns), NsOf(own.not_after_s)));
}

void CardClock::RaiseBound(std::uint64_t bound_ns) {
  const std::lock_guard lock(mutex_);
  bound_ns_.store(std::max(bound_ns, this->bound_ns()), std::memory_order_relaxed);
  const std::uint64_t monotonic_ns = system_.MonotonicNs();
  if (Sum(floor_ns_, monotonic_ns - floor_at_ns_) >= bound_ns) return;
  floor_ns_ = bound_ns;
  floor_at_ns_ = monotonic_ns;
}

}  // namespace heliostat::control
