// Responses with many elements, read by libprotobuf.
#include <control.pb.h>
#include <gtest/gtest.h>

#include "codec/change.h"
#include "codec/codec.h"
#include "codec/control.h"
#include "unit/codec/response_frame.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

TEST(FrameWriter, WritesItemsWithTheirState) {
  const InterfaceState interface {
    .name = "guest0", .kind = config::InterfaceKind::kNfv, .number = 7, .mac = *MacAddress::Parse("02:00:00:00:00:01"),
    .primary_ipv4 = *IpAddress::Parse("10.0.0.1"), .primary_ipv6 = *IpAddress::Parse("2001:db8::1"), .mtu = 9000,
    .up = true, .driver = "net_virtio"
  };
  const TargetState target{.up = true, .reason = "r", .members = 2, .sessions = 3};
  const FilterState filter{.inbound_rules = 1, .outbound_rules = 2, .sessions = 3};
  const SessionState session{.name = "s1", .tunnel_id = 9, .active = true, .reason = "why"};
  const std::string unit = SampleUnits()[6].SerializeAsString();
  FrameWriter writer(FrameWriter::Kind::kItems, 8);
  EXPECT_TRUE(writer.empty());
  EXPECT_TRUE(writer.AddItem(Bytes(unit), {.interface = &interface}));
  EXPECT_TRUE(writer.AddItem(Bytes(unit), {.target = &target}));
  EXPECT_TRUE(writer.AddItem(Bytes(unit), {.filter = &filter}));
  EXPECT_TRUE(writer.AddItem(Bytes(unit), {.session = &session, .sources = 4}));
  EXPECT_TRUE(writer.AddItem(Bytes(unit), {}));
  EXPECT_FALSE(writer.empty());
  std::string out;
  writer.Finish(true, false, &out);
  EXPECT_TRUE(writer.empty());
  const v1::Response response = OnlyResponse(out);
  EXPECT_EQ(response.id(), 8U);
  EXPECT_TRUE(response.more());
  ASSERT_EQ(response.items().items_size(), 5);
  for (const v1::Item& item : response.items().items()) EXPECT_EQ(item.unit().SerializeAsString(), unit);
  EXPECT_EQ(response.items().items(0).interface().ShortDebugString(),
            "name: \"guest0\" kind: NFV number: 7 mac: \"\\002\\000\\000\\000\\000\\001\" "
            "primary_ipv4: \"\\n\\000\\000\\001\" "
            "primary_ipv6: \" \\001\\r\\270\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\" mtu: 9000 "
            "up: true driver: \"net_virtio\"");
  EXPECT_EQ(response.items().items(1).target().ShortDebugString(), "up: true reason: \"r\" members: 2 sessions: 3");
  EXPECT_EQ(response.items().items(2).filter().ShortDebugString(), "inbound_rules: 1 outbound_rules: 2 sessions: 3");
  EXPECT_EQ(response.items().items(3).session().ShortDebugString(),
            "name: \"s1\" tunnel_id: 9 active: true reason: \"why\"");
  EXPECT_EQ(response.items().items(3).sources(), 4U);
  EXPECT_FALSE(response.items().items(4).has_interface());
}

TEST(FrameWriter, WritesSnapshotsWithTheirHeadInEveryFrame) {
  FrameWriter writer(FrameWriter::Kind::kSnapshot, 1);
  writer.Begin({.sequence = 2, .time_ns = ~0ULL, .generation = 4});
  EXPECT_TRUE(writer.Add(LedgerEntry{.session = "s1", .interface = "i", .matched = {1, 2}, .sent = {1, 2}}));
  EXPECT_TRUE(writer.Add(PortCounters{.interface = "i", .received = {5, 6}}));
  std::size_t done = 0;
  EXPECT_TRUE(writer.Add(RuleHits{.filter = "f", .rules = {{.number = 7, .packets = 8}}}, &done));
  std::string out;
  writer.Finish(true, false, &out);
  EXPECT_TRUE(writer.Add(SessionState{.name = "s1", .active = true}));
  EXPECT_TRUE(writer.Add(InterfaceState{.name = "i"}));
  writer.Finish(false, true, &out);
  const std::vector<v1::Response> responses = Responses(out);
  ASSERT_EQ(responses.size(), 2U);
  const v1::Snapshot& first = responses[0].snapshot();
  ASSERT_EQ(first.readings_size(), 3);
  EXPECT_EQ(first.readings(0).entry().session(), "s1");
  EXPECT_EQ(first.readings(0).entry().matched().bytes(), 2U);
  EXPECT_EQ(first.readings(1).port().received().packets(), 5U);
  EXPECT_EQ(first.readings(2).hits().rules(0).packets(), 8U);
  EXPECT_FALSE(first.complete());
  EXPECT_TRUE(responses[0].more());
  const v1::Snapshot& second = responses[1].snapshot();
  EXPECT_EQ(second.sessions(0).name(), "s1");
  EXPECT_EQ(second.interfaces(0).name(), "i");
  EXPECT_EQ(second.interfaces(0).kind(), v1::VM);
  EXPECT_TRUE(second.complete());
  EXPECT_FALSE(responses[1].more());
  for (const v1::Response& response : responses) {
    EXPECT_EQ(response.snapshot().sequence(), 2U);
    EXPECT_EQ(response.snapshot().time_ns(), ~0ULL);
    EXPECT_EQ(response.snapshot().generation(), 4U);
  }
}

TEST(FrameWriter, WritesAuditRecords) {
  AuditLine line{.sequence = 1,
                 .time_ns = 2,
                 .generation = 3,
                 .role = Role::kOperator,
                 .user = "ann",
                 .owner = "alice",
                 .address = "[::1]:8789",
                 .action = "commit",
                 .summary = "+1 session",
                 .comment = "why"};
  line.hash.fill(0x41);
  FrameWriter writer(FrameWriter::Kind::kAudit, 1);
  EXPECT_TRUE(writer.Add(line));
  std::string out;
  writer.Finish(false, false, &out);
  EXPECT_EQ(OnlyResponse(out).audit().records(0).ShortDebugString(),
            "sequence: 1 time_ns: 2 user: \"ann\" role: OPERATOR owner: \"alice\" address: \"[::1]:8789\" "
            "action: \"commit\" generation: 3 summary: \"+1 session\" comment: \"why\" hash: \"" +
                std::string(32, 'A') + "\"");
}

TEST(FrameWriter, FinishesAnEmptyFrame) {
  FrameWriter writer(FrameWriter::Kind::kAudit, 1);
  std::string out;
  writer.Finish(false, false, &out);
  EXPECT_TRUE(OnlyResponse(out).has_audit());
}

TEST(FrameWriter, SpreadsTheHitsOfALongFilterOverFrames) {
  RuleHits hits{.filter = std::string(63, 'f'), .outbound = true};
  for (std::uint16_t i = 1; i <= 10'000; ++i) hits.rules.push_back({.number = i, .packets = ~0ULL});
  FrameWriter writer(FrameWriter::Kind::kSnapshot, 1);
  std::string out;
  std::size_t done = 0;
  int frames = 1;
  for (; !writer.Add(hits, &done); ++frames) {
    EXPECT_FALSE(writer.empty());
    writer.Finish(true, false, &out);
  }
  writer.Finish(false, true, &out);
  const std::vector<v1::Response> responses = Responses(out);
  EXPECT_EQ(responses.size(), static_cast<std::size_t>(frames));
  EXPECT_GT(frames, 2);
  std::uint32_t number = 0;
  for (const v1::Response& response : responses) {
    for (const v1::Reading& reading : response.snapshot().readings()) {
      EXPECT_EQ(reading.hits().filter(), hits.filter);
      for (const v1::RuleHit& rule : reading.hits().rules()) ASSERT_EQ(rule.number(), ++number);
    }
  }
  EXPECT_EQ(number, 10'000U) << "each once, in order";
}

// Each kind of element at its largest: as many as fit, each of them whole, and the next frame begins anew.
TEST(FrameWriter, FillsFramesToTheirBoundAndNotPastIt) {
  const std::string name(63, 'n');
  const std::string text(300, 't');
  const Count most{~0ULL, ~0ULL};
  const LedgerEntry entry{.session = name,
                          .interface = name,
                          .outbound = true,
                          .matched = most,
                          .sent = most,
                          .sampled_out = most,
                          .rate_limited = most,
                          .no_buffer = most,
                          .egress_full = most,
                          .unresolved = most,
                          .target_down = most,
                          .too_long = most,
                          .sent_wire_bytes = ~0ULL,
                          .sent_cut = ~0ULL};
  const SessionState session{.name = name, .tunnel_id = ~0U, .active = true, .reason = text};
  const std::string unit(kMaxUnitBytes, '\0');
  AuditLine line{.sequence = ~0ULL,
                 .time_ns = ~0ULL,
                 .generation = ~0ULL,
                 .role = Role::kAdmin,
                 .user = text,
                 .owner = text,
                 .address = text,
                 .action = text,
                 .summary = text,
                 .comment = text};
  struct Row {
    FrameWriter::Kind kind;
    std::function<bool(FrameWriter&)> add;
    int least;
  };
  for (const Row& row : std::vector<Row>{
           {FrameWriter::Kind::kSnapshot, [&](FrameWriter& w) { return w.Add(entry); }, 100},
           {FrameWriter::Kind::kSnapshot, [&](FrameWriter& w) { return w.Add(session); }, 180},
           {FrameWriter::Kind::kAudit, [&](FrameWriter& w) { return w.Add(line); }, 100},
           {FrameWriter::Kind::kItems, [&](FrameWriter& w) { return w.AddItem({}, {.session = &session}); }, 180},
       }) {
    FrameWriter writer(row.kind, ~0ULL);
    writer.Begin({.sequence = ~0ULL, .time_ns = ~0ULL, .generation = ~0ULL});
    for (int frame = 0; frame < 2; ++frame) {
      int added = 0;
      while (row.add(writer)) ++added;
      EXPECT_FALSE(row.add(writer)) << "a refused element adds nothing";
      std::string out;
      writer.Finish(true, true, &out);
      const v1::Response response = OnlyResponse(out);
      EXPECT_EQ(response.snapshot().readings_size() + response.snapshot().sessions_size() +
                    response.audit().records_size() + response.items().items_size(),
                added);
      EXPECT_GE(added, row.least);
      EXPECT_GT(out.size(), kMaxFrameBytes - 700) << "as many as fit";
    }
  }
  FrameWriter writer(FrameWriter::Kind::kItems, ~0ULL);
  EXPECT_TRUE(writer.AddItem(Bytes(unit), {.session = &session, .sources = ~0U})) << "the largest unit fits";
}

}  // namespace
}  // namespace heliostat::codec
