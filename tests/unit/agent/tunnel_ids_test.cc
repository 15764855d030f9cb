#include "agent/tunnel_ids.h"

#include <gtest/gtest.h>

#include <set>

#include "support/mirror_config.h"

namespace heliostat::agent {
namespace {

using config::Encapsulation;

config::Config Sessions(Encapsulation encapsulation, int count) {
  config::Config config = support::MirrorAll({.encapsulation = encapsulation});
  const config::Session one = config.sessions[0];
  config.sessions.clear();
  for (int i = 0; i < count; ++i) {
    config::Session session = one;
    session.metadata.name = "s" + std::to_string(1000 + i);
    session.tunnel_id.reset();
    config.sessions.push_back(session);
  }
  return config;
}

TEST(TunnelIds, KeepWhatASessionAsksFor) {
  config::Config config = Sessions(Encapsulation::kVxlan, 1);
  config.sessions[0].tunnel_id = 0xabcdef;
  EXPECT_EQ(PickTunnelIds(config, {})->at("s1000"), 0xabcdefU);
}

TEST(TunnelIds, ArePickedUnusedOnTheCard) {
  const auto ids = PickTunnelIds(Sessions(Encapsulation::kVxlan, 2000), {});
  std::set<std::uint32_t> distinct;
  for (const auto& [session, id] : *ids) {
    EXPECT_GT(id, 0U);
    EXPECT_LT(id, 1U << 24U);
    distinct.insert(id);
  }
  EXPECT_EQ(distinct.size(), 2000U);
}

TEST(TunnelIds, AreTheSameAfterARestart) {
  EXPECT_EQ(*PickTunnelIds(Sessions(Encapsulation::kVxlan, 100), {}),
            *PickTunnelIds(Sessions(Encapsulation::kVxlan, 100), {}));
}

TEST(TunnelIds, StayWhenOthersCome) {
  const auto before = PickTunnelIds(Sessions(Encapsulation::kErspan2, 500), {});
  config::Config more = Sessions(Encapsulation::kErspan2, 1000);
  std::reverse(more.sessions.begin(), more.sessions.end());
  const auto after = PickTunnelIds(more, *before);
  for (const auto& [session, id] : *before) EXPECT_EQ(after->at(session), id);
}

TEST(TunnelIds, GiveWayToOneThatIsAskedFor) {
  config::Config config = Sessions(Encapsulation::kErspan2, 2);
  const auto before = PickTunnelIds(config, {});
  config.sessions[1].tunnel_id = before->at("s1000");
  const auto after = PickTunnelIds(config, *before);
  EXPECT_EQ(after->at("s1001"), before->at("s1000"));
  EXPECT_NE(after->at("s1000"), before->at("s1000"));
}

TEST(TunnelIds, OfErspanEndAtATargetsThousandth) {
  EXPECT_TRUE(PickTunnelIds(Sessions(Encapsulation::kErspan3, 1024), {}).ok()) << "0 is the last of them";
  const auto ids = PickTunnelIds(Sessions(Encapsulation::kErspan3, 1025), {});
  ASSERT_FALSE(ids.ok());
  EXPECT_EQ(ids.status().code(), Code::kResourceExhausted);
  EXPECT_NE(ids.status().ToString().find("target \"to\""), std::string::npos);
}

TEST(TunnelIds, DifferAtATargetThatSessionsReachInAGroupAndByItself) {
  config::Config config = Sessions(Encapsulation::kErspan2, 200);
  const config::Config members = support::MirrorToGroup();
  config.targets = members.targets;
  for (config::Target& target : config.targets) target.encapsulation = Encapsulation::kErspan2;
  for (std::size_t i = 0; i < config.sessions.size(); ++i) config.sessions[i].target = i % 2 == 0 ? "group" : "m2";
  config.sessions[0].tunnel_id = 77;
  std::set<std::uint32_t> distinct;
  const auto ids = PickTunnelIds(config, {});
  for (const auto& [session, id] : *ids) distinct.insert(id);
  EXPECT_EQ(distinct.size(), 200U);
}

TEST(TunnelIds, AreNotForEncapsulationsWithoutOne) {
  EXPECT_TRUE(PickTunnelIds(Sessions(Encapsulation::kErspan1, 3), {})->empty());
}

}  // namespace
}  // namespace heliostat::agent
