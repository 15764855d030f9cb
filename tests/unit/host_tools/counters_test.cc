#include "helioctl/card/counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "helioctl/yaml/unit_stream.h"

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;
using testing::Not;

void Set(v1::Count* count, std::uint64_t packets, std::uint64_t bytes) {
  count->set_packets(packets);
  count->set_bytes(bytes);
}

v1::LedgerEntry Entry(const std::string& session, bool outbound) {
  v1::LedgerEntry entry;
  entry.set_session(session);
  entry.set_interface("guest0");
  entry.set_outbound(outbound);
  Set(entry.mutable_matched(), 100, 6400);
  Set(entry.mutable_sent(), 90, 5760);
  Set(entry.mutable_sampled_out(), 10, 640);
  entry.set_sent_wire_bytes(10260);
  return entry;
}

CounterReading Sample() {
  CounterReading reading{{Entry("web", false), Entry("web", true)}, {}};
  v1::PortCounters& port = reading.ports.emplace_back();
  port.set_interface("guest0");
  Set(port.mutable_received(), 1000, 64000);
  Set(port.mutable_forwarded(), 998, 63000);
  Set(port.mutable_runt_in(), 2, 26);
  return reading;
}

std::string Stream(const CounterReading& reading) {
  std::string stream;
  for (const v1::LedgerEntry& entry : reading.entries) {
    v1::Reading item;
    *item.mutable_entry() = entry;
    AppendDelimited(item, stream);
  }
  for (const v1::PortCounters& port : reading.ports) {
    v1::Reading item;
    *item.mutable_port() = port;
    AppendDelimited(item, stream);
  }
  return stream;
}

TEST(ReadCounters, ReadsEntriesAndPorts) {
  const auto reading = ReadCounters(Stream(Sample()));
  ASSERT_TRUE(reading.ok());
  ASSERT_EQ(reading->entries.size(), 2U);
  EXPECT_EQ(reading->entries[0].matched().bytes(), 6400U);
  ASSERT_EQ(reading->ports.size(), 1U);
  EXPECT_EQ(reading->ports[0].runt_in().packets(), 2U);
}

TEST(ReadCounters, NamesTheByteWhereAFileIsCut) {
  std::string stream = Stream(Sample());
  const std::size_t first = static_cast<unsigned char>(stream[0]) + 1U;
  stream.resize(first + 5);
  const auto reading = ReadCounters(stream);
  ASSERT_FALSE(reading.ok());
  EXPECT_EQ(reading.status().code(), Code::kDataLoss);
  EXPECT_EQ(reading.status().subject(), "byte " + std::to_string(first));
}

TEST(Balances, NeedsPacketsAndBytes) {
  v1::LedgerEntry entry = Entry("web", false);
  EXPECT_TRUE(Balances(entry));
  entry.mutable_too_long()->set_bytes(1);
  EXPECT_FALSE(Balances(entry));
  entry.mutable_too_long()->set_bytes(0);
  entry.mutable_target_down()->set_packets(1);
  EXPECT_FALSE(Balances(entry));
}

TEST(Balances, CountsEveryDrop) {
  v1::LedgerEntry entry;
  Set(entry.mutable_sent(), 1, 10);
  Set(entry.mutable_sampled_out(), 2, 20);
  Set(entry.mutable_rate_limited(), 4, 40);
  Set(entry.mutable_no_buffer(), 8, 80);
  Set(entry.mutable_egress_full(), 16, 160);
  Set(entry.mutable_unresolved(), 32, 320);
  Set(entry.mutable_target_down(), 64, 640);
  Set(entry.mutable_too_long(), 128, 1280);
  Set(entry.mutable_matched(), 255, 2550);
  EXPECT_TRUE(Balances(entry));
}

TEST(Balances, IsNotFooledByOverflow) {
  v1::LedgerEntry entry;
  Set(entry.mutable_sent(), std::numeric_limits<std::uint64_t>::max(), 0);
  Set(entry.mutable_too_long(), 2, 0);
  Set(entry.mutable_matched(), 1, 0);
  EXPECT_FALSE(Balances(entry));
}

TEST(CountersTable, ShowsOnlyDropsThatHappened) {
  EXPECT_EQ(CountersTable(Sample(), CounterColumns::kNonZero),
            "packets/bytes of the original frames\n"
            "\n"
            "session  interface  direction    matched       sent  sampled_out  sent_wire_bytes  balance\n"
            "web      guest0     inbound     100/6400    90/5760       10/640            10260       ok\n"
            "web      guest0     outbound    100/6400    90/5760       10/640            10260       ok\n"
            "total                          200/12800  180/11520      20/1280            20520\n"
            "ledger: matched = sent + drops in all 2 entries, packets and bytes\n"
            "\n"
            "port      received  forwarded  forward_drops  copies  runt_in\n"
            "guest0  1000/64000  998/63000            0/0     0/0     2/26\n");
}

TEST(CountersTable, ShowsCopiesCutToFitWhenThereAreAny) {
  EXPECT_THAT(CountersTable(Sample(), CounterColumns::kNonZero), Not(HasSubstr("sent_cut")));
  CounterReading reading = Sample();
  reading.entries[1].set_sent_cut(7);
  EXPECT_THAT(CountersTable(reading, CounterColumns::kNonZero),
              AllOf(HasSubstr("  sent_wire_bytes  sent_cut  balance\n"), HasSubstr("  10260         7       ok\n"),
                    HasSubstr("  20520         7\n")));
}

TEST(CountersTable, ShowsAllDropsWhenWide) {
  const std::string table = CountersTable(Sample(), CounterColumns::kAll);
  for (const char* column : {"rate_limited", "no_buffer", "egress_full", "unresolved", "target_down", "too_long",
                             "sent_cut", "loop_guard_in", "loop_guard_out", "excluded_in", "excluded_out", "runt_out",
                             "forward_too_long", "receive_missed"}) {
    EXPECT_THAT(table, HasSubstr(column));
  }
}

TEST(CountersTable, ShowsWhatTheCardNeverSawWhenThereIsSome) {
  CounterReading reading = Sample();
  EXPECT_THAT(CountersTable(reading, CounterColumns::kNonZero), Not(HasSubstr("receive_missed")));
  reading.ports[0].set_receive_missed(12);
  EXPECT_THAT(CountersTable(reading, CounterColumns::kNonZero),
              HasSubstr("port      received  forwarded  forward_drops  copies  runt_in  receive_missed\n"
                        "guest0  1000/64000  998/63000            0/0     0/0     2/26              12\n"));
}

TEST(CountersTable, SaysWhichEntryIsOffAndByHowMuch) {
  CounterReading reading = Sample();
  Set(reading.entries[1].mutable_matched(), 103, 6399);
  const std::string table = CountersTable(reading, CounterColumns::kNonZero);
  EXPECT_THAT(table, HasSubstr("OFF: 3 missing packets, 1 too many bytes"));
  EXPECT_THAT(table, HasSubstr("ledger: DOES NOT BALANCE in 1 of 2 entries\n"));
}

TEST(CountersTable, PassesNoControlCharactersOn) {
  CounterReading reading = Sample();
  reading.entries[0].set_session("\x1b[2Jweb");
  EXPECT_THAT(CountersTable(reading, CounterColumns::kNonZero), Not(HasSubstr("\x1b")));
}

TEST(CountersJson, HasEveryFieldAsNumber) {
  CounterReading reading = Sample();
  Set(reading.entries[0].mutable_no_buffer(), 0, std::numeric_limits<std::uint64_t>::max());
  reading.ports[0].set_forward_too_long(3);
  reading.ports[0].set_receive_missed(std::numeric_limits<std::uint64_t>::max());
  const auto json = nlohmann::json::parse(CountersJson(reading));
  EXPECT_EQ(json["entries"][1]["direction"], "outbound");
  EXPECT_EQ(json["entries"][0]["no_buffer"]["bytes"].get<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(json["entries"][1]["balanced"], true);
  EXPECT_EQ(json["balanced"], false);
  EXPECT_EQ(json["total"]["matched"]["packets"], 200);
  EXPECT_EQ(json["ports"][0]["forward_too_long"], 3);
  EXPECT_EQ(json["ports"][0]["receive_missed"].get<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());

  // Each field of the contract is there under its own name.
  const auto* entry = v1::LedgerEntry::descriptor();
  for (int i = 0; i < entry->field_count(); ++i) {
    const std::string name = entry->field(i)->name() == "outbound" ? "direction" : entry->field(i)->name();
    EXPECT_TRUE(json["entries"][0].contains(name)) << name;
  }
  const auto* port = v1::PortCounters::descriptor();
  for (int i = 0; i < port->field_count(); ++i) {
    EXPECT_TRUE(json["ports"][0].contains(port->field(i)->name())) << port->field(i)->name();
  }
}

}  // namespace
}  // namespace heliostat::helioctl
