// The ledger, as workers write it: each has a shard of its own, and a reading adds them up.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "datapath/paged_cells.h"
#include "ledger/counts.h"

namespace heliostat::datapath {

using ledger::Column;
using ledger::ColumnName;
using ledger::Count;
using ledger::EntryCounts;
using ledger::kColumns;
using ledger::PortCounts;

// One worker's part of the ledger. The agent calls Reserve and Clear, the worker Begin, Add, AddWireBytes, AddCut and
// End, any thread Read.
class LedgerShard {
 public:
  // There is room for 65,536 session-source pairs in two directions, and for as many again that the epoch before still
  // counts in.
  static constexpr std::uint32_t kMaxEntries = 262'144;

  // Takes memory for the entries below `entries`, before a table that names them is published. Returns false when there
  // is none left or they are too many.
  [[nodiscard]] bool Reserve(std::uint32_t entries) { return cells_.Reserve(entries); }
  // Sets the entry to 0. No worker may be able to reach it any more.
  void Clear(std::uint32_t entry);

  // Between Begin and End, entries may be out of balance, and readers wait.
  void Begin() { sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void End() { sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  void Add(std::uint32_t entry, Column column, const Count& count) {
    Cell& cell = cells_.At(entry);
    const auto index = static_cast<std::size_t>(column);
    Bump(cell.packets[index], count.packets);
    Bump(cell.bytes[index], count.bytes);
  }
  void Add(std::uint32_t entry, Column column, std::uint32_t bytes) { Add(entry, column, Count{1, bytes}); }
  void AddWireBytes(std::uint32_t entry, std::uint64_t bytes) { Bump(cells_.At(entry).sent_wire_bytes, bytes); }
  void AddCut(std::uint32_t entry) { Bump(cells_.At(entry).sent_cut, 1); }

  // Returns a balanced reading of `entry`, which must be one of those reserved.
  [[nodiscard]] EntryCounts Read(std::uint32_t entry) const;

 private:
  using Counter = std::atomic<std::uint64_t>;
  struct alignas(64) Cell {
    std::array<Counter, kColumns> packets{};
    std::array<Counter, kColumns> bytes{};
    Counter sent_wire_bytes{};
    Counter sent_cut{};
  };

  // There is one writer, so a plain add will do. The release keeps it behind Begin for readers; it costs nothing on
  // x86.
  static void Bump(Counter& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_release);
  }

  alignas(64) std::atomic<std::uint64_t> sequence_{0};  // odd between Begin and End
  static constexpr std::uint32_t kPageEntries = 256;
  PagedCells<Cell, kPageEntries, kMaxEntries> cells_;
};

// Collects packets of one column: those in a row with one entry are added to the shard at once.
class LedgerRun {
 public:
  LedgerRun(LedgerShard& shard, Column column) : shard_(shard), column_(column) {}
  LedgerRun(const LedgerRun&) = delete;
  LedgerRun& operator=(const LedgerRun&) = delete;
  ~LedgerRun() { Finish(); }

  // `wire_bytes` are the copy's, when the column is kSent.
  void Add(std::uint32_t entry, std::uint32_t bytes, std::uint32_t wire_bytes = 0) {
    if (entry != entry_) {
      Finish();
      entry_ = entry;
    }
    ++count_.packets;
    count_.bytes += bytes;
    wire_bytes_ += wire_bytes;
  }

 private:
  void Finish() {
    if (count_.packets != 0) shard_.Add(entry_, column_, count_);
    if (wire_bytes_ != 0) shard_.AddWireBytes(entry_, wire_bytes_);
    count_ = {};
    wire_bytes_ = 0;
  }

  LedgerShard& shard_;
  Column column_;
  std::uint32_t entry_ = 0;
  Count count_;
  std::uint64_t wire_bytes_ = 0;
};

class PortCell {
 public:
  enum Item : std::uint8_t {
    kReceived,
    kForwarded,
    kForwardDrops,
    kCopies,
    kLoopGuardIn,
    kLoopGuardOut,
    kRuntIn,
    kRuntOut,
    kExcludedIn,
    kExcludedOut,
    kForwardTooLong,
    kItems
  };
  // Only the worker that owns the cell may call it.
  void Add(Item item, std::uint64_t packets, std::uint64_t bytes) {
    Bump(packets_[item], packets);
    Bump(bytes_[item], bytes);
  }
  [[nodiscard]] PortCounts Read() const;  // any thread

 private:
  using Counter = std::atomic<std::uint64_t>;
  static void Bump(Counter& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  alignas(64) std::array<Counter, kItems> packets_{};
  std::array<Counter, kItems> bytes_{};
};

}  // namespace heliostat::datapath
