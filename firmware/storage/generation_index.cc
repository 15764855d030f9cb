#include "storage/generation_index.h"

#include <algorithm>

#include "storage/fields.h"
#include "storage/provenance.h"

namespace heliostat::storage {
namespace {

constexpr std::uint8_t kUnconfirmed = 0x01;

}  // namespace

std::vector<std::uint8_t> EncodeInfo(const GenerationInfo& info) {
  FieldWriter writer;
  writer.U64(info.number);
  writer.U64(info.time_ns);
  writer.U8(info.role);
  writer.U8(info.unconfirmed ? kUnconfirmed : 0);
  writer.U64(info.base);
  WriteTexts(info, writer);
  return writer.bytes();
}

std::optional<GenerationInfo> DecodeInfo(std::span<const std::uint8_t> payload) {
  FieldReader reader(payload);
  GenerationInfo info;
  info.number = reader.U64();
  info.time_ns = reader.U64();
  info.role = reader.U8();
  info.unconfirmed = (reader.U8() & kUnconfirmed) != 0;
  info.base = reader.U64();
  ReadTexts(reader, info);
  if (!reader.whole()) return std::nullopt;
  return info;
}

void GenerationIndex::Take(const Record& record) {
  const auto type = static_cast<GenerationRecord>(record.type);
  if (record.behind_hole || malformed_) {
    // A generation behind missing records can't be read, but its number was given.
    const auto info = type == GenerationRecord::kCommit ? DecodeInfo(record.payload) : std::nullopt;
    if (info.has_value()) SawNumber(info->number);
    return;
  }
  FieldReader reader(record.payload);
  switch (type) {
    case GenerationRecord::kSnapshot:
    case GenerationRecord::kBegin:
      // A transaction that was still open has been given up.
      open_ = record.offset;
      open_is_snapshot_ = type == GenerationRecord::kSnapshot;
      return;
    case GenerationRecord::kChange: malformed_ = !open_.has_value(); return;
    case GenerationRecord::kCommit: Close(record); return;
    case GenerationRecord::kConfirm:
      if (const std::uint64_t number = reader.U64(); reader.whole() && number == current() && !kept_.empty()) {
        kept_.back().unconfirmed = false;
        kept_.back().base = 0;
        Trim();
        return;
      }
      break;
    case GenerationRecord::kNumbers:
      SawNumber(reader.U64());
      if (reader.whole()) return;
      break;
  }
  malformed_ = true;
}

void GenerationIndex::Close(const Record& record) {
  auto info = DecodeInfo(record.payload);
  if (!info.has_value() || !open_.has_value() || info->number <= current()) {
    malformed_ = true;
    return;
  }
  if (open_is_snapshot_) {
    transactions_.clear();
    kept_.clear();
  }
  transactions_.push_back({info->number, *open_, record.offset});
  kept_.push_back(std::move(*info));
  open_.reset();
  SawNumber(current());
  Trim();
}

bool GenerationIndex::Keeps(std::uint64_t number) const {
  return std::ranges::any_of(kept_, [number](const GenerationInfo& info) { return info.number == number; });
}

void GenerationIndex::Trim() {
  const GenerationInfo& newest = kept_.back();
  while (kept_.size() > max_kept_ && !(newest.unconfirmed && kept_.front().number == newest.base)) {
    kept_.erase(kept_.begin());
  }
}

}  // namespace heliostat::storage
