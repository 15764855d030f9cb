#include "agent/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/mirror_config.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using support::MirrorAll;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

config::Rule Numbered(std::uint16_t number) {
  config::Rule rule;
  rule.number = number;
  return rule;
}

Registry Next(const Registry& registry, const config::Config& config, Released* released = nullptr) {
  Released ignored;
  return registry.For(config, released != nullptr ? released : &ignored);
}

TEST(Registry, KeepsALedgerEntryByTheNamesOfSessionAndInterface) {
  Registry registry;
  const std::uint32_t entry = registry.LedgerEntry("all", "guest", Direction::kOutbound);
  EXPECT_NE(registry.LedgerEntry("all", "guest", Direction::kInbound), entry);
  EXPECT_NE(registry.LedgerEntry("all", "other", Direction::kOutbound), entry);
  Registry next = Next(registry, MirrorAll());
  EXPECT_EQ(next.LedgerEntry("all", "guest", Direction::kOutbound), entry);
}

TEST(Registry, ReleasesWhatTheConfigurationNamesNoMore) {
  Registry registry;
  const std::uint32_t guest = registry.LedgerEntry("all", "guest", Direction::kInbound);
  const std::uint32_t wire = registry.LedgerEntry("all", "wire", Direction::kInbound);
  const std::uint32_t ended = registry.LedgerEntry("ended", "guest", Direction::kInbound);
  const std::uint32_t last = registry.LedgerEntry("zz", "guest", Direction::kOutbound);
  Released released;
  Registry next = Next(registry, MirrorAll(), &released);
  EXPECT_THAT(released.ledger, UnorderedElementsAre(wire, ended, last));
  EXPECT_EQ(next.LedgerEntry("all", "guest", Direction::kInbound), guest);
  const std::uint32_t anew = next.LedgerEntry("all", "wire", Direction::kInbound);
  EXPECT_THAT(released.ledger, testing::Not(testing::Contains(anew))) << "not before it was freed";
}

TEST(Registry, LeavesTheEarlierOneAsItWas) {
  Registry registry;
  (void)registry.LedgerEntry("all", "guest", Direction::kInbound);
  const auto stream = registry.StreamOf("all", "to");
  Registry next = Next(registry, MirrorAll());
  (void)next.LedgerEntry("all", "wire", Direction::kInbound);
  (void)next.StreamOf("all", "another");
  EXPECT_EQ(registry.sessions().at("all")->sources.size(), 1U);
  EXPECT_EQ(registry.sessions().at("all")->streams.size(), 1U);
  EXPECT_EQ(next.sessions().at("all")->sources.size(), 2U);
  EXPECT_EQ(next.StreamOf("all", "to"), stream);
}

TEST(Registry, KeepsAStreamAsLongAsTheSessionHasThatTarget) {
  Registry registry;
  config::Config config = support::MirrorToGroup();
  const auto m2 = registry.StreamOf("all", "m2");
  const auto m3 = registry.StreamOf("all", "m3");
  config.targets[0].members = {"m3"};
  Registry next = Next(registry, config);
  EXPECT_EQ(next.StreamOf("all", "m3"), m3);
  EXPECT_NE(next.StreamOf("all", "m2"), m2);
}

TEST(Registry, MakesALimiterAnewWhenItsLimitHasChanged) {
  Registry registry;
  config::Config config = MirrorAll();
  config.sessions[0].rate_limit = config::RateLimit{.packets_per_second = 100};
  const auto limiter = registry.LimiterOf(config.sessions[0], 1'000, 0);
  Registry same = Next(registry, config);
  EXPECT_EQ(same.LimiterOf(config.sessions[0], 1'000, 0), limiter);
  config.sessions[0].rate_limit->packets_per_second = 200;
  Registry changed = Next(registry, config);
  EXPECT_NE(changed.LimiterOf(config.sessions[0], 1'000, 0), limiter);
}

TEST(Registry, CountsARuleOnWhereItWasWhenOthersComeAndGo) {
  config::Config config = MirrorAll();
  config.filters[0].services = {config::Service::kDns};
  config.filters[0].inbound = {Numbered(10), Numbered(20), Numbered(30)};
  Registry registry;
  const datapath::HitEntries before = *registry.HitsOf(config.filters[0], Direction::kInbound);
  ASSERT_EQ(before.size(), 4U);

  config.filters[0].inbound = {Numbered(5), Numbered(20), Numbered(30), Numbered(40)};
  Released released;
  Registry next = Next(registry, config, &released);
  const datapath::HitEntries after = *next.HitsOf(config.filters[0], Direction::kInbound);
  ASSERT_EQ(after.size(), 5U);
  EXPECT_EQ(after[0], before[0]) << "the service";
  EXPECT_EQ(after[2], before[2]) << "rule 20";
  EXPECT_EQ(after[3], before[3]) << "rule 30";
  EXPECT_THAT(released.hits, ElementsAre(before[1])) << "rule 10";
  EXPECT_THAT(before, testing::Not(testing::Contains(after[1])));
  EXPECT_THAT(before, testing::Not(testing::Contains(after[4])));
}

TEST(Registry, SharesTheHitsOfAFilterThatIsAsItWas) {
  config::Config config = MirrorAll();
  Registry registry;
  const auto hits = registry.HitsOf(config.filters[0], Direction::kInbound);
  config.filters[0].inbound[0].protocol = 6;  // another match, the same rule
  Registry next = Next(registry, config);
  EXPECT_EQ(next.HitsOf(config.filters[0], Direction::kInbound), hits);
}

TEST(Registry, ReleasesTheHitsOfAFilterThatIsGone) {
  config::Config config = MirrorAll();
  Registry registry;
  const datapath::HitEntries hits = *registry.HitsOf(config.filters[0], Direction::kInbound);
  config.filters.clear();
  Released released;
  EXPECT_THAT(Next(registry, config, &released).hits(), IsEmpty());
  EXPECT_EQ(released.hits, hits);
}

TEST(EntryPool, GivesFreedEntriesFirst) {
  EntryPool pool;
  EXPECT_EQ(pool.Take(), 0U);
  EXPECT_EQ(pool.Take(), 1U);
  pool.Free(0);
  EXPECT_EQ(pool.Take(), 0U);
  EXPECT_EQ(pool.Take(), 2U);
  EXPECT_EQ(pool.used(), 3U);
}

}  // namespace
}  // namespace heliostat::agent
