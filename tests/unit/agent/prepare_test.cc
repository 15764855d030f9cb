#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include <cstdio>

#include "agent/agent.h"
#include "support/failing_memory.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using datapath::Column;
using support::Ethernet;
using support::FailingMemory;
using support::MirrorAll;
using support::RingCard;
using support::Shared;
using support::SmallCard;

TEST(Prepare, ChangesNothingUntilItIsPublished) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  config::Config other = MirrorAll();
  other.sessions[0].metadata.name = "other";
  {
    const Result<Prepared> dropped = card.agent().Prepare(Shared(other));
    ASSERT_TRUE(dropped.ok());
  }
  EXPECT_EQ(card.agent().generation(), 1U);
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 1U);
  Result<Prepared> prepared = card.agent().Prepare(Shared(other));
  ASSERT_TRUE(prepared.ok());
  const Applied applied = card.agent().Publish(std::move(*prepared), 5);
  EXPECT_EQ(applied.generation, 5U);
  EXPECT_EQ(card.agent().generation(), 5U) << "the caller's number";
  ASSERT_EQ(applied.sessions.size(), 1U);
  EXPECT_EQ(applied.sessions[0].name, "other");
}

TEST(Publish, AllocatesNothing) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  for (std::uint64_t generation = 1; generation < 20; ++generation) {
    config.sessions[0].metadata.name = "s" + std::to_string(generation);
    Result<Prepared> prepared = card.agent().Prepare(Shared(config));
    ASSERT_TRUE(prepared.ok());
    const FailingMemory memory(0);
    (void)card.agent().Publish(std::move(*prepared), generation);
    EXPECT_EQ(memory.allocations(), 0U) << "generation " << generation;
    if (generation % 3 == 0) card.worker().RunOnce();  // lets the tables before be freed
  }
}

config::Config ThreeSessions() {
  config::Config config = support::MirrorToGroup();
  config.sessions[0].sources = {"guest", "wire"};
  config.sessions[0].rate_limit = config::RateLimit{.packets_per_second = 1'000};
  for (const char* name : {"b", "c"}) {
    config::Session session = config.sessions[0];
    session.metadata.name = name;
    session.number = static_cast<std::uint16_t>(session.number + name[0]);
    session.tunnel_id.reset();
    config.sessions.push_back(session);
  }
  return config;
}

void FailsWhole(FailingMemory::Then then) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  const auto config = Shared(ThreeSessions());
  std::uint64_t nth = 0;
  for (bool failed = true; failed;) {
    ++nth;
    Code code = Code::kOk;
    bool threw = false;
    {
      const FailingMemory memory(nth, then);
      const Result<Prepared> prepared = card.agent().Prepare(config);
      failed = memory.failed();
      threw = memory.threw();
      code = prepared.status().code();
    }
    // Some do without what they asked for: a stable sort without its buffer.
    const bool exhausted = code == Code::kResourceExhausted;
    ASSERT_TRUE(threw ? exhausted : code == Code::kOk || (failed && exhausted)) << "allocation " << nth;
    ASSERT_EQ(card.agent().generation(), 1U);
  }
  std::printf("Prepare makes %llu allocations; each failed once\n", static_cast<unsigned long long>(nth - 1));
  EXPECT_GT(nth, 100U);
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 1U) << "the old tables stand";
  Result<Prepared> prepared = card.agent().Prepare(config);
  ASSERT_TRUE(prepared.ok()) << prepared.status().ToString();
  (void)card.agent().Publish(std::move(*prepared), 2);
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 2U);
  card.Take("analyser");
  card.Take("wire");
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

TEST(Prepare, IsWholeOrNothingWhenAnyOneAllocationFails) { FailsWhole(FailingMemory::Then::kGoesOn); }
TEST(Prepare, IsWholeOrNothingWhenMemoryHasRunOutForGood) { FailsWhole(FailingMemory::Then::kFailsForGood); }

TEST(Agent, TellsWhenALinkMakesASessionInactiveAndActiveAgain) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  EXPECT_TRUE(card.agent().Sessions().at(0).active);
  EXPECT_FALSE(card.agent().Tick()) << "nothing has changed";
  card.SetLink("analyser", false);
  const SessionReport down = card.agent().Sessions().at(0);
  EXPECT_FALSE(down.active);
  EXPECT_EQ(down.reason, "the link of \"analyser\" is down");
  card.SetLink("analyser", true);
  EXPECT_TRUE(card.agent().Sessions().at(0).active);
  EXPECT_EQ(card.agent().Sessions().at(0).reason, "");
  ASSERT_EQ(rte_eth_dev_set_link_down(card.port("analyser").ethdev_id()), 0);
  EXPECT_TRUE(card.agent().Tick());
}

}  // namespace
}  // namespace heliostat::agent
