#include "control/wire_counters.h"

#include <gtest/gtest.h>

#include "agent/reading.h"

namespace heliostat::control {
namespace {

TEST(ToWire, GivesEachColumnOfALedgerLineUnderItsName) {
  agent::LedgerLine line{.key = {.session = "s", .interface = "guest", .direction = config::Direction::kOutbound},
                         .counts = {}};
  for (std::size_t i = 0; i < ledger::kColumns; ++i) line.counts.columns[i] = {10 * i + 1, 10 * i + 2};
  line.counts.sent_wire_bytes = 101;
  line.counts.sent_cut = 102;
  EXPECT_EQ(ToWire(line), (codec::LedgerEntry{.session = "s",
                                              .interface = "guest",
                                              .outbound = true,
                                              .matched = {1, 2},
                                              .sent = {11, 12},
                                              .sampled_out = {21, 22},
                                              .rate_limited = {31, 32},
                                              .no_buffer = {41, 42},
                                              .egress_full = {51, 52},
                                              .unresolved = {61, 62},
                                              .target_down = {71, 72},
                                              .too_long = {81, 82},
                                              .sent_wire_bytes = 101,
                                              .sent_cut = 102}));
}

TEST(ToWire, GivesWhatAPortCountsUnderItsName) {
  ledger::PortCounts counts;
  counts.received = {1, 2};
  counts.forwarded = {3, 4};
  counts.forward_drops = {5, 6};
  counts.copies = {7, 8};
  counts.loop_guard = {ledger::Count{9, 10}, ledger::Count{11, 12}};
  counts.runt = {ledger::Count{13, 14}, ledger::Count{15, 16}};
  counts.excluded = {ledger::Count{17, 18}, ledger::Count{19, 20}};
  counts.forward_too_long = 21;
  counts.receive_missed = 22;
  EXPECT_EQ(ToWire(counts, "wire"), (codec::PortCounters{.interface = "wire",
                                                         .received = {1, 2},
                                                         .forwarded = {3, 4},
                                                         .forward_drops = {5, 6},
                                                         .copies = {7, 8},
                                                         .loop_guard_in = {9, 10},
                                                         .loop_guard_out = {11, 12},
                                                         .runt_in = {13, 14},
                                                         .runt_out = {15, 16},
                                                         .forward_too_long = 21,
                                                         .receive_missed = 22,
                                                         .excluded_in = {17, 18},
                                                         .excluded_out = {19, 20}}));
}

TEST(ToWire, GivesHitsInTheirOrder) {
  const agent::RuleHits hits{
      .filter = "f",
      .direction = config::Direction::kOutbound,
      .rules = {{.number = 0, .service = config::Service::kNtp, .packets = 5}, {.number = 10, .packets = 6}}};
  EXPECT_EQ(ToWire(hits), (codec::RuleHits{.filter = "f",
                                           .outbound = true,
                                           .rules = {{.number = 0, .service = config::Service::kNtp, .packets = 5},
                                                     {.number = 10, .packets = 6}}}));
}

}  // namespace
}  // namespace heliostat::control
