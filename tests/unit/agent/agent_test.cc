#include "agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/agent_thread.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using datapath::Column;
using support::Ethernet;
using support::MirrorAll;
using support::RingCard;
using support::SmallCard;

TEST(Agent, RefusesWhatIsWrongAndKeepsWhatRuns) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  config::Config wrong = MirrorAll();
  wrong.sessions[0].filter = "none";
  const Result<Applied> applied = card.agent().Apply(wrong);
  ASSERT_FALSE(applied.ok());
  EXPECT_THAT(applied.status().ToString(), testing::HasSubstr("\"none\""));
  EXPECT_EQ(card.agent().generation(), 1U);
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 1U);
}

TEST(Agent, ReportsASessionWithoutNextHopAsInactive) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.underlays[0].neighbours.clear();
  const Result<Applied> applied = card.agent().Apply(config);
  ASSERT_TRUE(applied.ok());
  ASSERT_EQ(applied->sessions.size(), 1U);
  EXPECT_FALSE(applied->sessions[0].active);
  EXPECT_EQ(applied->sessions[0].reason, "target \"to\": no neighbour 10.9.0.2 on \"analyser\"");
}

TEST(Agent, UsesALedgerLineAgainOnlyWhenNoWorkerReadsIt) {
  RingCard card(SmallCard());
  config::Config first = MirrorAll();
  card.Apply(first);
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  config::Config second = MirrorAll();
  second.sessions[0].metadata.name = "other";
  card.Apply(second);
  EXPECT_EQ(card.Ledger("other", "guest", Direction::kOutbound)[Column::kMatched].packets, 0U);
  card.worker().RunOnce();  // now the worker has left the first generation
  config::Config third = MirrorAll();
  third.sessions[0].metadata.name = "third";
  card.Apply(third);
  EXPECT_EQ(card.Ledger("third", "guest", Direction::kOutbound)[Column::kMatched].packets, 0U) << "starts at 0";
}

TEST(Agent, AppliesThroughItsThread) {
  RingCard card(SmallCard());
  AgentThread thread(card.agent());
  const Result<Applied> applied = thread.Apply(std::make_shared<const config::Config>(MirrorAll()));
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->generation, 1U);
  EXPECT_EQ(thread.Read().ledger.size(), 2U) << "one line a direction";
}

TEST(Agent, SharesAPolicyBetweenInterfacesWithTheSameFilters) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.sessions[0].sources = {"guest", "wire"};
  const Result<Applied> applied = card.agent().Apply(config);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->policies, 2U) << "one a direction";
}

}  // namespace
}  // namespace heliostat::agent
