// The counts of how often each rule has decided.
//
// An entry is one rule of one filter and direction, whichever interfaces use it. Each worker writes a shard of its own;
// a reading adds them up. Hits balance with nothing, so a reading takes each counter as it is.
#pragma once

#include <atomic>
#include <cstdint>

#include "datapath/paged_cells.h"

namespace heliostat::datapath {

// The agent calls Reserve and Clear, the worker Add, any thread Read.
class HitShard {
 public:
  // There is room for 200,000 rules and six services a filter and direction, and for as many again that the epoch
  // before still counts in.
  static constexpr std::uint32_t kMaxEntries = 1U << 20U;

  // Takes memory for the entries below `entries`, before a table that names them is published. Returns false when there
  // is none left or they are too many.
  [[nodiscard]] bool Reserve(std::uint32_t entries) { return counters_.Reserve(entries); }
  // Sets the entry to 0. No worker may be able to reach it any more.
  void Clear(std::uint32_t entry) { counters_.At(entry).store(0, std::memory_order_relaxed); }

  void Add(std::uint32_t entry, std::uint64_t packets) {
    Counter& counter = counters_.At(entry);
    counter.store(counter.load(std::memory_order_relaxed) + packets, std::memory_order_relaxed);
  }
  // `entry` must be one of those reserved.
  [[nodiscard]] std::uint64_t Read(std::uint32_t entry) const {
    return counters_.At(entry).load(std::memory_order_relaxed);
  }

 private:
  using Counter = std::atomic<std::uint64_t>;
  static constexpr std::uint32_t kPageEntries = 4'096;
  PagedCells<Counter, kPageEntries, kMaxEntries> counters_;
};

}  // namespace heliostat::datapath
