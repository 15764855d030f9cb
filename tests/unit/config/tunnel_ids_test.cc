#include "config/tunnel_ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "support/mirror_config.h"

namespace heliostat::config {
namespace {

Config Sessions(Encapsulation encapsulation, int count) {
  Config config = support::MirrorAll({.encapsulation = encapsulation});
  const Session one = config.sessions[0];
  config.sessions.clear();
  for (int i = 0; i < count; ++i) {
    Session session = one;
    session.metadata.name = "s" + std::to_string(1000 + i);
    session.tunnel_id.reset();
    config.sessions.push_back(session);
  }
  return config;
}

std::map<std::string, std::uint32_t> IdsOf(const Config& config) {
  std::map<std::string, std::uint32_t> ids;
  for (const Session& session : config.sessions) {
    if (const auto id = TunnelIdOf(config, session)) ids.emplace(session.metadata.name, *id);
  }
  return ids;
}

Config Picked(Config config) {
  const Status picked = PickTunnelIds(config);
  EXPECT_TRUE(picked.ok()) << picked.ToString();
  return config;
}

TEST(TunnelIds, AreNotPickedWhereASessionNamesOne) {
  Config config = Sessions(Encapsulation::kVxlan, 1);
  config.sessions[0].tunnel_id = 0xabcdef;
  config = Picked(config);
  EXPECT_EQ(IdsOf(config).at("s1000"), 0xabcdefU);
  EXPECT_TRUE(config.picked_ids.empty());
}

TEST(TunnelIds, ArePickedUnusedOnTheCard) {
  std::set<std::uint32_t> distinct;
  for (const auto& [session, id] : IdsOf(Picked(Sessions(Encapsulation::kVxlan, 2000)))) {
    EXPECT_GT(id, 0U);
    EXPECT_LT(id, 1U << 24U);
    distinct.insert(id);
  }
  EXPECT_EQ(distinct.size(), 2000U);
}

TEST(TunnelIds, StayWhenOthersCome) {
  Config config = Sessions(Encapsulation::kErspan2, 1000);
  // Every other session comes first: if all were drawn at once, those between would have taken IDs of some.
  std::vector<Session> all = config.sessions;
  config.sessions.clear();
  for (std::size_t i = 1; i < all.size(); i += 2) config.sessions.push_back(all[i]);
  config = Picked(config);
  const auto before = IdsOf(config);
  config.sessions = all;
  EXPECT_NE(IdsOf(Picked(Sessions(Encapsulation::kErspan2, 1000))), IdsOf(Picked(config))) << "the order shows";
  config = Picked(config);
  for (const auto& [session, id] : before) EXPECT_EQ(IdsOf(config).at(session), id);
}

TEST(TunnelIds, ThatAreRightAreNotTouched) {
  const Config config = Picked(Sessions(Encapsulation::kErspan2, 700));
  EXPECT_EQ(Picked(config), config);
}

TEST(TunnelIds, GiveWayToOneThatIsAskedFor) {
  Config config = Picked(Sessions(Encapsulation::kErspan2, 2));
  const auto before = IdsOf(config);
  config.sessions[1].tunnel_id = before.at("s1000");
  const auto after = IdsOf(Picked(config));
  EXPECT_EQ(after.at("s1001"), before.at("s1000"));
  EXPECT_NE(after.at("s1000"), before.at("s1000"));
}

TEST(TunnelIds, ArePickedAnewWhenOneIsNoLongerAskedFor) {
  Config config = Sessions(Encapsulation::kErspan2, 2);
  const auto drawn = IdsOf(Picked(config));
  config.sessions[0].tunnel_id = 77;
  config = Picked(config);
  config.sessions[0].tunnel_id.reset();
  EXPECT_EQ(IdsOf(Picked(config)), drawn);
}

TEST(TunnelIds, OfSessionsThatAreGoneAreForgotten) {
  Config config = Picked(Sessions(Encapsulation::kErspan2, 3));
  config.sessions.erase(config.sessions.begin() + 1);
  config = Picked(config);
  ASSERT_EQ(config.picked_ids.size(), 2U);
  EXPECT_EQ(config.picked_ids[1].session, "s1002");
}

TEST(TunnelIds, OfErspanEndAtATargetsThousandth) {
  Picked(Sessions(Encapsulation::kErspan3, 1024));  // 0 is the last of them
  Config config = Sessions(Encapsulation::kErspan3, 1025);
  const Status picked = PickTunnelIds(config);
  EXPECT_EQ(picked.code(), Code::kResourceExhausted);
  EXPECT_NE(picked.ToString().find("target \"to\""), std::string::npos) << picked.ToString();
}

TEST(TunnelIds, DifferAtATargetThatSessionsReachInAGroupAndByItself) {
  Config config = Sessions(Encapsulation::kErspan2, 200);
  const Config members = support::MirrorToGroup();
  config.targets = members.targets;
  for (Target& target : config.targets) target.encapsulation = Encapsulation::kErspan2;
  for (std::size_t i = 0; i < config.sessions.size(); ++i) config.sessions[i].target = i % 2 == 0 ? "group" : "m2";
  config.sessions[0].tunnel_id = 77;
  std::set<std::uint32_t> distinct;
  for (const auto& [session, id] : IdsOf(Picked(config))) distinct.insert(id);
  EXPECT_EQ(distinct.size(), 200U);
}

TEST(TunnelIds, AreNotForEncapsulationsWithoutOne) {
  EXPECT_TRUE(Picked(Sessions(Encapsulation::kErspan1, 3)).picked_ids.empty());
}

// IDs are picked before validation, so sessions may ask for any number.
TEST(TunnelIds, OutOfRangeAreLeftToValidation) {
  Config config = Sessions(Encapsulation::kErspan2, 3);
  config.sessions[0].tunnel_id = 1024;
  config.sessions[1].target = "not there";
  EXPECT_EQ(Picked(config).picked_ids.size(), 1U);
}

}  // namespace
}  // namespace heliostat::config
