#include "control/card_clock.h"

#include <gtest/gtest.h>

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

class SettableClock final : public hal::Clock {
 public:
  std::uint64_t MonotonicNs() override { return wall_ns; }
  std::uint64_t WallNs() override { return wall_ns; }
  std::uint64_t wall_ns = 1000 * kSecond;
};

TEST(CardClock, IsTheSystemsBehindTheBound) {
  SettableClock system;
  CardClock clock(system, 900 * kSecond);
  EXPECT_EQ(clock.NowS(), 1000U);
  system.wall_ns += 5 * kSecond;
  EXPECT_EQ(clock.NowS(), 1005U);
}

TEST(CardClock, GoesOnFromTheBoundWhenTheSystemHasNoTime) {
  SettableClock system;
  system.wall_ns = 0;
  CardClock clock(system, 5000 * kSecond);
  EXPECT_EQ(clock.NowS(), 5000U);
  system.wall_ns = 7 * kSecond;
  EXPECT_EQ(clock.NowS(), 5007U);
}

TEST(CardClock, IsNeverBeforeTheBoundEvenIfTheSystemsTimeIsSetBack) {
  SettableClock system;
  CardClock clock(system, 900 * kSecond);
  system.wall_ns = 10 * kSecond;
  EXPECT_EQ(clock.NowS(), 900U);
}

TEST(CardClock, IsMovedForwardAndRefusesToGoBeforeWhatItHasSeen) {
  SettableClock system;
  CardClock clock(system, 900 * kSecond);
  ASSERT_TRUE(clock.CheckTime(2000 * kSecond).ok());
  clock.Set(2000 * kSecond);
  system.wall_ns += 3 * kSecond;
  EXPECT_EQ(clock.NowS(), 2003U);
  EXPECT_EQ(clock.bound_ns(), 2000 * kSecond);
  const Status before = clock.CheckTime(1999 * kSecond);
  EXPECT_EQ(before.code(), Code::kFailedPrecondition);
  EXPECT_FALSE(before.fix().empty());
}

TEST(CardClock, CanBeSetBackAsFarAsTheBound) {
  SettableClock system;
  CardClock clock(system, 900 * kSecond);
  ASSERT_TRUE(clock.CheckTime(950 * kSecond).ok());
  clock.Set(950 * kSecond);
  EXPECT_EQ(clock.NowS(), 950U);
}

}  // namespace
}  // namespace heliostat::control
