// What is counted, as plain values.
//
// The ledger says what became of every copy that a verdict asked for. An entry is one (session, interface, direction).
// In every reading, in packets and in bytes of the original frame without FCS: matched = sent + the sum of the drops.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace heliostat::ledger {

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
  std::uint64_t sent_cut = 0;  // packets of kSent that were cut to fit the MTU

  [[nodiscard]] const Count& operator[](Column column) const { return columns[static_cast<std::size_t>(column)]; }
  [[nodiscard]] bool Balances() const;
  EntryCounts& operator+=(const EntryCounts& other);
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
  std::uint64_t forward_too_long = 0;  // those of forward_drops that were longer than the port can carry
  std::uint64_t receive_missed = 0;    // those that no worker saw; the agent asks hal::Port::ReceiveMissed

  PortCounts& operator+=(const PortCounts& other);
};

}  // namespace heliostat::ledger
