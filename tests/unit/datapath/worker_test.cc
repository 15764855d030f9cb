// The burst loop over real ring ports: originals untouched and first, every copy a copy or a named drop.
#include "datapath/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

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
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kVxlanBytes = 50;
constexpr std::size_t kErspan2Bytes = 50;

Bytes TcpFrame(std::size_t payload = 100, std::uint16_t source_port = 40000) {
  return Ethernet().Ipv4().Tcp({.source_port = source_port}).Payload(payload).Build();
}

Bytes Tail(const Bytes& frame, std::size_t from) {
  return {frame.begin() + static_cast<std::ptrdiff_t>(from), frame.end()};
}

EntryCounts GuestOut(const RingCard& card) { return card.Ledger("all", "guest", Direction::kOutbound); }

// Sends one frame from the guest with `config` in force, and expects that exactly one matched and its fate is `column`.
void ExpectFate(RingCard& card, const Bytes& frame, Column column) {
  card.Put("guest", frame);
  card.Run();
  const EntryCounts counts = GuestOut(card);
  const Count one{1, frame.size()};
  EXPECT_EQ(counts[Column::kMatched], one);
  EXPECT_EQ(counts[column], one) << ColumnName(column);
  EXPECT_TRUE(counts.Balances());
  EXPECT_THAT(card.Take("wire"), testing::ElementsAre(frame)) << "the original went on, untouched";
}

TEST(Worker, ForwardsInOrderWithoutConfiguration) {
  RingCard card(SmallCard());
  std::vector<Bytes> frames;
  for (std::uint16_t i = 0; i < 100; ++i) frames.push_back(TcpFrame(i * 14U, i));
  for (const Bytes& frame : frames) card.Put("guest", frame);
  card.Run();
  EXPECT_THAT(card.Take("wire"), ElementsAreArray(frames));
  EXPECT_THAT(card.Take("guest"), IsEmpty());
  EXPECT_THAT(card.Take("analyser"), IsEmpty());
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

TEST(Worker, CopiesWhatTheGuestSendsAsOutboundOfTheGuest) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  const Bytes frame = TcpFrame();
  card.Put("guest", frame);
  card.Run();
  const auto copies = card.Take("analyser");
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_EQ(Tail(copies[0], kVxlanBytes), frame);
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 1U);
  EXPECT_EQ(GuestOut(card).sent_wire_bytes, frame.size() + kVxlanBytes);
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kInbound)[Column::kMatched].packets, 0U);
  EXPECT_THAT(card.Take("wire"), testing::ElementsAre(frame));
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

TEST(Worker, CopiesWhatTheGuestReceivesAsInboundOfTheGuest) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  card.Put("wire", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kInbound)[Column::kSent].packets, 1U);
  EXPECT_EQ(GuestOut(card)[Column::kMatched].packets, 0U);
}

TEST(Worker, SeesAnEdgeTheOtherWayRound) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.source = "wire"}));
  card.Put("wire", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kInbound)[Column::kSent].packets, 1U);
  card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kOutbound)[Column::kSent].packets, 1U);
}

TEST(Worker, JudgesAFrameOnceAtEachEndThatIsASource) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.sessions[0].sources = {"guest", "wire"};
  card.Apply(config);
  card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 1U);
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kOutbound)[Column::kSent].packets, 1U);
  EXPECT_THAT(card.Take("analyser"), SizeIs(2));
}

// Sizes go from one mbuf below the copy limit to chains of many; each copy is the original, bit for bit.
class CopySize : public testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};
TEST_P(CopySize, EqualsTheOriginal) {
  const auto [frame_bytes, segment_bytes] = GetParam();
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.target_mtu = 0}));
  const Bytes frame = Ethernet().Payload(frame_bytes - 14).Build();
  card.Put("guest", frame, segment_bytes);
  card.Run();
  const auto copies = card.Take("analyser");
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_EQ(Tail(copies[0], kVxlanBytes), frame);
  EXPECT_THAT(card.Take("wire"), testing::ElementsAre(frame));
  EXPECT_EQ(card.BuffersInUse(), 0U) << "references to the original are dropped";
}
INSTANTIATE_TEST_SUITE_P(Sizes, CopySize,
                         testing::Values(std::pair{14, 2048}, std::pair{60, 2048}, std::pair{512, 2048},
                                         std::pair{513, 2048}, std::pair{1450, 2048}, std::pair{512, 7},
                                         std::pair{1450, 100}, std::pair{1450, 13}, std::pair{1450, 999}));

TEST(Worker, CutsToPacketLength) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.packet_length = 64}));
  const Bytes frame = TcpFrame(1000);
  card.Put("guest", frame);
  card.Run();
  const auto copies = card.Take("analyser");
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_EQ(Tail(copies[0], kVxlanBytes), Bytes(frame.begin(), frame.begin() + 64));
  EXPECT_EQ(GuestOut(card)[Column::kSent], (Count{1, frame.size()})) << "bytes of the original";
}

TEST(Worker, KeepsAtLeast55BytesOfAnIpv6Frame) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.packet_length = 35}));
  card.Put("guest", Ethernet().Ipv6().Tcp().Payload(100).Build());
  card.Put("guest", TcpFrame(100));
  card.Run();
  const auto copies = card.Take("analyser");
  ASSERT_THAT(copies, SizeIs(2));
  EXPECT_EQ(copies[0].size(), kVxlanBytes + 55);
  EXPECT_EQ(copies[1].size(), kVxlanBytes + 35);
}

TEST(Worker, CutsToTheMtuAndCountsAsSent) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.encapsulation = config::Encapsulation::kErspan2, .target_mtu = 576}));
  card.Put("guest", TcpFrame(1400));
  card.Run();
  const auto copies = card.Take("analyser");
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_EQ(copies[0].size(), 14U + 576U) << "the outer IP packet fills the MTU";
  constexpr std::size_t kTruncatedByte = 14 + 20 + 8 + 2;
  EXPECT_NE(copies[0][kTruncatedByte] & 0x04, 0) << "ERSPAN II says that it is cut";
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 1U);
  EXPECT_EQ(GuestOut(card).sent_cut, 1U);
}

TEST(Worker, CountsNotAsCutToFitWhatTheSessionCuts) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll({.encapsulation = config::Encapsulation::kErspan2, .target_mtu = 576});
  config.sessions[0].packet_length = 128;
  card.Apply(config);
  card.Put("guest", TcpFrame(1400));
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 1U);
  EXPECT_EQ(GuestOut(card).sent_cut, 0U);
}

// The kernel takes 0x8100 beyond an interface's MTU and no other tag: a copy with one would be lost and count as sent.
TEST(Worker, GivesAPlainCopyRoomForAn8100TagAndCutsBelowAnyOther) {
  support::RingCardOptions options = SmallCard();
  options.ports.push_back({.name = "recorder", .number = 4});
  RingCard card(options);
  config::Config config = MirrorAll();
  config.targets[0] = {};
  config.targets[0].metadata.name = "to";
  config.targets[0].encapsulation = config::Encapsulation::kNone;
  config.targets[0].interface = "recorder";
  config.sessions[0].tunnel_id.reset();
  card.Apply(config);
  for (const std::uint16_t tpid : std::vector<std::uint16_t>{0x8100, 0x88a8, 0x9100}) {
    const Bytes frame = Ethernet().Vlan({.id = 100, .tpid = tpid}).Payload(1500).Build();
    ASSERT_EQ(frame.size(), 1518U);
    card.Put("guest", frame);
    card.Run();
    EXPECT_THAT(card.Take("recorder"), testing::ElementsAre(SizeIs(tpid == 0x8100 ? 1518 : 1514))) << tpid;
  }
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 3U);
}

TEST(Worker, NumbersErspanCopiesInTheOrderOfSending) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.encapsulation = config::Encapsulation::kErspan2}));
  for (int i = 0; i < 70; ++i) card.Put("guest", TcpFrame());
  card.Run();
  const auto copies = card.Take("analyser");
  ASSERT_THAT(copies, SizeIs(70));
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const Bytes& c = copies[i];
    EXPECT_EQ(c.size(), TcpFrame().size() + kErspan2Bytes);
    EXPECT_EQ(static_cast<std::size_t>(c[38] << 24 | c[39] << 16 | c[40] << 8 | c[41]), i);
  }
}

TEST(Worker, KeepsCountersAndSequencesOverAGeneration) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll({.encapsulation = config::Encapsulation::kErspan2});
  card.Apply(config);
  card.Put("guest", TcpFrame());
  card.Run();
  config.sessions[0].packet_length = 100;
  card.Apply(config);
  card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 2U);
  EXPECT_EQ(card.Take("analyser")[1][41], 1);
}

TEST(Worker, CountsSampledOut) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll({.sample_hundredths = 0}));
  ExpectFate(card, TcpFrame(), Column::kSampledOut);
}

TEST(Worker, SamplesBothDirectionsOfAFlowAlike) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll({.sample_hundredths = 5000});
  config.sessions[0].sampling = config::SamplingMode::kFlows;
  card.Apply(config);
  constexpr std::uint16_t kFlows = 200;
  for (std::uint16_t i = 0; i < kFlows; ++i) {
    card.Put(
        "guest",
        Ethernet().Ipv4().Tcp({.source_port = static_cast<std::uint16_t>(1000 + i), .destination_port = 80}).Build());
    card.Put("wire", Ethernet()
                         .Ipv4({.source = "10.0.0.2", .destination = "10.0.0.1"})
                         .Tcp({.source_port = 80, .destination_port = static_cast<std::uint16_t>(1000 + i)})
                         .Build());
  }
  card.Run();
  const std::uint64_t out = GuestOut(card)[Column::kSent].packets;
  EXPECT_EQ(out, card.Ledger("all", "guest", Direction::kInbound)[Column::kSent].packets);
  EXPECT_GT(out, kFlows / 4U);
  EXPECT_LT(out, kFlows * 3U / 4U);
}

TEST(Worker, CountsRateLimited) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.sessions[0].rate_limit = config::RateLimit{.packets_per_second = 100, .bits_per_second = 0, .burst = 1};
  card.Apply(config);
  for (int i = 0; i < 3; ++i) card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 1U);
  EXPECT_EQ(GuestOut(card)[Column::kRateLimited].packets, 2U);
  card.clock().now_ns += 10'000'000;
  card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 2U);
  EXPECT_TRUE(GuestOut(card).Balances());
}

TEST(Worker, CountsNoBufferWhenThePoolIsEmpty) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  std::vector<hal::Packet*> taken;
  while (hal::Packet* packet = hal::Allocate(card.copy_pool())) taken.push_back(packet);
  ExpectFate(card, TcpFrame(), Column::kNoBuffer);
  for (hal::Packet* packet : taken) hal::Release(packet);
}

TEST(Worker, CountsEgressFullWhenThePortIsStalled) {
  auto options = SmallCard();
  options.ports[2].send_room = 8;  // 7 frames
  RingCard card(options);
  card.Apply(MirrorAll());
  for (int i = 0; i < 40; ++i) card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kMatched].packets, 40U);
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 7U);
  EXPECT_EQ(GuestOut(card)[Column::kEgressFull].packets, 33U);
  EXPECT_TRUE(GuestOut(card).Balances());
  EXPECT_THAT(card.Take("wire"), SizeIs(40)) << "the originals do not wait";
}

TEST(Worker, CountsUnresolvedWithoutNeighbour) {
  RingCard card(SmallCard());
  config::Config config = MirrorAll();
  config.underlays[0].neighbours.clear();
  card.Apply(config);
  ExpectFate(card, TcpFrame(), Column::kUnresolved);
}

TEST(Worker, CountsTargetDownWhileTheEgressLinkIsDown) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  card.SetLink("analyser", false);
  ExpectFate(card, TcpFrame(), Column::kTargetDown);
  card.SetLink("analyser", true);
  card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kSent].packets, 1U);
}

TEST(Worker, CountsTooLongWhatDoesNotFitEvenCut) {
  auto options = SmallCard();
  options.ports[2].mtu = 80;  // 36 bytes of headers leave 44: enough for the shortest cut of IPv4, not of IPv6
  RingCard card(options);
  card.Apply(MirrorAll());
  ExpectFate(card, Ethernet().Ipv6().Tcp().Payload(200).Build(), Column::kTooLong);
}

TEST(Worker, CountsARuntAndMirrorsItNot) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  const Bytes runt(13, 0xaa);
  card.Put("guest", runt);
  card.Run();
  EXPECT_EQ(card.Port("guest").runt[1], (Count{1, 13}));
  EXPECT_EQ(GuestOut(card)[Column::kMatched].packets, 0U);
  EXPECT_THAT(card.Take("wire"), testing::ElementsAre(runt));
}

TEST(Worker, GuardsAgainstItsOwnCopies) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  card.Put("guest", TcpFrame());
  card.Run();
  const Bytes copy = card.Take("analyser").at(0);
  card.Put("wire", copy);
  card.Run();
  EXPECT_EQ(card.Port("guest").loop_guard[0], (Count{1, copy.size()}));
  EXPECT_EQ(card.Ledger("all", "guest", Direction::kInbound)[Column::kMatched].packets, 0U);
  EXPECT_THAT(card.Take("guest"), testing::ElementsAre(copy));
}

TEST(Worker, KeepsFlowsWholeOnOneMemberOfAGroup) {
  RingCard card(SmallCard());
  card.Apply(support::MirrorToGroup());
  for (int round = 0; round < 2; ++round) {
    for (std::uint16_t i = 0; i < 100; ++i) card.Put("guest", TcpFrame(10, static_cast<std::uint16_t>(1000 + i)));
    card.Run();
  }
  std::map<std::uint16_t, std::set<std::uint8_t>> members_of_flow;
  std::map<std::uint8_t, int> per_member;
  for (const Bytes& copy : card.Take("analyser")) {
    const auto port = static_cast<std::uint16_t>(copy[kVxlanBytes + 34] << 8 | copy[kVxlanBytes + 35]);
    members_of_flow[port].insert(copy[33]);
    EXPECT_EQ(copy[5], copy[33]) << "each member behind its own next hop";
    ++per_member[copy[33]];
  }
  EXPECT_THAT(members_of_flow, SizeIs(100));
  for (const auto& [port, members] : members_of_flow) EXPECT_THAT(members, SizeIs(1));
  EXPECT_THAT(per_member, SizeIs(2));
  for (const auto& [member, count] : per_member) EXPECT_GT(count, 50);
}

TEST(Worker, CountsOriginalsThatThePortRefusesAndCopiesThemWhereTheyEntered) {
  auto options = SmallCard();
  options.ports[1].send_room = 8;
  RingCard card(options);
  config::Config config = MirrorAll();
  config.sessions[0].sources = {"guest", "wire"};
  card.Apply(config);
  for (int i = 0; i < 10; ++i) card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Port("wire").forwarded.packets, 7U);
  EXPECT_EQ(card.Port("wire").forward_drops.packets, 3U);
  EXPECT_EQ(GuestOut(card)[Column::kMatched].packets, 10U) << "the guest's port carried them";
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kOutbound)[Column::kMatched].packets, 7U) << "the wire did not";
}

TEST(Worker, ForwardedOnlyLeavesOutWhatWasNotForwarded) {
  auto options = SmallCard();
  options.ports[1].send_room = 8;
  RingCard card(options);
  config::Config config = MirrorAll();
  config.sessions[0].forwarded_only = true;
  card.Apply(config);
  for (int i = 0; i < 10; ++i) card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(GuestOut(card)[Column::kMatched].packets, 7U);
}

TEST(Worker, SendsNoCopiesIntoAPortThatRefusesOriginals) {
  auto options = SmallCard();
  options.ports[1].send_room = 8;
  RingCard card(options);
  card.Apply(MirrorAll({.egress = "wire"}));
  for (int i = 0; i < 10; ++i) card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Port("wire").forwarded.packets, 7U);
  EXPECT_EQ(GuestOut(card)[Column::kEgressFull].packets, 10U);
  EXPECT_EQ(card.Port("wire").copies.packets, 0U);
}

TEST(Worker, SparesAPortThatRefusedOriginalsForAWhile) {
  auto options = SmallCard();
  options.ports[1].send_room = 8;
  RingCard card(options);
  card.Apply(MirrorAll({.egress = "wire"}));
  for (int i = 0; i < 8; ++i) card.Put("guest", TcpFrame());
  card.Run();
  card.Take("wire");
  card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Port("wire").copies.packets, 0U) << "there is room again, but it is the originals'";
  for (int i = 0; i < 2'000; ++i) card.worker().RunOnce();
  card.Put("guest", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Port("wire").copies.packets, 1U);
  EXPECT_TRUE(GuestOut(card).Balances());
}

TEST(Worker, CopiesTheBytesWhenNoReferenceIsLeft) {
  RingCard card(SmallCard());
  card.Apply(MirrorAll());
  std::vector<hal::Packet*> taken;
  while (hal::Packet* packet = hal::Allocate(card.clone_pool())) taken.push_back(packet);
  const Bytes frame = TcpFrame(1000);
  card.Put("guest", frame);
  card.Run();
  const auto copies = card.Take("analyser");
  ASSERT_THAT(copies, SizeIs(1));
  EXPECT_EQ(Tail(copies[0], kVxlanBytes), frame);
  for (hal::Packet* packet : taken) hal::Release(packet);
}

TEST(Worker, MirrorsFromATapAndForwardsNothing) {
  auto options = SmallCard();
  options.wires.clear();
  options.taps = {"wire"};
  RingCard card(options);
  card.Apply(MirrorAll({.source = "wire"}));
  card.Put("wire", TcpFrame());
  card.Run();
  EXPECT_EQ(card.Ledger("all", "wire", Direction::kInbound)[Column::kSent].packets, 1U);
  EXPECT_THAT(card.Take("guest"), IsEmpty());
  card.Take("analyser");
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

// Workers run in threads while generations change beneath them: each copy is of one generation whole.
TEST(Worker, TakesUpEachGenerationWholeUnderTraffic) {
  auto options = SmallCard();
  options.workers = 2;
  RingCard card(options);
  // The two generations differ in VNI and in packet length; a mixture would show one with the other.
  config::Config short_copies = MirrorAll({.packet_length = 40});
  short_copies.sessions[0].tunnel_id = 40;
  config::Config whole_copies = MirrorAll();
  whole_copies.sessions[0].tunnel_id = 99;
  card.Apply(short_copies);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < card.workers(); ++i)
    threads.emplace_back([&card, &stop, i] { card.worker(i).Run(stop); });
  const Bytes frame = TcpFrame(100);
  std::size_t copies = 0;
  constexpr int kGenerations = 100;
  for (int generation = 0; generation < kGenerations; ++generation) {
    for (int i = 0; i < 4; ++i) {
      card.Put("guest", frame);
      card.Put("wire", frame);
    }
    card.Apply(generation % 2 == 0 ? whole_copies : short_copies);
    EXPECT_TRUE(GuestOut(card).Balances());
    // The rings are bounded, so the test takes frames out as it goes.
    while (card.Port("guest").received.packets + card.Port("wire").received.packets <
           static_cast<std::uint64_t>(generation + 1) * 8) {
      std::this_thread::yield();
    }
    card.Take("guest");
    card.Take("wire");
    for (const Bytes& copy : card.Take("analyser")) {
      ++copies;
      const int vni = copy[46] << 16 | copy[47] << 8 | copy[48];
      ASSERT_EQ(copy.size(), kVxlanBytes + (vni == 40 ? 40 : frame.size())) << "VNI " << vni;
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  copies += card.Take("analyser").size();
  card.Take("guest");
  card.Take("wire");
  EXPECT_EQ(copies, kGenerations * 8U);
  EXPECT_TRUE(GuestOut(card).Balances());
  EXPECT_EQ(card.BuffersInUse(), 0U);
}

}  // namespace
}  // namespace heliostat::datapath
