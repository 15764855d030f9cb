#include "agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include <chrono>

#include "agent/agent_thread.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using datapath::Column;
using support::Ethernet;
using support::Ip;
using support::Mac;
using support::MirrorAll;
using support::RingCard;
using support::Shared;
using support::SmallCard;

TEST(Agent, RefusesWhatIsWrongAndKeepsWhatRuns) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  config::Config wrong = MirrorAll();
  wrong.sessions[0].filter = "none";
  const Result<Applied> applied = card.agent().Apply(Shared(wrong));
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
  const Result<Applied> applied = card.agent().Apply(Shared(config));
  ASSERT_TRUE(applied.ok());
  ASSERT_EQ(applied->sessions.size(), 1U);
  EXPECT_FALSE(applied->sessions[0].active);
  EXPECT_EQ(applied->sessions[0].reason, "target \"to\": no neighbour 10.9.0.2 on \"analyser\"");
}

// The remote is reached over IPv6, but there is no IPv6 address to send from. Only "wire" may have one of its own.
config::Config MirrorOverIpv6WithoutTunnelAddress() {
  config::Config config = MirrorAll();
  config.targets[0].remote = Ip("fd00::5");
  config.underlays[0].gateways = {Ip("fe80::1")};
  config.underlays[0].neighbours.push_back({Ip("fe80::1"), Mac("02:00:00:00:09:fe")});
  return config;
}

TEST(Agent, ReportsASessionWithoutAnAddressToSendFromAsInactive) {
  RingCard card(SmallCard());
  const Result<Applied> applied = card.agent().Apply(Shared(MirrorOverIpv6WithoutTunnelAddress()));
  ASSERT_TRUE(applied.ok());
  EXPECT_FALSE(applied->sessions[0].active);
  EXPECT_EQ(applied->sessions[0].reason, "target \"to\": no underlay address to send from to fd00::5 on \"analyser\"");
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kUnresolved].packets, 1U);
}

TEST(Agent, GivesALimiterRoomForALargestCopyOfAnySource) {
  support::RingCardOptions options = SmallCard();
  options.ports[1].primary_ipv6 = "fd00::99";
  RingCard card(options);
  config::Config config = MirrorOverIpv6WithoutTunnelAddress();
  config.sessions[0].sources = {"guest", "wire"};  // the first can't send
  config.sessions[0].rate_limit = config::RateLimit{.bits_per_second = 100'000};
  card.Apply(config);
  card.Put("guest", Ethernet().Payload(1000).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kOutbound)[Column::kSent].packets, 1U) << "10 ms are 125 bytes";
}

TEST(Agent, KeepsCountersAndSequencesOfADisabledSession) {
  RingCard card(SmallCard());
  const config::Config on = MirrorAll({.encapsulation = config::Encapsulation::kErspan2});
  config::Config off = on;
  off.sessions[0].enabled = false;
  card.Apply(on);
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  card.Apply(off);
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 1U);
  card.worker().RunOnce();
  card.Apply(on);
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 2U);
  const auto copies = card.Take("analyser");
  ASSERT_EQ(copies.size(), 2U);
  constexpr std::size_t kSequenceEnd = 14 + 20 + 8;
  EXPECT_EQ(copies[1][kSequenceEnd - 1], copies[0][kSequenceEnd - 1] + 1) << "ERSPAN's sequence goes on";
}

// Room for one copy, and next to none again while the clock stands.
config::Config MirrorLimited() {
  config::Config config = MirrorAll();
  config.sessions[0].rate_limit = config::RateLimit{.bits_per_second = 1'000};
  return config;
}

TEST(Agent, KeepsARateLimiterWhileTheSessionRestsOrItsTargetHasNoRoute) {
  config::Config disabled = MirrorLimited();
  disabled.sessions[0].enabled = false;
  config::Config no_rules = MirrorLimited();
  no_rules.filters[0].inbound.clear();
  no_rules.filters[0].outbound.clear();
  config::Config no_route = MirrorLimited();
  no_route.underlays.clear();
  for (const config::Config& between : {disabled, no_rules, no_route}) {
    RingCard card(SmallCard());
    card.Apply(MirrorLimited());
    card.Put("guest", Ethernet().Payload(1000).Build());
    card.Run();
    EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 1U);
    card.Apply(between);
    card.worker().RunOnce();
    card.Apply(MirrorLimited());
    card.Put("guest", Ethernet().Payload(1000).Build());
    card.Run();
    EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kRateLimited].packets, 1U);
  }
}

TEST(Agent, MakesALimiterRoomForTheCopiesOfATargetThatGetsARoute) {
  RingCard card(SmallCard());
  config::Config no_route = MirrorLimited();
  no_route.underlays.clear();
  card.Apply(no_route);
  card.Apply(MirrorLimited());
  card.Put("guest", Ethernet().Payload(1000).Build());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kSent].packets, 1U);
}

TEST(Agent, ForgetsTheCountersOfASourceThatIsTakenOut) {
  RingCard card(SmallCard());
  config::Config both = MirrorAll();
  both.sessions[0].sources = {"guest", "wire"};
  card.Apply(both);
  card.Apply(MirrorAll());
  EXPECT_EQ(card.agent().Read().ledger.size(), 2U);
}

// All names change at once, while the worker still counts in the lines of the epoch before.
TEST(Agent, HasALedgerForTwoGenerationsAtTheLimit) {
  const config::Limits limits;
  datapath::LedgerShard shard;
  EXPECT_TRUE(shard.Reserve(2 * 2 * limits.session_sources));
}

TEST(Agent, UsesALedgerLineAgainOnlyWhenNoWorkerReadsIt) {
  RingCard card(SmallCard());
  const auto apply_named = [&card](const char* name) {
    config::Config config = MirrorAll();
    config.sessions[0].metadata.name = name;
    card.Apply(config);
  };
  // Counts in the entries that were made first, one a direction.
  const auto in_first_line = [&card] {
    datapath::EntryCounts counts = card.worker().ledger().Read(0);
    counts += card.worker().ledger().Read(1);
    return counts[Column::kMatched].packets;
  };
  apply_named("first");
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  ASSERT_EQ(in_first_line(), 1U);
  apply_named("second");
  apply_named("third");
  EXPECT_EQ(in_first_line(), 1U) << "the worker may still count in it";
  EXPECT_EQ(card.Ledger("third", "guest", Direction::kOutbound)[Column::kMatched].packets, 0U) << "has another";
  card.worker().RunOnce();  // now the worker has left the first generation
  card.agent().Tick();
  EXPECT_EQ(in_first_line(), 0U);
  for (const char* name : {"fourth", "fifth", "sixth"}) {  // by now every free line is in use again
    apply_named(name);
    card.Put("guest", Ethernet().Payload(46).Build());
    card.Run();
    EXPECT_EQ(card.Ledger(name, "guest", Direction::kOutbound)[Column::kMatched].packets, 1U) << "starts at 0";
  }
}

TEST(Agent, AppliesThroughItsThread) {
  RingCard card(SmallCard());
  AgentThread thread(card.agent());
  const Result<Applied> applied = thread.Apply(std::make_shared<const config::Config>(MirrorAll()));
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->generation, 1U);
  EXPECT_EQ(thread.Read().ledger.size(), 2U) << "one line a direction";
}

TEST(Agent, SeesALinkGoDownThoughItsMailboxIsNeverEmpty) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  AgentThread thread(card.agent());
  ASSERT_EQ(rte_eth_dev_set_link_down(card.port("analyser").ethdev_id()), 0);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (card.agent().link_up()[2].load() && std::chrono::steady_clock::now() < end) (void)thread.Read();
  EXPECT_FALSE(card.agent().link_up()[2].load());
}

TEST(Agent, SharesAPolicyBetweenInterfacesWithTheSameFilters) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.sessions[0].sources = {"guest", "wire"};
  const Result<Applied> applied = card.agent().Apply(Shared(config));
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->policies, 2U) << "one a direction";
}

class LossyPort final : public hal::Port {
 public:
  explicit LossyPort(std::uint64_t missed) : missed_(missed) {}
  std::uint16_t Receive(std::uint16_t, hal::Packet**, std::uint16_t) override { return 0; }
  std::uint16_t Send(std::uint16_t, hal::Packet**, std::uint16_t) override { return 0; }
  bool LinkUp() override { return true; }
  std::uint64_t ReceiveMissed() override { return missed_; }

 private:
  std::uint64_t missed_;
};

TEST(Agent, ReadsWhatEachPortMissed) {
  support::ManualClock clock;
  LossyPort guest(7);
  LossyPort wire(0);
  AgentOptions options;
  options.card.interfaces.resize(2);
  options.ports = {&guest, &wire};
  options.clock = &clock;
  const Agent agent(std::move(options));
  const Reading reading = agent.Read();
  ASSERT_EQ(reading.ports.size(), 2U);
  EXPECT_EQ(reading.ports[0].receive_missed, 7U);
  EXPECT_EQ(reading.ports[1].receive_missed, 0U);
  EXPECT_EQ(reading.ports[0].received.packets, 0U) << "no worker saw them";
}

}  // namespace
}  // namespace heliostat::agent
