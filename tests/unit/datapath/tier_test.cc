// Tiers, excluded filters, hits and lanes, on a whole card.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datapath/worker.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::datapath {
namespace {

using config::Direction;
using support::Bytes;
using support::Ethernet;
using support::MirrorAll;
using support::RingCard;
using support::SmallCard;
using testing::SizeIs;

Bytes Tcp() { return Ethernet().Ipv4().Tcp().Payload(40).Build(); }
Bytes Udp() { return Ethernet().Ipv4().Udp().Payload(40).Build(); }

// A filter whose one rule has `action` for that protocol, in both directions.
config::Filter About(const std::string& name, std::uint8_t protocol, config::Action action = config::Action::kAccept) {
  config::Filter filter;
  filter.metadata.name = name;
  config::Rule rule;
  rule.number = 1;
  rule.protocol = protocol;
  rule.action = action;
  filter.inbound = filter.outbound = {rule};
  return filter;
}

constexpr std::uint8_t kTcp = 6;

// MirrorAll, and a session "security" of tier `tier` with its own VNI.
config::Config TwoSessions(std::uint8_t tier) {
  config::Config config = MirrorAll();
  config::Session security = config.sessions[0];
  security.metadata.name = "security";
  security.number = 2;
  security.tier = tier;
  security.tunnel_id = 8;
  config.sessions.push_back(security);
  return config;
}

std::uint64_t Sent(const RingCard& card, const std::string& session) {
  const EntryCounts line = card.Ledger(session, "guest", Direction::kOutbound);
  EXPECT_TRUE(line.Balances());
  return line[Column::kSent].packets;
}

void Send(RingCard& card, const Bytes& frame) {
  card.Put("guest", frame);
  card.Run();
  EXPECT_THAT(card.Take("wire"), testing::ElementsAre(frame)) << "the original went on, untouched";
}

TEST(Tiers, CopyAPacketOnceForEachThatAcceptsItWithALineEach) {
  RingCard card(SmallCard());
  card.Apply(TwoSessions(1));
  Send(card, Tcp());
  EXPECT_THAT(card.Take("analyser"), SizeIs(2));
  EXPECT_EQ(Sent(card, "all"), 1U);
  EXPECT_EQ(Sent(card, "security"), 1U);
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

TEST(Tiers, LetTheFirstSessionDecideWithinOne) {
  RingCard card(SmallCard());
  card.Apply(TwoSessions(0));
  Send(card, Tcp());
  EXPECT_EQ(Sent(card, "all"), 1U);
  EXPECT_EQ(Sent(card, "security"), 0U);
}

TEST(Tiers, TakeNothingFromEachOther) {
  RingCard card(SmallCard());
  config::Config config = TwoSessions(1);
  config.filters.push_back(About("no-tcp", kTcp, config::Action::kReject));
  config.sessions[1].filter = "no-tcp";
  card.Apply(config);
  Send(card, Tcp());
  EXPECT_EQ(Sent(card, "all"), 1U) << "a reject in tier 1 is no reject in tier 0";

  std::swap(config.sessions[0].tier, config.sessions[1].tier);
  card.Apply(config);
  Send(card, Tcp());
  EXPECT_EQ(Sent(card, "all"), 2U) << "nor one in tier 0 in tier 1";
}

TEST(Tiers, JudgeAPacketInAllFourAtBothEnds) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.sessions[0].sources = {"guest", "wire"};
  for (std::uint8_t tier = 1; tier < config::kTiers; ++tier) {
    config::Session session = config.sessions[0];
    session.metadata.name = "tier" + std::to_string(tier);
    session.number = static_cast<std::uint16_t>(tier + 1);
    session.tier = tier;
    session.tunnel_id = 7U + tier;
    config.sessions.push_back(session);
  }
  card.Apply(config);
  constexpr std::size_t kFrames = 32;  // a whole burst
  for (std::size_t i = 0; i < kFrames; ++i) card.Put("guest", Tcp());
  card.Run();
  EXPECT_THAT(card.Take("analyser"), SizeIs(kFrames * config::kTiers * 2));
  EXPECT_THAT(card.Take("wire"), SizeIs(kFrames));
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

// "guest" carries TCP that is nobody's business.
config::Config ExcludingTcp() {
  config::Config config = TwoSessions(1);
  config.filters.push_back(About("overlay", kTcp));
  config.interfaces = {{.name = "guest", .excluded = "overlay"}};
  return config;
}

TEST(Excluded, IsMirroredByNoSessionOfAnyTierAndCounted) {
  RingCard card(SmallCard());
  card.Apply(ExcludingTcp());
  const Bytes frame = Tcp();
  Send(card, frame);
  EXPECT_THAT(card.Take("analyser"), testing::IsEmpty());
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kMatched].packets, 0U);
  const PortCounts counts = card.Port("guest");
  EXPECT_EQ(counts.excluded[static_cast<std::size_t>(Direction::kOutbound)], (Count{1, frame.size()}));
  EXPECT_EQ(counts.excluded[static_cast<std::size_t>(Direction::kInbound)], Count{});
  Send(card, Udp());
  EXPECT_EQ(Sent(card, "all"), 1U) << "what it does not accept is judged as ever";
}

TEST(Excluded, MeansNothingWhereTheFilterRejects) {
  RingCard card(SmallCard());
  config::Config config = ExcludingTcp();
  for (auto* rules : {&config.filters[1].inbound, &config.filters[1].outbound}) {
    rules->at(0).action = config::Action::kReject;
  }
  card.Apply(config);
  Send(card, Tcp());
  EXPECT_EQ(Sent(card, "all"), 1U);
  EXPECT_EQ(card.Port("guest").excluded[1], Count{});
}

TEST(Excluded, IsOfThatInterfaceAlone) {
  RingCard card(SmallCard());
  config::Config config = ExcludingTcp();
  config.sessions[0].sources = {"guest", "wire"};
  card.Apply(config);
  Send(card, Tcp());
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kOutbound)[Column::kSent].packets, 1U);
  EXPECT_EQ(Sent(card, "all"), 0U);
}

TEST(Excluded, ComesBehindTheLoopGuard) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll({.source = "wire"});
  config.filters.push_back(About("overlay", 17));
  config.interfaces = {{.name = "wire", .excluded = "overlay"}};
  card.Apply(config);
  // A copy of the card's own: VXLAN from its tunnel address to its target, with its VNI.
  card.Put("wire", Ethernet()
                       .Ipv4({.source = "10.9.0.1", .destination = "10.9.0.2"})
                       .Udp({.source_port = 50'000, .destination_port = 4789})
                       .Payload(Bytes{8, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0})
                       .Build());
  card.Run();
  EXPECT_EQ(card.Port("wire").loop_guard[0].packets, 1U);
  EXPECT_EQ(card.Port("wire").excluded[0].packets, 0U);
}

TEST(Hits, AreOfWhatIsJudgedAndOfNothingElse) {
  RingCard card(SmallCard());
  card.Apply(ExcludingTcp());
  Send(card, Tcp());
  Send(card, Udp());
  Send(card, Bytes(10, 0));  // a runt
  const auto reading = card.agent().Read();
  ASSERT_EQ(reading.hits.size(), 2U);
  EXPECT_EQ(reading.hits[0].filter, "any");
  ASSERT_EQ(reading.hits[0].rules.size(), 1U);
  EXPECT_EQ(reading.hits[0].rules[0].packets, 2U) << "the UDP frame, in two tiers; TCP was excluded before";
  EXPECT_EQ(reading.hits[1].filter, "overlay");
  EXPECT_EQ(reading.hits[1].rules.at(0).packets, 1U);
}

// A switch shows such copies of frames that it forwards itself.
TEST(CopiesLane, IsJudgedForItsSourceAndDirectionAloneAndGoesNowhere) {
  support::RingCardOptions options = SmallCard();
  options.ports.push_back({.name = "shown", .kind = config::InterfaceKind::kNfv, .number = 4});
  options.copies = {{.port = "shown", .source = "guest", .direction = Direction::kInbound}};
  RingCard card(options);
  config::Config config = MirrorAll();
  config.sessions[0].sources = {"guest", "wire"};
  card.Apply(config);
  const Bytes frame = Tcp();
  card.Put("shown", frame);
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kInbound)[Column::kSent], (Count{1, frame.size()}));
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kOutbound)[Column::kMatched].packets, 0U);
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kOutbound)[Column::kMatched].packets, 0U);
  EXPECT_THAT(card.Take("analyser"), SizeIs(1));
  EXPECT_THAT(card.Take("guest"), testing::IsEmpty());
  EXPECT_THAT(card.Take("wire"), testing::IsEmpty());
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

TEST(ReceiveQueues, AreEachServedAndKeepTheirOrderWhoeverServesThem) {
  support::RingCardOptions options = SmallCard();
  options.ports[0].receive_queues = 3;
  options.workers = 2;
  RingCard card(options);
  card.Apply(MirrorAll());
  for (std::uint16_t i = 0; i < 30; ++i) {
    card.Put("guest", Ethernet().Ipv4().Udp({.source_port = i}).Payload(20).Build(), 2048, i % 3);
  }
  card.Run();
  EXPECT_EQ(Sent(card, "all"), 30U);
  std::array<int, 3> last{-1, -1, -1};
  for (const Bytes& frame : card.Take("wire")) {
    const int port = frame[34] << 8 | frame[35];
    EXPECT_GT(port, last[static_cast<std::size_t>(port % 3)]);
    last[static_cast<std::size_t>(port % 3)] = port;
  }
  EXPECT_EQ(last, (std::array<int, 3>{27, 28, 29}));
}

}  // namespace
}  // namespace heliostat::datapath
