#include "datapath/ledger.h"

#include <new>
#include <thread>

namespace heliostat::datapath {

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

bool LedgerShard::Reserve(std::uint32_t entries) {
  if (entries > kMaxEntries) return false;
  for (std::uint32_t page = 0; page * kPageEntries < entries; ++page) {
    if (pages_[page]) continue;
    pages_[page].reset(new (std::nothrow) Page());
    if (!pages_[page]) return false;
  }
  return true;
}

void LedgerShard::Clear(std::uint32_t entry) {
  Cell& cell = At(entry);
  for (std::size_t i = 0; i < kColumns; ++i) {
    cell.packets[i].store(0, std::memory_order_relaxed);
    cell.bytes[i].store(0, std::memory_order_relaxed);
  }
  cell.sent_wire_bytes.store(0, std::memory_order_relaxed);
  cell.sent_cut.store(0, std::memory_order_relaxed);
}

EntryCounts LedgerShard::Read(std::uint32_t entry) const {
  const Cell& cell = At(entry);
  for (unsigned attempt = 1;; ++attempt) {
    const std::uint64_t before = sequence_.load(std::memory_order_acquire);
    if (before % 2 == 0) {
      EntryCounts counts;
      for (std::size_t i = 0; i < kColumns; ++i) {
        counts.columns[i] = {cell.packets[i].load(std::memory_order_acquire),
                             cell.bytes[i].load(std::memory_order_acquire)};
      }
      counts.sent_wire_bytes = cell.sent_wire_bytes.load(std::memory_order_acquire);
      counts.sent_cut = cell.sent_cut.load(std::memory_order_acquire);
      if (sequence_.load(std::memory_order_relaxed) == before) return counts;
    }
    // The worker may share this core: let it end its burst.
    if (attempt % 64 == 0) std::this_thread::yield();
  }
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

PortCounts PortCell::Read() const {
  const auto item = [this](Item i) {
    return Count{packets_[i].load(std::memory_order_relaxed), bytes_[i].load(std::memory_order_relaxed)};
  };
  PortCounts counts;
  counts.received = item(kReceived);
  counts.forwarded = item(kForwarded);
  counts.forward_drops = item(kForwardDrops);
  counts.copies = item(kCopies);
  counts.loop_guard = {item(kLoopGuardIn), item(kLoopGuardOut)};
  counts.runt = {item(kRuntIn), item(kRuntOut)};
  counts.excluded = {item(kExcludedIn), item(kExcludedOut)};
  counts.forward_too_long = packets_[kForwardTooLong].load(std::memory_order_relaxed);
  return counts;
}

}  // namespace heliostat::datapath
