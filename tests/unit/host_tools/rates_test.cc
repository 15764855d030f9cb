#include "helioctl/show/rates.h"

#include <gtest/gtest.h>

#include <limits>

#include "unit/host_tools/card_fixture.h"

namespace heliostat::helioctl {
namespace {

TEST(Rates, DivideGrowthByTheCardsOwnTime) {
  const Rates rates = RatesBetween(SnapshotAt(10, 1), SnapshotAt(12, 3));
  EXPECT_DOUBLE_EQ(rates.seconds, 2);
  ASSERT_EQ(rates.sessions.size(), 2U);
  const SessionRates& alpha = rates.sessions[0];
  EXPECT_EQ(alpha.name, "alpha");
  EXPECT_TRUE(alpha.active);
  EXPECT_DOUBLE_EQ(alpha.matched_pps, 300);  // (100 + 200) * 2 more in 2 s
  EXPECT_DOUBLE_EQ(alpha.sent_pps, 210);
  EXPECT_DOUBLE_EQ(alpha.sent_bps, 8.0 * 31'500);
  EXPECT_DOUBLE_EQ(alpha.dropped_pps, 90);
  EXPECT_EQ(alpha.worst_drop, "egress_full");
  EXPECT_EQ(rates.sessions[1].name, "beta");
  EXPECT_EQ(rates.sessions[1].reason, "target \"zeek\" is down");
  EXPECT_DOUBLE_EQ(rates.sessions[1].matched_pps, 0);
}

TEST(Rates, SeparateInboundFromOutboundAndCountSkipsByTheirTwoReasons) {
  const Rates rates = RatesBetween(SnapshotAt(10, 1), SnapshotAt(12, 3));
  ASSERT_EQ(rates.interfaces.size(), 1U);
  const InterfaceRates& guest = rates.interfaces[0];
  EXPECT_TRUE(guest.up);
  EXPECT_DOUBLE_EQ(guest.received_pps, 1'000);
  EXPECT_DOUBLE_EQ(guest.received_bps, 8.0 * 100'000);
  EXPECT_DOUBLE_EQ(guest.lost_pps, 5);  // what the port did not take, and what arrived unseen
  EXPECT_DOUBLE_EQ(guest.mirror_in_pps, 70);
  EXPECT_DOUBLE_EQ(guest.mirror_out_pps, 140);
  EXPECT_DOUBLE_EQ(guest.skip_in_pps, 20);
  EXPECT_DOUBLE_EQ(guest.skip_out_pps, 40);
  EXPECT_DOUBLE_EQ(guest.mirror_in_bps, 8.0 * 7'000);
}

TEST(Rates, AreWhatWasCountedSinceWhenALineWasStartedAnew) {
  const Rates rates = RatesBetween(SnapshotAt(10, 1'000), SnapshotAt(11, 2));
  EXPECT_DOUBLE_EQ(rates.sessions[0].matched_pps, 600);
  EXPECT_DOUBLE_EQ(rates.interfaces[0].received_pps, 2'000);
}

TEST(Rates, OfALineThatIsNewAreNotKnownYet) {
  Snapshot before = SnapshotAt(10, 1);
  before.counters = {};
  const Rates rates = RatesBetween(before, SnapshotAt(11, 1'000'000));
  EXPECT_DOUBLE_EQ(rates.sessions[0].matched_pps, 0);
  EXPECT_DOUBLE_EQ(rates.interfaces[0].received_pps, 0);
}

TEST(Rates, AreNotKnownWhenTheClockWasSetBack) {
  const Rates rates = RatesBetween(SnapshotAt(10, 1), SnapshotAt(5, 2));
  EXPECT_DOUBLE_EQ(rates.seconds, 0);
  ASSERT_EQ(rates.sessions.size(), 2U);
  EXPECT_DOUBLE_EQ(rates.sessions[0].matched_pps, 0);
  const Rates same = RatesBetween(SnapshotAt(10, 1), SnapshotAt(10, 2));
  EXPECT_DOUBLE_EQ(same.sessions[0].matched_pps, 0);
}

TEST(Rates, ForgetASessionThatIsGone) {
  Snapshot after = SnapshotAt(12, 3);
  after.sessions.clear();
  after.counters.entries.clear();
  EXPECT_TRUE(RatesBetween(SnapshotAt(10, 1), after).sessions.empty());
}

TEST(Rates, HoldAtTheEdgeOfCounters) {
  Snapshot after = SnapshotAt(11, 1);
  Set(after.counters.entries[0].mutable_matched(), std::numeric_limits<std::uint64_t>::max(), 0);
  const Rates rates = RatesBetween(SnapshotAt(10, 1), after);
  EXPECT_GT(rates.sessions[0].matched_pps, 1e19);
}

}  // namespace
}  // namespace heliostat::helioctl
