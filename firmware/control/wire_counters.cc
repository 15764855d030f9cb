#include "control/wire_counters.h"

#include "agent/reading.h"

namespace heliostat::control {
namespace {

codec::Count ToWire(const ledger::Count& count) { return {count.packets, count.bytes}; }

}  // namespace

codec::LedgerEntry ToWire(const agent::LedgerLine& line) {
  using ledger::Column;
  codec::LedgerEntry entry;
  entry.session = line.key.session;
  entry.interface = line.key.interface;
  entry.outbound = line.key.direction == config::Direction::kOutbound;
  entry.matched = ToWire(line.counts[Column::kMatched]);
  entry.sent = ToWire(line.counts[Column::kSent]);
  entry.sampled_out = ToWire(line.counts[Column::kSampledOut]);
  entry.rate_limited = ToWire(line.counts[Column::kRateLimited]);
  entry.no_buffer = ToWire(line.counts[Column::kNoBuffer]);
  entry.egress_full = ToWire(line.counts[Column::kEgressFull]);
  entry.unresolved = ToWire(line.counts[Column::kUnresolved]);
  entry.target_down = ToWire(line.counts[Column::kTargetDown]);
  entry.too_long = ToWire(line.counts[Column::kTooLong]);
  entry.sent_wire_bytes = line.counts.sent_wire_bytes;
  entry.sent_cut = line.counts.sent_cut;
  return entry;
}

codec::PortCounters ToWire(const ledger::PortCounts& counts, const std::string& interface) {
  codec::PortCounters port;
  port.interface = interface;
  port.received = ToWire(counts.received);
  port.forwarded = ToWire(counts.forwarded);
  port.forward_drops = ToWire(counts.forward_drops);
  port.copies = ToWire(counts.copies);
  port.loop_guard_in = ToWire(counts.loop_guard[0]);
  port.loop_guard_out = ToWire(counts.loop_guard[1]);
  port.runt_in = ToWire(counts.runt[0]);
  port.runt_out = ToWire(counts.runt[1]);
  port.forward_too_long = counts.forward_too_long;
  port.receive_missed = counts.receive_missed;
  port.excluded_in = ToWire(counts.excluded[0]);
  port.excluded_out = ToWire(counts.excluded[1]);
  return port;
}

codec::RuleHits ToWire(const agent::RuleHits& hits) {
  codec::RuleHits wire;
  wire.filter = hits.filter;
  wire.outbound = hits.direction == config::Direction::kOutbound;
  wire.rules.reserve(hits.rules.size());
  for (const agent::RuleHits::Rule& rule : hits.rules) wire.rules.push_back({rule.number, rule.service, rule.packets});
  return wire;
}

}  // namespace heliostat::control
