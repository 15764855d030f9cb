#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/epoch.h"
#include "plan_interfaces.h"
#include "support/mirror_config.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using config::Encapsulation;

using Built = MadeEpoch;

Result<Built> BuildOn(const config::Config& config, const std::vector<config::Interface>& interfaces,
                      const Built& earlier = {}) {
  return MakeEpoch(support::Shared(config), interfaces, {}, earlier.epoch, earlier.registry);
}

const datapath::SourceTable* SourceOf(const Built& built, std::size_t port, Direction direction) {
  return built.epoch.tables->ports.at(port).directions[static_cast<std::size_t>(direction)].get();
}

const datapath::Member& FirstMember(const Built& built) {
  return SourceOf(built, 0, Direction::kInbound)->tiers.at(0).plans.at(0).members.at(0);
}

TEST(BuildTables, LetsATunnelCopyFillTheMtu) {
  const auto built = BuildOn(support::MirrorAll(), Interfaces());
  ASSERT_TRUE(built.ok()) << built.status().ToString();
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 1500U - 36U);
  EXPECT_EQ(FirstMember(*built).tagged_extra_bytes, 0);
}

TEST(BuildTables, KeepsATunnelCopyWithinWhatThePortCarries) {
  auto interfaces = Interfaces();
  interfaces[1].mtu = 65'535;
  interfaces[1].max_send_bytes = 65'535;
  const auto built = BuildOn(support::MirrorAll(), interfaces);
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 65'535U - 50U);
}

TEST(BuildTables, GivesAPlainCopyTheLinkHeaderAndItsOwnTag) {
  config::Config config = support::MirrorAll();
  config.targets[0] = {};
  config.targets[0].metadata.name = "to";
  config.targets[0].encapsulation = Encapsulation::kNone;
  config.targets[0].interface = "recorder";
  config.sessions[0].tunnel_id.reset();
  const auto built = BuildOn(config, Interfaces());
  ASSERT_TRUE(built.ok()) << built.status().ToString();
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 1514U);
  EXPECT_EQ(FirstMember(*built).tagged_extra_bytes, 4);
}

TEST(BuildTables, LeavesAVlanCopyRoomForItsTag) {
  config::Config config = support::MirrorAll();
  config.targets[0] = {};
  config.targets[0].metadata.name = "to";
  config.targets[0].encapsulation = Encapsulation::kVlan;
  config.targets[0].interface = "analyser";
  config.targets[0].vlan_id = 200;
  config.sessions[0].tunnel_id.reset();
  auto interfaces = Interfaces();
  interfaces[1].max_send_bytes = 1514;
  interfaces[1].send_tag_bytes = 4;
  const auto built = BuildOn(config, interfaces);
  ASSERT_TRUE(built.ok()) << built.status().ToString();
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 1514U) << "1,518 on the wire, tag included";
  EXPECT_EQ(FirstMember(*built).tagged_extra_bytes, 0);
}

// Two guests with a session each, by filters of their own.
config::Config TwoGuests() {
  config::Config config = support::MirrorAll();
  config.filters.push_back(config.filters[0]);
  config.filters[1].metadata.name = "other";
  config.sessions.push_back(config.sessions[0]);
  config.sessions[1].metadata.name = "second";
  config.sessions[1].sources = {"recorder"};
  config.sessions[1].filter = "other";
  config.sessions[1].tunnel_id = 8;
  return config;
}
constexpr std::size_t kRecorder = 2;

TEST(BuildTables, SharesEverySourceAndTheGuardWhenNothingHasChanged) {
  const auto before = BuildOn(TwoGuests(), Interfaces());
  ASSERT_TRUE(before.ok());
  const auto after = BuildOn(TwoGuests(), Interfaces(), *before);
  ASSERT_TRUE(after.ok());
  for (const Direction direction : {Direction::kInbound, Direction::kOutbound}) {
    ASSERT_NE(SourceOf(*before, 0, direction), nullptr);
    EXPECT_EQ(SourceOf(*before, 0, direction), SourceOf(*after, 0, direction));
    EXPECT_EQ(SourceOf(*before, kRecorder, direction), SourceOf(*after, kRecorder, direction));
  }
  EXPECT_EQ(before->epoch.tables->guard, after->epoch.tables->guard);
}

// Each of these changes what the first guest's copies are made of, and nothing of the second's.
TEST(BuildTables, MakesOnlyThatSourceAnewOfWhichSomethingHasChanged) {
  const std::vector<std::pair<const char*, void (*)(config::Config&)>> changes = {
      {"a rule", [](config::Config& c) { c.filters[0].inbound[0].protocol = c.filters[0].outbound[0].protocol = 6; }},
      {"its session's ID", [](config::Config& c) { c.sessions[0].tunnel_id = 9; }},
      {"its session's length", [](config::Config& c) { c.sessions[0].packet_length = 100; }},
      {"a session before it",
       [](config::Config& c) {
         c.sessions.insert(c.sessions.begin(), c.sessions[0]);
         c.sessions[0].metadata.name = "aa";
         c.sessions[0].number = 200;
         c.sessions[0].tunnel_id = 10;
       }},
      {"what is excluded there", [](config::Config& c) { c.interfaces = {{.name = "guest", .excluded = "other"}}; }},
      {"its tier", [](config::Config& c) { c.sessions[0].tier = 2; }},
      {"a target of its own",
       [](config::Config& c) {
         c.targets.push_back(c.targets[0]);
         c.targets[1].metadata.name = "zz";
         c.targets[1].ttl = 7;
         c.sessions[0].target = "zz";
       }},
  };
  const auto before = BuildOn(TwoGuests(), Interfaces());
  ASSERT_TRUE(before.ok());
  for (const auto& [what, change] : changes) {
    SCOPED_TRACE(what);
    config::Config config = TwoGuests();
    change(config);
    const auto after = BuildOn(config, Interfaces(), *before);
    ASSERT_TRUE(after.ok()) << after.status().ToString();
    EXPECT_NE(SourceOf(*before, 0, Direction::kInbound), SourceOf(*after, 0, Direction::kInbound));
    EXPECT_EQ(SourceOf(*before, kRecorder, Direction::kInbound), SourceOf(*after, kRecorder, Direction::kInbound));
  }
}

TEST(BuildTables, MakesSourcesAnewWhenTheWorldChangesUnderThem) {
  const auto before = BuildOn(TwoGuests(), Interfaces());
  ASSERT_TRUE(before.ok());
  config::Config moved = TwoGuests();
  moved.underlays[0].neighbours[0].mac.bytes[5] ^= 1U;
  const auto next_hop = BuildOn(moved, Interfaces(), *before);
  ASSERT_TRUE(next_hop.ok());
  EXPECT_NE(SourceOf(*before, 0, Direction::kInbound), SourceOf(*next_hop, 0, Direction::kInbound));
  EXPECT_NE(SourceOf(*before, kRecorder, Direction::kInbound), SourceOf(*next_hop, kRecorder, Direction::kInbound));

  auto interfaces = Interfaces();
  interfaces[1].mtu = 1400;  // of the egress
  const auto smaller = BuildOn(TwoGuests(), interfaces, *before);
  ASSERT_TRUE(smaller.ok());
  EXPECT_EQ(FirstMember(*smaller).max_inner_bytes, 1400U - 36U);
}

TEST(BuildTables, MakesASourceAnewWhenARightIsTakenBack) {
  config::Config config = TwoGuests();
  config.interfaces = {{.name = "guest", .owner = "bob"}};
  config.sessions[0].metadata.owner = "bob";
  config.targets[0].shared_with = {"bob"};
  const auto before = BuildOn(config, Interfaces());
  ASSERT_TRUE(before.ok());
  EXPECT_FALSE(FirstMember(*before).withdrawn);
  config.interfaces[0].owner = "carol";
  const auto after = BuildOn(config, Interfaces(), *before);
  ASSERT_TRUE(after.ok());
  EXPECT_TRUE(FirstMember(*after).withdrawn);
}

TEST(BuildTables, CountsTheRulesOfAFilterInOnePlaceForAllWhoUseIt) {
  config::Config config = TwoGuests();
  config.sessions[1].filter = config.sessions[0].filter;
  const auto built = BuildOn(config, Interfaces());
  ASSERT_TRUE(built.ok());
  const auto& hits = SourceOf(*built, 0, Direction::kInbound)->tiers.at(0).hits.at(0);
  EXPECT_EQ(hits, SourceOf(*built, kRecorder, Direction::kInbound)->tiers.at(0).hits.at(0));
  EXPECT_NE(hits, SourceOf(*built, 0, Direction::kOutbound)->tiers.at(0).hits.at(0)) << "a list a direction";
}

}  // namespace
}  // namespace heliostat::agent
