#include "control/card_clock.h"

#include <gtest/gtest.h>

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kDay = 86'400 * kSecond;
constexpr std::uint64_t kToday = 20'000 * kDay;
const hal::Certificate kOwn{.not_before_s = kToday / kSecond - 86'400, .not_after_s = kToday / kSecond + 100 * 86'400};

class SettableClock final : public hal::Clock {
 public:
  std::uint64_t MonotonicNs() override { return monotonic_ns; }
  std::uint64_t WallNs() override { return wall_ns; }
  void Pass(std::uint64_t time_ns) {
    wall_ns += time_ns;
    monotonic_ns += time_ns;
  }
  std::uint64_t wall_ns = 1000 * kSecond;
  std::uint64_t monotonic_ns = 77 * kSecond;
};

TEST(CardClock, IsTheSystemsBehindTheBound) {
  SettableClock system;
  CardClock clock(system, 900 * kSecond);
  EXPECT_EQ(clock.NowS(), 1000U);
  system.Pass(5 * kSecond);
  EXPECT_EQ(clock.NowS(), 1005U);
}

TEST(CardClock, GoesOnFromTheBoundWhenTheSystemHasNoTime) {
  SettableClock system;
  system.wall_ns = 0;
  CardClock clock(system, 5000 * kSecond);
  EXPECT_EQ(clock.NowS(), 5000U);
  system.Pass(7 * kSecond);
  EXPECT_EQ(clock.NowS(), 5007U);
}

TEST(CardClock, GoesOnFromTheBoundEvenIfTheSystemsTimeIsSetBack) {
  SettableClock system;
  CardClock clock(system, 900 * kSecond);
  system.wall_ns = 10 * kSecond;
  EXPECT_EQ(clock.NowS(), 900U);
  system.Pass(3 * kSecond);
  EXPECT_EQ(clock.NowS(), 903U);
}

TEST(CardClock, IsTheSystemsOnceThatIsSteppedFromNothingToTheTruth) {
  SettableClock system;
  system.wall_ns = 5 * kSecond;  // no battery: 1970
  CardClock clock(system, kToday);
  system.Pass(20 * kSecond);
  system.wall_ns = kToday + 100 * kSecond;  // NTP
  EXPECT_EQ(clock.WallNs(), kToday + 100 * kSecond);
  EXPECT_TRUE(clock.CheckTime(kToday + 100 * kSecond).ok());
}

TEST(CardClock, IsTheSystemsOnceThatIsSteppedAfterAnAdminSetTheTime) {
  SettableClock system;
  system.wall_ns = 5 * kSecond;
  CardClock clock(system, kToday);
  clock.Set(kToday + 50 * kSecond);
  system.Pass(20 * kSecond);
  EXPECT_EQ(clock.WallNs(), kToday + 70 * kSecond);
  system.wall_ns = kToday + 200 * kSecond;  // NTP
  EXPECT_EQ(clock.WallNs(), kToday + 200 * kSecond);
  system.wall_ns = kToday;
  EXPECT_EQ(clock.WallNs(), kToday + 70 * kSecond) << "but never before what was set";
}

TEST(CardClock, KeepsWhatAnAdminSetThroughALeapSecond) {
  SettableClock system;
  system.wall_ns = kToday + kDay;
  CardClock clock(system, kToday);
  clock.Set(kToday);
  system.wall_ns -= kSecond;
  EXPECT_EQ(clock.WallNs(), kToday);
  system.Pass(kDay);
  EXPECT_EQ(clock.WallNs(), kToday + kDay);
}

TEST(CardClock, IsMovedForwardAndRefusesToGoBeforeWhatItHasSeen) {
  SettableClock system;
  CardClock clock(system, 900 * kSecond);
  ASSERT_TRUE(clock.CheckTime(2000 * kSecond).ok());
  clock.Set(2000 * kSecond);
  system.Pass(3 * kSecond);
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

TEST(CardClock, RaisesTheBoundByWhatHasPassedAndNotByAStep) {
  SettableClock system;
  system.wall_ns = kToday + kSecond;
  CardClock clock(system, kToday);
  system.Pass(3 * kDay);
  EXPECT_EQ(clock.NextBoundNs(kOwn), kToday + 3 * kDay);
  system.wall_ns += 56 * 365 * kDay;
  EXPECT_GT(clock.WallNs(), kToday + 50 * 365 * kDay);
  EXPECT_EQ(clock.NextBoundNs(kOwn), kToday + 3 * kDay);
  clock.RaiseBound(clock.NextBoundNs(kOwn));
  system.wall_ns -= 56 * 365 * kDay;
  EXPECT_EQ(clock.WallNs(), kToday + 3 * kDay + kSecond);
  EXPECT_TRUE(clock.CheckTime(clock.WallNs()).ok());
}

TEST(CardClock, RaisesTheBoundToWhatItsCertificateProvesAndNeverPastItsEnd) {
  SettableClock system;
  system.wall_ns = 0;
  CardClock clock(system, 0);
  EXPECT_EQ(clock.NextBoundNs(kOwn), 0U) << "no clock is there yet";
  system.wall_ns = kToday;
  EXPECT_EQ(clock.NextBoundNs(kOwn), kToday - kDay);
  clock.RaiseBound(kToday - kDay);
  system.wall_ns = 0;
  system.Pass(kDay);
  EXPECT_EQ(clock.WallNs(), kToday) << "goes on from there";
  system.Pass(1000 * kDay);
  EXPECT_EQ(clock.NextBoundNs(kOwn), kToday + 100 * kDay);
}

TEST(CardClock, NeverWrapsAround) {
  SettableClock system;
  CardClock clock(system, 0);
  clock.Set(~std::uint64_t{0} - kSecond);
  system.Pass(kDay);
  EXPECT_EQ(clock.WallNs(), ~std::uint64_t{0});
  EXPECT_EQ(clock.NextBoundNs({.not_before_s = 0, .not_after_s = 253'402'300'799}), ~std::uint64_t{0});
}

}  // namespace
}  // namespace heliostat::control
