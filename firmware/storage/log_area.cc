#include "storage/log_area.h"

#include <algorithm>
#include <string>
#include <utility>

#include "storage/crc32c.h"

namespace heliostat::storage {
namespace {

Status DeviceFailed(Status status) { return std::move(status).Within("flash"); }

}  // namespace

// Reads through a small buffer. What the device can't give (torn NAND pages) reads as zeros, which are no record.
class LogArea::Window {
 public:
  Window(hal::Flash& flash, const AreaShape& shape,
         std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(kWindowBytes))
      : flash_(flash), shape_(shape), bytes_(std::move(bytes)) {}

  Status Read(std::uint32_t offset, std::span<std::uint8_t> out) {
    while (!out.empty()) {
      HELIOSTAT_RETURN_IF_ERROR(Fill(offset));
      const std::size_t size = std::min<std::size_t>(out.size(), kWindowBytes - offset % kWindowBytes);
      std::copy_n(bytes_.begin() + offset % kWindowBytes, size, out.begin());
      out = out.subspan(size);
      offset += static_cast<std::uint32_t>(size);
    }
    return OkStatus();
  }

  // Returns true when all of [from, to) has that value.
  Result<bool> Filled(std::uint32_t from, std::uint32_t to, std::uint8_t value) {
    while (from < to) {
      HELIOSTAT_RETURN_IF_ERROR(Fill(from));
      const std::uint32_t size = std::min(to - from, kWindowBytes - from % kWindowBytes);
      const auto begin = bytes_.begin() + from % kWindowBytes;
      if (!std::all_of(begin, begin + size, [value](std::uint8_t byte) { return byte == value; })) return false;
      from += size;
    }
    return true;
  }

  // Returns the first offset in [from, to) that has that value, or `to` when none has.
  Result<std::uint32_t> Find(std::uint32_t from, std::uint32_t to, std::uint8_t value) {
    while (from < to) {
      HELIOSTAT_RETURN_IF_ERROR(Fill(from));
      const std::uint32_t size = std::min(to - from, kWindowBytes - from % kWindowBytes);
      const auto begin = bytes_.begin() + from % kWindowBytes;
      const auto found = std::find(begin, begin + size, value);
      if (found != begin + size) return from + static_cast<std::uint32_t>(found - begin);
      from += size;
    }
    return to;
  }

 private:
  Status Fill(std::uint32_t offset) {
    const std::uint32_t start = offset / kWindowBytes * kWindowBytes;
    if (start == start_) return OkStatus();
    start_ = kNowhere;
    Status status = flash_.Read(shape_.offset + start, bytes_);
    if (status.code() == Code::kDataLoss) status = FillByUnits(start);
    if (!status.ok()) return DeviceFailed(std::move(status));
    start_ = start;
    return OkStatus();
  }

  Status FillByUnits(std::uint32_t start) {
    for (std::uint32_t at = 0; at < kWindowBytes; at += shape_.program_bytes) {
      const auto unit = std::span(bytes_).subspan(at, shape_.program_bytes);
      Status status = flash_.Read(shape_.offset + start + at, unit);
      if (status.code() == Code::kDataLoss) {
        std::fill(unit.begin(), unit.end(), kPadding);
      } else if (!status.ok()) {
        return status;
      }
    }
    return OkStatus();
  }

  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  hal::Flash& flash_;
  const AreaShape& shape_;
  std::vector<std::uint8_t> bytes_;
  std::uint32_t start_ = kNowhere;
};

LogArea::LogArea(hal::Flash& flash, const AreaShape& shape, LogKind kind, std::uint32_t max_payload_bytes)
    : flash_(&flash), shape_(shape), kind_(kind), max_payload_bytes_(max_payload_bytes) {}

Status LogArea::Open(std::vector<std::uint8_t> bytes) {
  Window window(*flash_, shape_, std::move(bytes));
  HELIOSTAT_RETURN_IF_ERROR(ReadHeader(window, 0));
  HELIOSTAT_RETURN_IF_ERROR(ReadHeader(window, shape_.end()));
  return headers_ == 0 ? FindAppended(window) : OkStatus();
}

Status LogArea::ReadHeader(Window& window, std::uint32_t offset) {
  AreaHeader header;
  HELIOSTAT_RETURN_IF_ERROR(window.Read(offset, WritableBytesOf(header)));
  if (header.magic.Get() != kAreaMagic || header.crc.Get() != CrcOf(header)) return OkStatus();
  HELIOSTAT_RETURN_IF_ERROR(CheckHeader(header));
  const std::uint32_t epoch = header.epoch.Get();
  if (epoch == 0 || epoch < epoch_) return OkStatus();
  headers_ = epoch == epoch_ ? headers_ + 1 : 1;
  epoch_ = epoch;
  sealed_end_ = std::min(header.sealed_end.Get(), shape_.end());
  return OkStatus();
}

Status LogArea::CheckHeader(const AreaHeader& header) const {
  if (header.version != kFormatVersion) {
    return {Code::kUnsupported, "flash region",
            "has format version " + std::to_string(header.version) + ", this firmware knows " +
                std::to_string(kFormatVersion),
            "start a firmware that knows it, or erase the region"};
  }
  if (header.kind != static_cast<std::uint8_t>(kind_)) {
    return {
        Code::kFailedPrecondition, "flash region",
        "holds a log of kind " + std::to_string(header.kind) + ", not " + std::to_string(static_cast<unsigned>(kind_)),
        "check the regions of the board's flash map"};
  }
  if (header.program_bytes.Get() != shape_.program_bytes || header.area_bytes.Get() != shape_.bytes) {
    return {Code::kFailedPrecondition, "flash region",
            "was made of areas of " + std::to_string(header.area_bytes.Get()) + " bytes in units of " +
                std::to_string(header.program_bytes.Get()) + "; the board says " + std::to_string(shape_.bytes) +
                " in units of " + std::to_string(shape_.program_bytes),
            "give the board the flash map that the region was made with, or erase the region"};
  }
  return OkStatus();
}

// Records are appended to an area only once its headers are synced: where such a record is found, the headers have
// rotten.
Status LogArea::FindAppended(Window& window) {
  std::vector<std::uint8_t> payload;
  for (std::uint32_t at = shape_.begin(); at < shape_.end(); ++at) {
    const Result<std::uint32_t> marker = window.Find(at, shape_.end(), kRecordMarker);
    if (!marker.ok()) return marker.status();
    at = *marker;
    RecordHeader header;
    const Result<bool> whole = HeaderAt(window, at, header);
    if (!whole.ok()) return whole.status();
    if (*whole && (header.flags & kBehindSync) != 0) epoch_ = std::max(epoch_, header.epoch.Get());
  }
  return OkStatus();
}

Result<bool> LogArea::HeaderAt(Window& window, std::uint32_t at, RecordHeader& header) const {
  if (shape_.end() - at < sizeof(RecordHeader)) return false;
  HELIOSTAT_RETURN_IF_ERROR(window.Read(at, WritableBytesOf(header)));
  return header.marker == kRecordMarker && header.crc.Get() == CrcOf(header, at) &&
         header.length.Get() <= max_payload_bytes_ && header.length.Get() <= shape_.end() - at - sizeof(RecordHeader) &&
         header.epoch.Get() != 0;
}

Result<bool> LogArea::PayloadOf(Window& window, std::uint32_t at, const RecordHeader& header,
                                std::vector<std::uint8_t>& payload) const {
  payload.resize(header.length.Get());
  HELIOSTAT_RETURN_IF_ERROR(window.Read(at + static_cast<std::uint32_t>(sizeof(RecordHeader)), payload));
  return Crc32c(payload) == header.payload_crc.Get();
}

Result<LogArea::Found> LogArea::Look(Window& window, std::uint32_t at, Record& record,
                                     std::vector<std::uint8_t>& payload) const {
  std::uint8_t first = 0;
  HELIOSTAT_RETURN_IF_ERROR(window.Read(at, {&first, 1}));
  if (at % shape_.program_bytes == 0) {
    if (first == hal::kErasedByte) return Found::kErased;
  } else if (first == kPadding) {
    record.end = shape_.Aligned(at);
    const Result<bool> padded = window.Filled(at, record.end, kPadding);
    if (!padded.ok()) return padded.status();
    return *padded ? Found::kPadding : Found::kBroken;
  }
  RecordHeader header;
  Result<bool> whole = HeaderAt(window, at, header);
  if (whole.ok() && *whole && header.epoch.Get() == epoch_) {
    whole = PayloadOf(window, at, header, payload);
  } else if (whole.ok()) {
    return Found::kBroken;
  }
  if (!whole.ok()) return whole.status();
  record.type = header.type;
  record.behind_sync = (header.flags & kBehindSync) != 0;
  record.offset = at;
  record.end = at + static_cast<std::uint32_t>(sizeof(RecordHeader) + payload.size());
  record.payload = payload;
  return *whole ? Found::kRecord : Found::kBroken;
}

// Finds the next whole record at `from` or behind it that proves that what lies before it was synced once.
Result<std::optional<std::uint32_t>> LogArea::FindIntact(Window& window, std::uint32_t from,
                                                         std::vector<std::uint8_t>& payload) const {
  for (std::uint32_t at = from; at < shape_.end(); ++at) {
    const Result<std::uint32_t> marker = window.Find(at, shape_.end(), kRecordMarker);
    if (!marker.ok()) return marker.status();
    at = *marker;
    if (at == shape_.end()) break;
    Record record;
    const Result<Found> found = Look(window, at, record, payload);
    if (!found.ok()) return found.status();
    if (*found == Found::kRecord && (record.behind_sync || at < sealed_end_)) return std::optional(at);
  }
  return std::optional<std::uint32_t>();
}

Status LogArea::Walk(const RecordVisitor& visit, Walked& walked) const {
  Window window(*flash_, shape_);
  std::vector<std::uint8_t> payload;
  walked = {Tail::kClean, shape_.begin(), 0};
  bool hole = false;
  std::uint32_t at = shape_.begin();
  while (at < shape_.end()) {
    Record record;
    const Result<Found> found = Look(window, at, record, payload);
    if (!found.ok()) return found.status();
    if (*found == Found::kRecord || *found == Found::kPadding) {
      record.behind_hole = hole;
      if (*found == Found::kRecord) HELIOSTAT_RETURN_IF_ERROR(visit(record));
      at = record.end;
      if (!hole) walked.end = at;
      continue;
    }
    if (*found == Found::kErased && at >= sealed_end_) {
      const Result<bool> erased = window.Filled(at, shape_.end(), hal::kErasedByte);
      if (!erased.ok()) return erased.status();
      if (*erased) return OkStatus();
    }
    const Result<std::optional<std::uint32_t>> intact = FindIntact(window, at + 1, payload);
    if (!intact.ok()) return intact.status();
    const bool damaged = intact->has_value() || at < sealed_end_;
    if (!hole) walked = {damaged ? Tail::kDamaged : Tail::kTorn, walked.end, at};
    hole = true;
    if (!intact->has_value()) return OkStatus();
    at = **intact;
  }
  return OkStatus();
}

Status LogArea::ReadRange(std::uint32_t from, std::uint32_t to, const RecordVisitor& visit) const {
  Window window(*flash_, shape_);
  std::vector<std::uint8_t> payload;
  while (from < to) {
    Record record;
    const Result<Found> found = Look(window, from, record, payload);
    if (!found.ok()) return found.status();
    if (*found != Found::kRecord && *found != Found::kPadding) {
      return Status(Code::kDataLoss, "flash region",
                    "bytes at offset " + std::to_string(from) + " of an area have rotten",
                    "apply the configuration again");
    }
    if (*found == Found::kRecord) HELIOSTAT_RETURN_IF_ERROR(visit(record));
    from = record.end;
  }
  return OkStatus();
}

}  // namespace heliostat::storage
