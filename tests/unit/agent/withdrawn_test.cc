// Rights that are taken back while sessions use them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/agent.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using datapath::Column;
using support::Ethernet;
using support::MirrorAll;
using support::RingCard;
using support::Shared;
using support::SmallCard;

// Bob's session mirrors his "guest" to alice's target, which is shared with him.
config::Config BobsSession() {
  config::Config config = MirrorAll();
  config.interfaces = {{.name = "guest", .owner = "bob"}};
  config.targets[0].metadata.owner = "alice";
  config.targets[0].shared_with = {"bob"};
  config.sessions[0].metadata.owner = "bob";
  return config;
}

Result<SessionReport> ReportOf(RingCard& card, const config::Config& config) {
  const Result<Applied> applied = card.agent().Apply(Shared(config));
  if (!applied.ok()) return applied.status();
  return applied.value().sessions.at(0);
}

void SendOne(RingCard& card) {
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  card.Take("wire");
}

TEST(Withdrawn, ShareMakesTheSessionInactiveWhichStillDecides) {
  RingCard card(SmallCard());
  config::Config config = BobsSession();
  // The admin's session comes behind it, and would take what it does not.
  config::Session second = config.sessions[0];
  second.metadata = {};
  second.metadata.name = "second";
  second.number = 2;
  second.tunnel_id = 8;
  config.sessions.push_back(second);
  card.Apply(config);
  SendOne(card);
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 1U);

  config.targets[0].shared_with.clear();
  const auto report = ReportOf(card, config);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_FALSE(report.value().active);
  EXPECT_EQ(report.value().reason, "the owner of target \"to\" no longer shares it with \"bob\"");
  card.Take("analyser");
  SendOne(card);
  const auto line = card.Ledger("all", "guest", Direction::kOutbound);
  EXPECT_EQ(line[Column::kMatched].packets, 2U) << "counters go on";
  EXPECT_EQ(line[Column::kTargetDown].packets, 1U);
  EXPECT_TRUE(line.Balances());
  EXPECT_EQ(card.Ledger("second", "guest", Direction::kOutbound)[Column::kMatched].packets, 0U)
      << "first match decides";
  EXPECT_THAT(card.Take("analyser"), testing::IsEmpty());

  config.targets[0].shared_with = {"carol", "bob"};
  EXPECT_TRUE(ReportOf(card, config).value().active);
  SendOne(card);
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 2U) << "shared again";
  card.Take("analyser");
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

TEST(Withdrawn, InterfaceMakesNoCopiesForItsFormerOwner) {
  RingCard card(SmallCard());
  config::Config config = BobsSession();
  config.interfaces[0].owner = "carol";
  const auto alone = ReportOf(card, config);
  ASSERT_TRUE(alone.ok()) << alone.status().ToString();
  EXPECT_FALSE(alone.value().active);
  EXPECT_EQ(alone.value().reason, "interface \"guest\" does not belong to \"bob\" any more");
  SendOne(card);
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kTargetDown].packets, 1U);

  config.interfaces.push_back({.name = "wire", .owner = "bob"});
  config.sessions[0].sources = {"guest", "wire"};
  const auto both = ReportOf(card, config);
  ASSERT_TRUE(both.ok());
  EXPECT_TRUE(both.value().active) << "in part";
  EXPECT_THAT(both.value().reason, testing::HasSubstr("\"guest\""));
  SendOne(card);
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kTargetDown].packets, 2U);
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kOutbound)[Column::kSent].packets, 1U);
}

TEST(Withdrawn, MemberOfAGroupGetsNoCopiesAndTheOthersKeepTheirFlows) {
  RingCard card(SmallCard());
  config::Config config = support::MirrorToGroup();
  config.targets[0].metadata.owner = "alice";
  config.targets[1].metadata.owner = "alice";
  config.targets[2].metadata.owner = "bob";
  const auto report = ReportOf(card, config);
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_TRUE(report.value().active);
  EXPECT_EQ(report.value().reason, "the owner of target \"m3\" no longer shares it with \"alice\"");
  for (std::uint8_t flow = 0; flow < 64; ++flow) {
    card.Put("guest", Ethernet().Ipv4().Udp({.source_port = flow}).Payload(20).Build());
  }
  card.Run();
  const auto line = card.Ledger("all", "guest", Direction::kOutbound);
  EXPECT_GT(line[Column::kSent].packets, 0U);
  EXPECT_GT(line[Column::kTargetDown].packets, 0U);
  EXPECT_TRUE(line.Balances());
}

// Bob's target delivers to his guest "sink", which becomes carol's.
TEST(Withdrawn, GuestGetsNoCopiesOfItsFormerOwnerAndCanBeMirrored) {
  support::RingCardOptions options = SmallCard();
  options.ports.push_back({.name = "sink", .kind = config::InterfaceKind::kNfv, .number = 4});
  RingCard card(options);
  config::Config config = MirrorAll();
  config.interfaces = {{.name = "guest", .owner = "bob"}, {.name = "sink", .owner = "bob"}};
  config::Target hers = config.targets[0];
  hers.metadata = {.name = "zeek", .owner = "carol"};
  config.targets[0].metadata.owner = "bob";
  config.targets[0].encapsulation = config::Encapsulation::kNone;
  config.targets[0].remote = {};
  config.targets[0].interface = "sink";
  config.targets.push_back(hers);
  config.sessions[0].metadata.owner = "bob";
  config.sessions[0].tunnel_id.reset();
  card.Apply(config);
  SendOne(card);
  EXPECT_EQ(card.Take("sink").size(), 1U);

  config.interfaces[1].owner = "carol";
  config::Session session = config.sessions[0];
  session.metadata = {.name = "hers", .owner = "carol"};
  session.sources = {"sink"};
  session.target = "zeek";
  config.sessions.push_back(session);
  const Result<Applied> applied = card.agent().Apply(Shared(config));
  ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  EXPECT_FALSE(applied->sessions[0].active);
  EXPECT_EQ(applied->sessions[0].reason, "target \"to\": its owner may not deliver to interface \"sink\"");
  EXPECT_TRUE(applied->sessions[1].active) << applied->sessions[1].reason;
  SendOne(card);
  EXPECT_THAT(card.Take("sink"), testing::IsEmpty());
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kTargetDown].packets, 1U);

  config.interfaces[1].owner = "bob";
  EXPECT_EQ(card.agent().Apply(Shared(config)).status().code(), Code::kFailedPrecondition)
      << "source and target at once";
}

}  // namespace
}  // namespace heliostat::agent
