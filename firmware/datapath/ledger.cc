#include "datapath/ledger.h"

#include <thread>

namespace heliostat::datapath {

void LedgerShard::Clear(std::uint32_t entry) {
  Cell& cell = cells_.At(entry);
  for (std::size_t i = 0; i < kColumns; ++i) {
    cell.packets[i].store(0, std::memory_order_relaxed);
    cell.bytes[i].store(0, std::memory_order_relaxed);
  }
  cell.sent_wire_bytes.store(0, std::memory_order_relaxed);
  cell.sent_cut.store(0, std::memory_order_relaxed);
}

EntryCounts LedgerShard::Read(std::uint32_t entry) const {
  const Cell& cell = cells_.At(entry);
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
