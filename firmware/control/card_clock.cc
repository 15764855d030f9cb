#include "control/card_clock.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string>

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

// `2026-11-22T04:48:29Z` (RFC 3339).
std::string TimeText(std::uint64_t time_ns) {
  const auto seconds = static_cast<std::time_t>(time_ns / kSecondNs);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace

CardClock::CardClock(hal::Clock& system, std::uint64_t bound_ns) : system_(system), bound_ns_(bound_ns) {
  // Held at the bound it would stand still until the system's clock came by.
  if (system_.WallNs() < bound_ns) Set(bound_ns);
}

std::uint64_t CardClock::WallNs() {
  const std::uint64_t now = system_.WallNs() + static_cast<std::uint64_t>(offset_ns_.load(std::memory_order_relaxed));
  return std::max(now, bound_ns());
}

std::uint64_t CardClock::NowS() { return WallNs() / kSecondNs; }

Status CardClock::CheckTime(std::uint64_t time_ns) const {
  if (time_ns >= bound_ns()) return {};
  return {Code::kFailedPrecondition, "time",
          "it is before " + TimeText(bound_ns()) + ", which this card has already seen", "set a later time"};
}

void CardClock::Set(std::uint64_t time_ns) {
  offset_ns_.store(static_cast<std::int64_t>(time_ns - system_.WallNs()), std::memory_order_relaxed);
  set_bound_ns(time_ns);
}

}  // namespace heliostat::control
