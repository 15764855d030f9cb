// An append-only log of checksummed records on a run of erase blocks, safe under a power cut at any write (FORMAT.md).
//
// The region has two halves, its areas. Records are appended to the one with the youngest headers. When it is full, or
// its end is not to be trusted, the records that are still wanted are written to the other area, and its headers last:
// until they are there the old area counts. The store above knows what the records mean and which are still wanted. One
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/status.h"
#include "hal/flash.h"
#include "storage/area_writer.h"
#include "storage/log_area.h"
#include "storage/region.h"

namespace heliostat::storage {

class RecordLog {
 public:
  // Reads the headers; writes nothing. kInvalidArgument: the region is not on this flash, or too small;
  // kFailedPrecondition, kUnsupported: it was made by something else; kUnavailable: the device fails. `flash` outlives
  // the log.
  [[nodiscard]] static Result<std::unique_ptr<RecordLog>> Open(hal::Flash& flash, Region region, LogKind kind,
                                                               std::uint32_t max_payload_bytes);

  // Areas with records to read, youngest first: none in a new region, else one or two.
  [[nodiscard]] const std::vector<LogArea>& areas() const { return areas_; }

  // Reads the areas and uses the one that counts: the youngest, unless it has rotten and the older one still holds a
  // later commit. Returns the contents of the areas that were read, that of the used one first; none in a new region.
  // `Content` is what records add up to; it has Take(record), malformed(), and current(), which grows with every
  // commit.
  template <typename Content>
  [[nodiscard]] Result<std::vector<Content>> Load(const Content& empty);
  // Returns true when the youngest area has rotten: something may be lost.
  [[nodiscard]] bool damaged() const { return damaged_; }

  // Says which area counts, by its index in areas(); the caller has walked it.
  void Use(std::size_t area, const Walked& walked);
  // The area that Use chose or the last compaction made; null in a new region.
  [[nodiscard]] const LogArea* active() const { return active_.get(); }

  // Null when nothing may be appended before a compaction: the region is new, its end is torn, a device has failed.
  [[nodiscard]] AreaWriter* writer();

  // Erases the area that does not count, to take what is to be kept. The active one counts until FinishCompaction has
  // returned ok.
  [[nodiscard]] Result<AreaWriter> StartCompaction();
  // After an error here nobody knows which area counts: the log takes no more records until it is opened again.
  [[nodiscard]] Status FinishCompaction(AreaWriter writer);

  // The shape of either area.
  [[nodiscard]] const AreaShape& shape() const { return shapes_[0]; }
  // How many bytes of records, with their headers, one area holds.
  [[nodiscard]] std::uint32_t capacity_bytes() const { return shapes_[0].capacity(); }
  [[nodiscard]] std::uint32_t used_bytes() const;
  [[nodiscard]] std::uint64_t region_bytes() const { return std::uint64_t{shapes_[0].bytes} * 2; }

 private:
  RecordLog(hal::Flash& flash, LogKind kind, std::uint32_t max_payload_bytes);
  Status Start(Region region);

  hal::Flash* flash_;
  LogKind kind_;
  std::uint32_t max_payload_bytes_;
  std::vector<AreaShape> shapes_;
  std::vector<LogArea> areas_;
  std::unique_ptr<LogArea> active_;
  std::unique_ptr<AreaWriter> writer_;
  std::uint32_t used_end_ = 0;
  std::uint32_t epoch_ = 0;  // the highest ever seen
  bool failed_ = false;
  bool damaged_ = false;
};

template <typename Content>
Result<std::vector<Content>> RecordLog::Load(const Content& empty) {
  std::vector<Content> contents;
  for (std::size_t i = 0; i < areas_.size() && (i == 0 || damaged_); ++i) {
    Content& found = contents.emplace_back(empty);
    Walked walked;
    HELIOSTAT_RETURN_IF_ERROR(areas_[i].Walk(
        [&found](const Record& record) {
          found.Take(record);
          return OkStatus();
        },
        walked));
    if (found.malformed()) walked.tail = Tail::kDamaged;
    damaged_ = damaged_ || walked.tail == Tail::kDamaged;
    if (i > 0) {
      if (found.current() <= contents.front().current()) continue;
      std::swap(contents.front(), found);
    }
    Use(i, walked);
  }
  return contents;
}

}  // namespace heliostat::storage
