#include "storage/area_writer.h"

#include <algorithm>
#include <string>

#include "storage/crc32c.h"

namespace heliostat::storage {
namespace {

constexpr std::size_t kPieceBytes = 4096;

}  // namespace

AreaWriter::AreaWriter(hal::Flash& flash, const AreaShape& shape, std::uint32_t epoch, std::uint32_t position,
                       bool live)
    : flash_(&flash),
      shape_(shape),
      epoch_(epoch),
      programmed_(position),
      piece_bytes_(std::max<std::size_t>(kPieceBytes, shape.program_bytes)),
      live_(live) {
  buffer_.reserve(piece_bytes_);
}

std::uint32_t AreaWriter::Footprint(std::size_t payload_bytes) const {
  return shape_.Aligned(static_cast<std::uint32_t>(sizeof(RecordHeader) + payload_bytes));
}

Status AreaWriter::Append(std::uint8_t type, std::span<const std::uint8_t> payload) {
  if (broken_) return {Code::kUnavailable, "flash", "an earlier write has failed"};
  if (payload.size() > room() || sizeof(RecordHeader) > room() - payload.size()) {
    return {Code::kResourceExhausted, "flash", "area is full"};
  }
  RecordHeader header;
  header.type = type;
  header.flags = live_ && synced_ && buffer_.empty() ? kBehindSync : 0;
  header.length = Be32(static_cast<std::uint32_t>(payload.size()));
  header.epoch = Be32(epoch_);
  header.payload_crc = Be32(Crc32c(payload));
  header.crc = Be32(CrcOf(header, position()));
  HELIOSTAT_RETURN_IF_ERROR(Add(BytesOf(header)));
  return Add(payload);
}

Status AreaWriter::Sync() {
  HELIOSTAT_RETURN_IF_ERROR(Flush());
  Status status = flash_->Sync();
  broken_ = !status.ok();
  synced_ = status.ok();
  return status;
}

Status AreaWriter::Abandon() {
  if (!synced_) return Flush();  // a record that is programmed in part has to become whole
  buffer_.clear();
  return OkStatus();
}

Status AreaWriter::Seal(LogKind kind) {
  if (!synced_ || !buffer_.empty()) return {Code::kInternal, "flash", "an area is sealed before it is synced"};
  AreaHeader header;
  header.magic = Be64(kAreaMagic);
  header.kind = static_cast<std::uint8_t>(kind);
  header.epoch = Be32(epoch_);
  header.program_bytes = Be32(shape_.program_bytes);
  header.area_bytes = Be32(shape_.bytes);
  header.sealed_end = Be32(programmed_);
  header.crc = Be32(CrcOf(header));
  std::vector<std::uint8_t> unit(shape_.header_bytes(), kPadding);
  std::ranges::copy(BytesOf(header), unit.begin());
  broken_ = true;  // until all has gone well
  HELIOSTAT_RETURN_IF_ERROR(flash_->Program(shape_.offset, unit));
  HELIOSTAT_RETURN_IF_ERROR(flash_->Program(shape_.offset + shape_.end(), unit));
  HELIOSTAT_RETURN_IF_ERROR(flash_->Sync());
  broken_ = false;
  live_ = true;
  return OkStatus();
}

Status AreaWriter::Add(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), piece_bytes_ - buffer_.size());
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes = bytes.subspan(size);
    if (buffer_.size() == piece_bytes_) HELIOSTAT_RETURN_IF_ERROR(ProgramBuffer());
  }
  return OkStatus();
}

Status AreaWriter::Flush() {
  if (broken_) return {Code::kUnavailable, "flash", "an earlier write has failed"};
  buffer_.resize(shape_.Aligned(static_cast<std::uint32_t>(buffer_.size())), kPadding);
  return ProgramBuffer();
}

Status AreaWriter::ProgramBuffer() {
  if (buffer_.empty()) return OkStatus();
  synced_ = false;
  Status status = flash_->Program(shape_.offset + programmed_, buffer_);
  broken_ = !status.ok();
  programmed_ += static_cast<std::uint32_t>(buffer_.size());
  buffer_.clear();
  return status;
}

}  // namespace heliostat::storage
