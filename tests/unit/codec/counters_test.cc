#include "codec/counters.h"

#include <counters.pb.h>
#include <gmock/gmock.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>

namespace heliostat::codec {
namespace {

using testing::HasSubstr;

Count Read(const v1::Count& count) { return {count.packets(), count.bytes()}; }

std::vector<v1::Reading> ReadAll(const std::string& bytes) {
  google::protobuf::io::ArrayInputStream in(bytes.data(), static_cast<int>(bytes.size()));
  std::vector<v1::Reading> readings;
  bool clean_eof = false;
  v1::Reading reading;
  while (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&reading, &in, &clean_eof)) {
    readings.push_back(reading);
    reading.Clear();
  }
  EXPECT_TRUE(clean_eof);
  return readings;
}

TEST(AppendCounters, WritesEveryFieldOfALedgerEntry) {
  const LedgerEntry entry{.session = "s1",
                          .interface = std::string(63, 'i'),
                          .outbound = true,
                          .matched = {~0ULL, 2},
                          .sent = {3, 4},
                          .sampled_out = {5, 6},
                          .rate_limited = {7, 8},
                          .no_buffer = {9, 10},
                          .egress_full = {11, 12},
                          .unresolved = {13, 14},
                          .target_down = {15, 16},
                          .too_long = {17, 18},
                          .sent_wire_bytes = 19,
                          .sent_cut = 20};
  std::string bytes;
  ASSERT_TRUE(AppendCounters(entry, &bytes).ok());
  ASSERT_TRUE(AppendCounters(LedgerEntry{}, &bytes).ok());
  const std::vector<v1::Reading> readings = ReadAll(bytes);
  ASSERT_EQ(readings.size(), 2U);
  const v1::LedgerEntry& read = readings[0].entry();
  EXPECT_EQ(entry, (LedgerEntry{.session = read.session(),
                                .interface = read.interface(),
                                .outbound = read.outbound(),
                                .matched = Read(read.matched()),
                                .sent = Read(read.sent()),
                                .sampled_out = Read(read.sampled_out()),
                                .rate_limited = Read(read.rate_limited()),
                                .no_buffer = Read(read.no_buffer()),
                                .egress_full = Read(read.egress_full()),
                                .unresolved = Read(read.unresolved()),
                                .target_down = Read(read.target_down()),
                                .too_long = Read(read.too_long()),
                                .sent_wire_bytes = read.sent_wire_bytes(),
                                .sent_cut = read.sent_cut()}));
  EXPECT_TRUE(readings[1].has_entry());
}

TEST(AppendCounters, WritesEveryFieldOfPortCounters) {
  const PortCounters counters{.interface = "wire1",
                              .received = {1, 2},
                              .forwarded = {3, 4},
                              .forward_drops = {5, 6},
                              .copies = {7, 8},
                              .loop_guard_in = {9, 10},
                              .loop_guard_out = {11, 12},
                              .runt_in = {13, 14},
                              .runt_out = {15, 16},
                              .forward_too_long = 17,
                              .receive_missed = 18,
                              .excluded_in = {19, 20},
                              .excluded_out = {21, 22}};
  std::string bytes;
  ASSERT_TRUE(AppendCounters(counters, &bytes).ok());
  const std::vector<v1::Reading> readings = ReadAll(bytes);
  ASSERT_EQ(readings.size(), 1U);
  const v1::PortCounters& read = readings[0].port();
  EXPECT_EQ(counters, (PortCounters{.interface = read.interface(),
                                    .received = Read(read.received()),
                                    .forwarded = Read(read.forwarded()),
                                    .forward_drops = Read(read.forward_drops()),
                                    .copies = Read(read.copies()),
                                    .loop_guard_in = Read(read.loop_guard_in()),
                                    .loop_guard_out = Read(read.loop_guard_out()),
                                    .runt_in = Read(read.runt_in()),
                                    .runt_out = Read(read.runt_out()),
                                    .forward_too_long = read.forward_too_long(),
                                    .receive_missed = read.receive_missed(),
                                    .excluded_in = Read(read.excluded_in()),
                                    .excluded_out = Read(read.excluded_out())}));
}

TEST(AppendCounters, WritesServicesByNameAndRulesByNumber) {
  const RuleHits hits{.filter = "web",
                      .outbound = true,
                      .rules = {{.number = 0, .service = config::Service::kArp, .packets = ~0ULL},
                                {.number = 65'535, .service = config::Service::kArp, .packets = 1}}};
  std::string bytes;
  ASSERT_TRUE(AppendCounters(hits, &bytes).ok());
  const std::vector<v1::Reading> readings = ReadAll(bytes);
  ASSERT_EQ(readings.size(), 1U);
  EXPECT_EQ(readings[0].hits().ShortDebugString(),
            "filter: \"web\" outbound: true rules { service: ARP packets: 18446744073709551615 } "
            "rules { number: 65535 packets: 1 }");
}

RuleHits HitsOf(std::size_t rules) {
  RuleHits hits{.filter = "web"};
  for (std::size_t i = 1; i <= rules; ++i)
    hits.rules.push_back({.number = static_cast<std::uint16_t>(i), .packets = i});
  return hits;
}

TEST(AppendCounters, SplitsHitsIntoReadingsOf64Rules) {
  for (const std::size_t rules : {1U, 64U, 65U, 128U, 129U}) {
    SCOPED_TRACE(rules);
    std::string bytes;
    ASSERT_TRUE(AppendCounters(HitsOf(rules), &bytes).ok());
    std::uint32_t number = 0;
    const std::vector<v1::Reading> readings = ReadAll(bytes);
    EXPECT_EQ(readings.size(), (rules + 63) / 64);
    for (const v1::Reading& reading : readings) {
      EXPECT_EQ(reading.hits().filter(), "web");
      EXPECT_LE(reading.hits().rules_size(), 64);
      for (const v1::RuleHit& rule : reading.hits().rules()) EXPECT_EQ(rule.number(), ++number);
    }
    EXPECT_EQ(number, rules);
  }
}

TEST(AppendCounters, WritesNothingOfAFilterWithoutHits) {
  std::string bytes;
  EXPECT_TRUE(AppendCounters(HitsOf(0), &bytes).ok());
  EXPECT_EQ(bytes, "");
}

TEST(AppendCounters, RefusesANameThatIsTooLong) {
  std::string bytes = "before";
  const Status status = AppendCounters(LedgerEntry{.session = std::string(64, 's')}, &bytes);
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.subject(), "session");
  EXPECT_THAT(status.fix(), HasSubstr("63"));
  EXPECT_EQ(bytes, "before");
  RuleHits hits = HitsOf(65);
  hits.filter = std::string(64, 'f');
  EXPECT_EQ(AppendCounters(hits, &bytes).subject(), "filter");
  EXPECT_EQ(bytes, "before");
}

}  // namespace
}  // namespace heliostat::codec
