#include "control/standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heliostat::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kSecondNs = 1'000'000'000;

Status Why(const char* reason) { return {Code::kUnavailable, "flash", reason, {}}; }

TEST(Standing, IsWellWhereNothingIsStored) {
  const Standing standing;
  EXPECT_TRUE(standing.well());
  EXPECT_TRUE(standing.readable());
  EXPECT_TRUE(standing.told());
  EXPECT_EQ(standing.confirm_by_ns(), 0U);
  EXPECT_THAT(standing.Remarks(), IsEmpty());
}

TEST(Standing, GoesFromUnreadableOverNotAppliedToApplied) {
  Standing standing;
  standing.Unreadable(Why("is gone"), true);
  EXPECT_FALSE(standing.readable());
  EXPECT_FALSE(standing.applied());
  EXPECT_FALSE(standing.told());
  EXPECT_THAT(standing.Remarks(), ElementsAre("the stored configuration: flash: is gone"));
  standing.NotApplied(Why("has no room"), true);
  EXPECT_TRUE(standing.readable());
  EXPECT_FALSE(standing.applied());
  EXPECT_THAT(standing.Remarks(), ElementsAre("the stored configuration: flash: has no room"));
  standing.Published(0);
  EXPECT_TRUE(standing.well());
  EXPECT_THAT(standing.Remarks(), IsEmpty());
}

TEST(Standing, TriesAStartAgainEachTenSecondsWhereWhatWentWrongMayPass) {
  Standing standing;
  standing.Unreadable(Why("is gone"), true);
  EXPECT_TRUE(standing.TakeStart(5)) << "the first time at once";
  EXPECT_FALSE(standing.TakeStart(10 * kSecondNs + 4));
  EXPECT_TRUE(standing.TakeStart(10 * kSecondNs + 5));
  standing.NotApplied(Why("holds less"), false);
  EXPECT_FALSE(standing.TakeStart(100 * kSecondNs)) << "it does not pass";
}

TEST(Standing, StartsNothingAgainOnceSomethingIsPublished) {
  Standing standing;
  standing.NotApplied(Why("has no room"), true);
  standing.Published(0);
  EXPECT_FALSE(standing.TakeStart(100 * kSecondNs));
}

TEST(Standing, UndoesWhatIsNotConfirmedInTimeAndTriesAgainEachSecond) {
  Standing standing;
  standing.Published(5 * kSecondNs);
  EXPECT_EQ(standing.confirm_by_ns(), 5 * kSecondNs);
  EXPECT_TRUE(standing.well()) << "it only waits";
  EXPECT_FALSE(standing.TakeUndo(5 * kSecondNs - 1));
  EXPECT_TRUE(standing.TakeUndo(5 * kSecondNs));
  standing.Overdue(Why("takes nothing"));
  EXPECT_FALSE(standing.well());
  EXPECT_THAT(standing.Remarks(),
              ElementsAre("a generation that was not confirmed is not undone yet: flash: takes nothing"));
  EXPECT_FALSE(standing.TakeUndo(6 * kSecondNs - 1));
  EXPECT_TRUE(standing.TakeUndo(6 * kSecondNs));
  standing.Published(0);
  EXPECT_TRUE(standing.well());
  EXPECT_EQ(standing.confirm_by_ns(), 0U);
  EXPECT_FALSE(standing.TakeUndo(100 * kSecondNs));
}

TEST(Standing, UndoesNothingOnceItIsConfirmed) {
  Standing standing;
  standing.Published(5 * kSecondNs);
  EXPECT_TRUE(standing.TakeUndo(5 * kSecondNs));
  standing.Overdue(Why("takes nothing"));
  standing.Confirmed();
  EXPECT_TRUE(standing.well());
  EXPECT_EQ(standing.confirm_by_ns(), 0U);
  EXPECT_FALSE(standing.TakeUndo(100 * kSecondNs));
  EXPECT_FALSE(standing.TakeStart(100 * kSecondNs)) << "it runs already";
}

TEST(Standing, StartsWhatIsConfirmedAndDoesNotRun) {
  Standing standing;
  standing.NotApplied(Why("can't be undone"), false);
  standing.WaitsUntil(1);
  EXPECT_FALSE(standing.TakeStart(kSecondNs));
  standing.Confirmed();
  EXPECT_TRUE(standing.TakeStart(kSecondNs));
}

TEST(Standing, IsNotOverdueWhereItIsUndoneAndOnlyWhatCameBehindHasFailed) {
  Standing standing;
  standing.Published(0);
  standing.Overdue(Why("takes nothing"));
  EXPECT_TRUE(standing.well());
  EXPECT_FALSE(standing.TakeUndo(100 * kSecondNs)) << "it would undo what it has come back to";
}

TEST(Standing, IsToldAnewOfEachThingThatHappens) {
  Standing standing;
  const auto untold = [&standing] {
    const bool was = !standing.told();
    standing.set_told(true);
    return was;
  };
  standing.Unreadable(Why("a"), true);
  EXPECT_TRUE(untold());
  standing.NotApplied(Why("b"), true);
  EXPECT_TRUE(untold());
  standing.WaitsUntil(1);
  EXPECT_TRUE(untold());
  standing.Overdue(Why("c"));
  EXPECT_TRUE(untold());
  standing.Confirmed();
  EXPECT_TRUE(untold());
  standing.Published(0);
  EXPECT_TRUE(untold());
  EXPECT_FALSE(untold());
}

}  // namespace
}  // namespace heliostat::control
