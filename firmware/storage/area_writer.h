// Appends records to one half of a log's region. Programs in pieces of 4 KiB, or of a program unit where that is
// larger; pads to a program unit only to sync. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "hal/flash.h"
#include "storage/log_format.h"

namespace heliostat::storage {

class AreaWriter {
 public:
  // Goes on at `position`, erased from there on and a multiple of program_bytes. `live`: the area's headers are there
  // and all before `position` is synced. `flash` outlives it.
  AreaWriter(hal::Flash& flash, const AreaShape& shape, std::uint32_t epoch, std::uint32_t position, bool live);

  // kResourceExhausted: the area has no room for it, and nothing of it was written. Any other error breaks the writer.
  [[nodiscard]] Status Append(std::uint8_t type, std::span<const std::uint8_t> payload);

  // All that was appended is on flash on return.
  [[nodiscard]] Status Sync();

  // Gives up what was appended since the last Sync. If a part of it is programmed, all of it is: as whole records that
  // nobody will close.
  [[nodiscard]] Status Abandon();

  // Writes both copies of the header, after a Sync; they are synced on return, and the area is read from now on.
  [[nodiscard]] Status Seal(LogKind kind);

  // A device failed: the area's end is as after a power cut, and nothing may be appended there.
  [[nodiscard]] bool broken() const { return broken_; }
  // Where the next record begins.
  [[nodiscard]] std::uint32_t position() const { return programmed_ + static_cast<std::uint32_t>(buffer_.size()); }
  [[nodiscard]] std::uint32_t room() const { return shape_.end() - position(); }
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }
  [[nodiscard]] const AreaShape& shape() const { return shape_; }

  // The most bytes that a record takes when it is synced alone.
  [[nodiscard]] std::uint32_t Footprint(std::size_t payload_bytes) const;

 private:
  Status Add(std::span<const std::uint8_t> bytes);
  Status Flush();
  Status ProgramBuffer();

  hal::Flash* flash_;
  AreaShape shape_;
  std::uint32_t epoch_;
  std::uint32_t programmed_;  // the area is programmed up to here
  std::size_t piece_bytes_;
  std::vector<std::uint8_t> buffer_;  // not programmed yet
  bool live_;
  bool synced_ = true;  // all that was programmed is synced
  bool broken_ = false;
};

}  // namespace heliostat::storage
