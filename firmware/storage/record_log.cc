#include "storage/record_log.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace heliostat::storage {
namespace {

constexpr std::uint32_t kMinBlockBytes = 4096;
constexpr std::uint32_t kMaxBlockBytes = 1U << 20U;
constexpr std::uint32_t kMaxProgramBytes = 4096;
constexpr std::uint32_t kMaxAreaBytes = 1U << 30U;  // offsets in an area fit 32 bits with room to spare
constexpr std::uint32_t kMinUnits = 8;              // of an area: two headers and something between them

Status Wrong(std::string reason) {
  return {Code::kInvalidArgument, "flash region", std::move(reason), "check the board's flash map"};
}

Status CheckRegion(const hal::FlashGeometry& geometry, Region region) {
  const std::uint32_t block = geometry.erase_block_bytes;
  const std::uint32_t unit = geometry.program_bytes;
  if (!std::has_single_bit(block) || block < kMinBlockBytes || block > kMaxBlockBytes) {
    return Wrong("erase blocks of " + std::to_string(block) + " bytes are not supported");
  }
  if (!std::has_single_bit(unit) || unit > kMaxProgramBytes) {
    return Wrong("program units of " + std::to_string(unit) + " bytes are not supported");
  }
  if (region.first_block > geometry.blocks || region.blocks > geometry.blocks - region.first_block) {
    return Wrong("ends behind the flash, which has " + std::to_string(geometry.blocks) + " blocks");
  }
  const std::uint64_t area_bytes = std::uint64_t{region.blocks / 2} * block;
  if (area_bytes < std::uint64_t{kMinUnits} * unit || area_bytes > kMaxAreaBytes) {
    return Wrong("has " + std::to_string(region.blocks) + " blocks, which is too " +
                 (area_bytes > kMaxAreaBytes ? "many" : "few"));
  }
  return OkStatus();
}

}  // namespace

RecordLog::RecordLog(hal::Flash& flash, LogKind kind, std::uint32_t max_payload_bytes)
    : flash_(&flash), kind_(kind), max_payload_bytes_(max_payload_bytes) {}

Result<std::unique_ptr<RecordLog>> RecordLog::Open(hal::Flash& flash, Region region, LogKind kind,
                                                   std::uint32_t max_payload_bytes) {
  HELIOSTAT_RETURN_IF_ERROR(CheckRegion(flash.geometry(), region));
  std::unique_ptr<RecordLog> log(new RecordLog(flash, kind, max_payload_bytes));
  HELIOSTAT_RETURN_IF_ERROR(log->Start(region));
  return log;
}

Status RecordLog::Start(Region region) {
  const hal::FlashGeometry& geometry = flash_->geometry();
  const std::uint32_t blocks = region.blocks / 2;
  for (std::uint32_t i = 0; i < 2; ++i) {
    shapes_.push_back({std::uint64_t{region.first_block + i * blocks} * geometry.erase_block_bytes,
                       blocks * geometry.erase_block_bytes, geometry.program_bytes});
  }
  // A program that was killed may have left writes that can still be lost. The sync makes what is read here stay.
  HELIOSTAT_RETURN_IF_ERROR(flash_->Sync());
  for (const AreaShape& shape : shapes_) {
    LogArea area(*flash_, shape, kind_, max_payload_bytes_);
    HELIOSTAT_RETURN_IF_ERROR(area.Open());
    epoch_ = std::max(epoch_, area.epoch());
    if (area.usable()) areas_.push_back(std::move(area));
  }
  if (areas_.size() == 2 && areas_[0].epoch() < areas_[1].epoch()) std::swap(areas_[0], areas_[1]);
  return OkStatus();
}

void RecordLog::Use(std::size_t area, const Walked& walked) {
  active_ = std::make_unique<LogArea>(areas_[area]);
  used_end_ = walked.end;
  writer_.reset();
  // An older area, or one whose headers are not whole any more, would lose against the other one some day.
  if (area == 0 && active_->headers_whole() && walked.tail == Tail::kClean) {
    writer_ = std::make_unique<AreaWriter>(*flash_, active_->shape(), active_->epoch(), walked.end, true);
  }
}

AreaWriter* RecordLog::writer() { return writer_ == nullptr || writer_->broken() || failed_ ? nullptr : writer_.get(); }

std::uint32_t RecordLog::used_bytes() const {
  const std::uint32_t end = writer_ != nullptr ? writer_->position() : used_end_;
  return active_ == nullptr ? 0 : end - active_->shape().begin();
}

Result<AreaWriter> RecordLog::StartCompaction() {
  if (failed_) {
    return Status(Code::kUnavailable, "flash", "a write of the log's headers has failed", "restart the card");
  }
  const AreaShape& shape = active_ != nullptr && active_->shape().offset == shapes_[0].offset ? shapes_[1] : shapes_[0];
  const std::uint32_t block_bytes = flash_->geometry().erase_block_bytes;
  // Blocks that read as erased are erased too: an interrupted erase may leave them so.
  for (std::uint64_t at = shape.offset; at < shape.offset + shape.bytes; at += block_bytes) {
    HELIOSTAT_RETURN_IF_ERROR(flash_->Erase(static_cast<std::uint32_t>(at / block_bytes)));
  }
  return AreaWriter(*flash_, shape, ++epoch_, shape.begin(), false);
}

Status RecordLog::FinishCompaction(AreaWriter writer) {
  HELIOSTAT_RETURN_IF_ERROR(writer.Sync());
  // Both are made before: once the headers are on flash, a lack of memory must not keep them from being known.
  auto next = std::make_unique<AreaWriter>(std::move(writer));
  auto area = std::make_unique<LogArea>(*flash_, next->shape(), kind_, max_payload_bytes_);
  std::vector<std::uint8_t> window(LogArea::kWindowBytes);
  const Status sealed = next->Seal(kind_);  // it throws, if at all, before it has programmed anything
  failed_ = true;                           // until all has gone well
  HELIOSTAT_RETURN_IF_ERROR(sealed);
  HELIOSTAT_RETURN_IF_ERROR(area->Open(std::move(window)));
  if (!area->headers_whole() || area->epoch() != next->epoch()) {
    return {Code::kUnavailable, "flash", "does not hold what was written to it", "replace the card's flash"};
  }
  active_ = std::move(area);
  used_end_ = next->position();
  writer_ = std::move(next);
  failed_ = false;
  return OkStatus();
}

}  // namespace heliostat::storage
