// One half of a log's region, read: its headers, and its records one by one. Writes nothing. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "hal/flash.h"
#include "storage/log_format.h"

namespace heliostat::storage {

struct Record {
  std::uint8_t type = 0;
  bool behind_sync = false;
  bool behind_hole = false;  // it is whole, but something before it is not
  std::uint32_t offset = 0;  // in the area
  std::uint32_t end = 0;     // where its payload ends
  std::span<const std::uint8_t> payload;
};

// An error ends the walk, and is its result.
using RecordVisitor = std::function<Status(const Record&)>;

enum class Tail : std::uint8_t {
  kClean,    // erased bytes only
  kTorn,     // what a cut left of writes that were never synced
  kDamaged,  // records that were synced are not whole any more
};

struct Walked {
  Tail tail = Tail::kClean;
  std::uint32_t end = 0;   // where the records before the first hole end
  std::uint32_t hole = 0;  // kDamaged: where the first one begins
};

class LogArea {
 public:
  static constexpr std::uint32_t kWindowBytes = 4096;  // erase blocks are multiples of it

  // `max_payload_bytes`: longer records are not taken for whole. `flash` outlives it.
  LogArea(hal::Flash& flash, const AreaShape& shape, LogKind kind, std::uint32_t max_payload_bytes);

  // Finds the headers, or without one the records that were appended to the area once its headers were there.
  // kFailedPrecondition or kUnsupported when the area was made by something else, kUnavailable when the device fails.
  // Reads through `window`, kWindowBytes of it: for an area whose headers are whole it allocates nothing.
  [[nodiscard]] Status Open(std::vector<std::uint8_t> window = std::vector<std::uint8_t>(kWindowBytes));

  // Open found something to read.
  [[nodiscard]] bool usable() const { return epoch_ != 0; }
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }
  // Both copies of the header are whole.
  [[nodiscard]] bool headers_whole() const { return headers_ == 2; }
  [[nodiscard]] const AreaShape& shape() const { return shape_; }

  // Visits all records from the first on; behind a hole, those that can be found again.
  [[nodiscard]] Status Walk(const RecordVisitor& visit, Walked& walked) const;

  // Visits the records in [from, to), which Walk has found. kDataLoss when one is not whole any more.
  [[nodiscard]] Status ReadRange(std::uint32_t from, std::uint32_t to, const RecordVisitor& visit) const;

 private:
  class Window;
  enum class Found : std::uint8_t { kRecord, kPadding, kErased, kBroken };

  Status ReadHeader(Window& window, std::uint32_t offset);
  Status CheckHeader(const AreaHeader& header) const;
  Status FindAppended(Window& window);
  [[nodiscard]] Result<bool> HeaderAt(Window& window, std::uint32_t at, RecordHeader& header) const;
  Result<bool> PayloadOf(Window& window, std::uint32_t at, const RecordHeader& header,
                         std::vector<std::uint8_t>& payload) const;
  Result<Found> Look(Window& window, std::uint32_t at, Record& record, std::vector<std::uint8_t>& payload) const;
  Result<std::optional<std::uint32_t>> FindIntact(Window& window, std::uint32_t from,
                                                  std::vector<std::uint8_t>& payload) const;

  hal::Flash* flash_;
  AreaShape shape_;
  LogKind kind_;
  std::uint32_t max_payload_bytes_;
  std::uint32_t epoch_ = 0;
  std::uint32_t sealed_end_ = 0;
  int headers_ = 0;
};

}  // namespace heliostat::storage
