// The same generation, published again: the world changes under a configuration that nobody has committed anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <thread>

#include "agent/agent.h"
#include "support/failing_memory.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using datapath::Column;
using support::Bytes;
using support::Ethernet;
using support::MirrorAll;
using support::RingCard;
using support::SmallCard;

void SendOne(RingCard& card) {
  card.Put("guest", Ethernet().Payload(46).Build());
  card.Run();
  card.Take("wire");
}

std::uint64_t Sent(const RingCard& card, const std::string& interface = "guest") {
  return card.Ledger("all", interface, Direction::kOutbound)[Column::kSent].packets;
}

TEST(Republish, MakesANewEpochOfTheSameGeneration) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  const std::uint64_t epoch = card.agent().epoch();
  ASSERT_TRUE(card.agent().Republish().ok());
  EXPECT_EQ(card.agent().generation(), 1U);
  EXPECT_EQ(card.agent().epoch(), epoch + 1);
  card.worker().RunOnce();
  EXPECT_EQ(card.worker().epoch(), epoch + 1);
}

TEST(Republish, GoesOnWithCountersAndSequences) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.encapsulation = config::Encapsulation::kErspan2}));
  SendOne(card);
  ASSERT_TRUE(card.agent().Republish().ok());
  SendOne(card);
  EXPECT_EQ(Sent(card), 2U);
  const auto copies = card.Take("analyser");
  ASSERT_EQ(copies.size(), 2U);
  constexpr std::size_t kSequenceEnd = 14 + 20 + 8;
  EXPECT_EQ(copies[1][kSequenceEnd - 1], copies[0][kSequenceEnd - 1] + 1);
}

TEST(Republish, KeepsWhatRunsWhenMemoryRunsOut) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  const std::uint64_t epoch = card.agent().epoch();
  for (std::uint64_t nth = 1; nth < 40; ++nth) {
    Status published;
    {
      const support::FailingMemory memory(nth, support::FailingMemory::Then::kFailsForGood);
      published = card.agent().Republish();
      if (!memory.failed()) break;
    }
    ASSERT_EQ(published.code(), Code::kResourceExhausted) << "allocation " << nth;
    ASSERT_EQ(card.agent().epoch(), epoch);
  }
  SendOne(card);
  EXPECT_EQ(Sent(card), 1U);
}

std::vector<config::Interface> Renamed(const RingCard& card, std::size_t port, const std::string& name) {
  std::vector<config::Interface> interfaces = const_cast<RingCard&>(card).agent().card().interfaces;
  interfaces[port].name = name;
  return interfaces;
}

// "guest" and "wire" are both sources; then the guest's port is another's for a while.
TEST(Republish, SuspendsTheSessionsOfAPortThatGoesAndResumesThemWithTheirCounters) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.sessions[0].sources = {"guest", "wire"};
  card.Apply(config);
  SendOne(card);
  EXPECT_EQ(Sent(card, "guest"), 1U);
  EXPECT_EQ(Sent(card, "wire"), 1U);

  ASSERT_TRUE(card.agent().SetInterfaces(Renamed(card, 0, "stranger")).ok());
  SendOne(card);
  EXPECT_EQ(Sent(card, "guest"), 1U) << "it is not on the card, and keeps its line";
  EXPECT_EQ(Sent(card, "wire"), 2U);
  EXPECT_EQ(card.agent().Sessions().at(0).reason, "the card has no interface \"guest\" now");
  EXPECT_TRUE(card.agent().Sessions().at(0).active) << "in part";

  ASSERT_TRUE(card.agent().SetInterfaces(Renamed(card, 0, "guest")).ok());
  SendOne(card);
  EXPECT_EQ(Sent(card, "guest"), 2U) << "it goes on where it was";
  EXPECT_EQ(Sent(card, "wire"), 3U);
  EXPECT_EQ(card.agent().Sessions().at(0).reason, "");
  EXPECT_EQ(card.agent().generation(), 1U);
  card.Take("analyser");
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

TEST(Republish, FindsAPortThatComesBackUnderItsNameAtAnotherPlace) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.sessions[0].direction = config::DirectionSet::kOutbound;
  card.Apply(config);
  SendOne(card);
  auto swapped = card.agent().card().interfaces;
  std::swap(swapped[0].name, swapped[1].name);  // "guest" is where the wire was
  ASSERT_TRUE(card.agent().SetInterfaces(swapped).ok());
  SendOne(card);
  EXPECT_EQ(Sent(card, "guest"), 2U) << "what leaves on that port is outbound of it";
}

// A worker knows which way frames go on a port by the kind that it was opened for.
TEST(Republish, RefusesAnInterfaceOfAnotherKindOnAPort) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  auto interfaces = card.agent().card().interfaces;
  interfaces[0].kind = config::InterfaceKind::kEdge;
  EXPECT_EQ(card.agent().SetInterfaces(interfaces).code(), Code::kUnsupported);
  EXPECT_EQ(card.agent().card().interfaces[0].kind, config::InterfaceKind::kVm);
}

TEST(Session, BeginsItsLineAnewWhenItWasDeletedAndMadeAgain) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  SendOne(card);
  config::Config none = MirrorAll();
  none.sessions.clear();
  card.Apply(none);
  EXPECT_TRUE(card.agent().Read().ledger.empty());
  card.worker().RunOnce();
  card.Apply(MirrorAll());
  EXPECT_EQ(Sent(card), 0U);
  SendOne(card);
  EXPECT_EQ(Sent(card), 1U);
}

TEST(RuleHits, AreReadByFilterDirectionAndRule) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config::Rule tcp = config.filters[0].outbound[0];
  tcp.number = 5;
  tcp.protocol = 6;
  tcp.action = config::Action::kReject;
  config.filters[0].outbound = {tcp, config.filters[0].inbound[0]};
  config.filters[0].outbound[1].number = 10;
  config.filters[0].services = {config::Service::kDns};
  card.Apply(config);
  for (int i = 0; i < 3; ++i) card.Put("guest", Ethernet().Ipv4().Tcp().Payload(20).Build());
  for (int i = 0; i < 2; ++i) card.Put("guest", Ethernet().Ipv4().Udp({.destination_port = 53}).Payload(20).Build());
  card.Put("wire", Ethernet().Ipv4().Tcp().Payload(20).Build());
  card.Run();
  const std::vector<agent::RuleHits> hits = card.agent().Read().hits;
  ASSERT_EQ(hits.size(), 2U);
  EXPECT_EQ(hits[0].filter, "any");
  EXPECT_EQ(hits[0].direction, Direction::kInbound);
  EXPECT_EQ(hits[1].direction, Direction::kOutbound);
  using Rule = agent::RuleHits::Rule;
  EXPECT_EQ(hits[0].rules, (std::vector<Rule>{{1, {}, 1}}));
  EXPECT_EQ(hits[1].rules, (std::vector<Rule>{{0, config::Service::kDns, 2}, {5, {}, 3}}))
      << "rule 10 decided for none";

  // Now a rule comes before them, and rule 5 changes, but stays the same rule to its hits.
  config::Rule first = tcp;
  first.number = 1;
  first.protocol = 17;
  config.filters[0].outbound.insert(config.filters[0].outbound.begin(), first);
  config.filters[0].outbound[1].action = config::Action::kAccept;
  card.Apply(config);
  card.Put("guest", Ethernet().Ipv4().Tcp().Payload(20).Build());
  card.Run();
  EXPECT_EQ(card.agent().Read().hits.at(1).rules, (std::vector<Rule>{{0, config::Service::kDns, 2}, {5, {}, 4}}));
}

// Frames flow while the agent publishes: none is lost, and each has exactly one copy.
TEST(Republish, LosesNoPacketAndDoublesNoCopyTenThousandTimesUnderTraffic) {
  constexpr int kTimes = 10'000;
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  std::atomic<bool> stop{false};
  std::thread worker([&] { card.worker().Run(stop); });
  const Bytes frame = Ethernet().Ipv4().Tcp().Payload(40).Build();
  std::uint64_t put = 0;
  std::uint64_t originals = 0;
  std::uint64_t copies = 0;
  const auto drain = [&] {
    originals += card.Take("wire").size();
    copies += card.Take("analyser").size();
  };
  std::size_t settled = 0;
  for (int i = 0; i < kTimes; ++i) {
    ASSERT_TRUE(card.agent().Republish().ok());
    // So few frames are in flight that no ring is ever full.
    if (put - originals < 256) {
      card.Put("guest", frame);
      ++put;
    }
    drain();
    if (i == kTimes / 10) settled = mallinfo2().uordblks;
  }
  const std::size_t used = mallinfo2().uordblks;
  while (originals < put || copies < put) {
    drain();
    std::this_thread::yield();
  }
  stop = true;
  worker.join();
  drain();
  EXPECT_EQ(originals, put);
  EXPECT_EQ(copies, put);
  const datapath::EntryCounts line = card.Ledger("all", "guest", Direction::kOutbound);
  EXPECT_EQ(line[Column::kMatched].packets, put);
  EXPECT_EQ(line[Column::kSent].packets, put);
  EXPECT_EQ(card.agent().generation(), 1U);
  EXPECT_EQ(card.agent().epoch(), 1U + kTimes);
  EXPECT_EQ(card.BuffersInUse(), 0U);
  std::printf("%d epochs of one generation over %llu packets; memory in use %zu -> %zu bytes\n", kTimes,
              static_cast<unsigned long long>(put), settled, used);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // How far the worker lags bounds what waits for it, not how often something was published.
  EXPECT_LT(used, settled + (std::size_t{4} << 20U));
#endif
}

}  // namespace
}  // namespace heliostat::agent
