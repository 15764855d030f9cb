// The ledger: what became of every copy that a verdict asked for.
//
// An entry is one (session, interface, direction). In every reading, in packets and in bytes of the original frame
// without FCS: matched = sent + the sum of the drops. Each worker writes a shard of its own; a reading adds them up.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace heliostat::datapath {

// A drop reason is a column. Append only: readings and tools know them by position.
enum class Column : std::uint8_t {
  kMatched = 0,
  kSent,  // handed to the egress port, and taken
  kSampledOut,
  kRateLimited,
  kNoBuffer,    // the pool of copies is empty
  kEgressFull,  // the egress port did not take it
  kUnresolved,  // no next hop
  kTargetDown,  // the egress port's link is down, or the target may not be used any more
  kTooLong,     // even the shortest allowed cut does not fit the MTU
};
inline constexpr std::size_t kColumns = 9;
std::string_view ColumnName(Column column);

struct Count {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  Count& operator+=(const Count& other) {
    packets += other.packets;
    bytes += other.bytes;
    return *this;
  }
  friend bool operator==(const Count&, const Count&) = default;
};

struct EntryCounts {
  std::array<Count, kColumns> columns{};
  std::uint64_t sent_wire_bytes = 0;
  std::uint64_t sent_cut = 0;  // of kSent: cut to fit the MTU, in packets

  [[nodiscard]] const Count& operator[](Column column) const { return columns[static_cast<std::size_t>(column)]; }
  [[nodiscard]] bool Balances() const;
  EntryCounts& operator+=(const EntryCounts& other);
};

// One worker's part. Reserve and Clear: agent. Begin, Add, AddWireBytes, AddCut, End: the worker. Read: any thread.
class LedgerShard {
 public:
  static constexpr std::uint32_t kPageEntries = 256;
  // 65,536 session-source pairs, two directions, and as many that the generation before still counts in.
  static constexpr std::uint32_t kMaxEntries = 262'144;

  // Memory for entries below `entries`, before a table that names them is published. False: none left, or too many.
  [[nodiscard]] bool Reserve(std::uint32_t entries);
  // Back to 0; only when no worker can reach the entry any more.
  void Clear(std::uint32_t entry);

  // Between Begin and End entries may be out of balance, and readers wait.
  void Begin() { sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  void End() { sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }

  void Add(std::uint32_t entry, Column column, const Count& count) {
    Cell& cell = At(entry);
    const auto index = static_cast<std::size_t>(column);
    Bump(cell.packets[index], count.packets);
    Bump(cell.bytes[index], count.bytes);
  }
  void Add(std::uint32_t entry, Column column, std::uint32_t bytes) { Add(entry, column, Count{1, bytes}); }
  void AddWireBytes(std::uint32_t entry, std::uint64_t bytes) { Bump(At(entry).sent_wire_bytes, bytes); }
  void AddCut(std::uint32_t entry) { Bump(At(entry).sent_cut, 1); }

  // One balanced reading of an entry below those reserved.
  [[nodiscard]] EntryCounts Read(std::uint32_t entry) const;

 private:
  using Counter = std::atomic<std::uint64_t>;
  struct alignas(64) Cell {
    std::array<Counter, kColumns> packets{};
    std::array<Counter, kColumns> bytes{};
    Counter sent_wire_bytes{};
    Counter sent_cut{};
  };
  using Page = std::array<Cell, kPageEntries>;

  // One writer: a plain add. The release keeps it behind Begin for readers; it costs nothing on x86.
  static void Bump(Counter& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_release);
  }
  [[nodiscard]] Cell& At(std::uint32_t entry) const { return (*pages_[entry / kPageEntries])[entry % kPageEntries]; }

  alignas(64) std::atomic<std::uint64_t> sequence_{0};  // odd between Begin and End
  std::array<std::unique_ptr<Page>, kMaxEntries / kPageEntries> pages_;
};

// Packets of one column: those in a row with one entry are added up, and added to the shard at once.
class LedgerRun {
 public:
  LedgerRun(LedgerShard& shard, Column column) : shard_(shard), column_(column) {}
  LedgerRun(const LedgerRun&) = delete;
  LedgerRun& operator=(const LedgerRun&) = delete;
  ~LedgerRun() { Finish(); }

  // `wire_bytes`: of the copy, where the column is kSent.
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

// What a worker counts per port, for both directions as seen from the interface.
struct PortCounts {
  Count received;
  Count forwarded;      // originals that this port sent
  Count forward_drops;  // originals that this port did not take
  Count copies;
  std::array<Count, 2> loop_guard;  // by config::Direction
  std::array<Count, 2> runt;
  std::array<Count, 2> excluded;       // what the interface's excluded filter accepted
  std::uint64_t forward_too_long = 0;  // of forward_drops: longer than the port can carry
  std::uint64_t receive_missed = 0;    // no worker saw them: the agent asks the port (hal::Port::ReceiveMissed)

  PortCounts& operator+=(const PortCounts& other);
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
  // The worker that owns the cell.
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
