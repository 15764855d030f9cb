#include "ledger/counts.h"

namespace heliostat::ledger {

std::string_view ColumnName(Column column) {
  static constexpr std::array<std::string_view, kColumns> kNames = {"matched",      "sent",        "sampled_out",
                                                                    "rate_limited", "no_buffer",   "egress_full",
                                                                    "unresolved",   "target_down", "too_long"};
  return kNames[static_cast<std::size_t>(column)];
}

bool EntryCounts::Balances() const {
  Count sum;
  for (std::size_t i = 1; i < kColumns; ++i) sum += columns[i];
  return sum == columns[0];
}

EntryCounts& EntryCounts::operator+=(const EntryCounts& other) {
  for (std::size_t i = 0; i < kColumns; ++i) columns[i] += other.columns[i];
  sent_wire_bytes += other.sent_wire_bytes;
  sent_cut += other.sent_cut;
  return *this;
}

PortCounts& PortCounts::operator+=(const PortCounts& other) {
  received += other.received;
  forwarded += other.forwarded;
  forward_drops += other.forward_drops;
  copies += other.copies;
  for (std::size_t i = 0; i < 2; ++i) {
    loop_guard[i] += other.loop_guard[i];
    runt[i] += other.runt[i];
    excluded[i] += other.excluded[i];
  }
  forward_too_long += other.forward_too_long;
  receive_missed += other.receive_missed;
  return *this;
}

}  // namespace heliostat::ledger
