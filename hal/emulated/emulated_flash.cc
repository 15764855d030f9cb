#include "emulated/emulated_flash.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace heliostat::hal::emulated {

const char* CutModeName(CutMode mode) {
  switch (mode) {
    case CutMode::kNone: return "none";
    case CutMode::kHalf: return "half";
    case CutMode::kGarbage: return "garbage";
    case CutMode::kUnreadable: return "unreadable";
    case CutMode::kLost: return "lost";
    case CutMode::kAllLost: return "all lost";
    case CutMode::kKilled: return "killed";
  }
  return "?";
}

EmulatedFlash::EmulatedFlash(const FlashGeometry& geometry, std::uint64_t seed)
    : geometry_(geometry),
      random_(seed),
      now_(geometry.bytes(), kErasedByte),
      synced_(now_),
      programmed_(geometry.bytes() / geometry.program_bytes),
      unreadable_(programmed_.size()) {}

EmulatedFlash::EmulatedFlash(const FlashGeometry& geometry, std::span<const std::uint8_t> image, std::uint64_t seed)
    : EmulatedFlash(geometry, seed) {
  std::copy_n(image.begin(), std::min(image.size(), now_.size()), now_.begin());
  synced_ = now_;
  MarkByContent(0, now_.size());
}

Status EmulatedFlash::Off() const { return {Code::kUnavailable, "emulated flash", "the power is off", "restart it"}; }

Status EmulatedFlash::Violation(std::string what) {
  violations_.push_back(what);
  return {Code::kInternal, "emulated flash", std::move(what)};
}

bool EmulatedFlash::Inside(std::uint64_t offset, std::size_t size) const {
  return offset <= now_.size() && size <= now_.size() - offset;
}

bool EmulatedFlash::AnyOf(const Marks& marks, std::uint64_t offset, std::size_t size) const {
  const std::uint32_t unit = geometry_.program_bytes;
  const auto from = static_cast<std::ptrdiff_t>(offset / unit);
  const auto to = static_cast<std::ptrdiff_t>((offset + size + unit - 1) / unit);
  return std::memchr(marks.data() + from, 1, static_cast<std::size_t>(to - from)) != nullptr;
}

void EmulatedFlash::Mark(Marks& marks, std::uint64_t offset, std::size_t size, bool value) const {
  const std::uint32_t unit = geometry_.program_bytes;
  std::fill(marks.begin() + static_cast<std::ptrdiff_t>(offset / unit),
            marks.begin() + static_cast<std::ptrdiff_t>((offset + size) / unit), std::uint8_t{value});
}

Status EmulatedFlash::Read(std::uint64_t offset, std::span<std::uint8_t> out) {
  if (!powered_) return Off();
  if (!Inside(offset, out.size())) return Violation("read beyond the end, at " + std::to_string(offset));
  if (AnyOf(unreadable_, offset, out.size())) {
    return {Code::kDataLoss, "emulated flash", "bytes at " + std::to_string(offset) + " can't be read"};
  }
  std::copy_n(now_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  return OkStatus();
}

Status EmulatedFlash::Program(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  if (!powered_) return Off();
  const std::uint32_t unit = geometry_.program_bytes;
  if (!Inside(offset, bytes.size())) return Violation("program beyond the end, at " + std::to_string(offset));
  if (offset % unit != 0 || bytes.size() % unit != 0) {
    return Violation("program of " + std::to_string(bytes.size()) + " bytes at " + std::to_string(offset) +
                     " is not in whole units of " + std::to_string(unit));
  }
  if (AnyOf(programmed_, offset, bytes.size())) {
    return Violation("bytes at " + std::to_string(offset) + " are programmed twice");
  }
  ++programs_;
  return Write({offset, {bytes.begin(), bytes.end()}}, false);
}

Status EmulatedFlash::Erase(std::uint32_t block) {
  if (!powered_) return Off();
  if (block >= geometry_.blocks) return Violation("erase beyond the end, block " + std::to_string(block));
  ++erases_;
  const std::uint32_t size = geometry_.erase_block_bytes;
  return Write({std::uint64_t{block} * size, std::vector<std::uint8_t>(size, kErasedByte)}, true);
}

Status EmulatedFlash::Sync() {
  if (!powered_) return Off();
  ++syncs_;
  switch (NextFate()) {
    case Fate::kCut: Cut({}); return Off();
    case Fate::kFailed: return {Code::kUnavailable, "emulated flash", "sync failed"};
    case Fate::kDone: Settle(); return OkStatus();
  }
  return OkStatus();
}

Status EmulatedFlash::Write(Operation operation, bool erase) {
  const std::uint64_t offset = operation.offset;
  const std::size_t size = operation.bytes.size();
  switch (NextFate()) {
    case Fate::kCut: Cut(operation); return Off();
    case Fate::kFailed:
      Noise(offset, size);
      unsynced_.push_back({offset,
                           {now_.begin() + static_cast<std::ptrdiff_t>(offset),
                            now_.begin() + static_cast<std::ptrdiff_t>(offset + size)}});
      MarkByContent(offset, size);
      return {Code::kUnavailable, "emulated flash", "operation failed at offset " + std::to_string(offset)};
    case Fate::kDone: break;
  }
  Put(offset, operation.bytes);
  Mark(programmed_, offset, size, !erase);
  if (erase) Mark(unreadable_, offset, size, false);
  unsynced_.push_back(std::move(operation));
  return OkStatus();
}

void EmulatedFlash::CutAt(std::uint64_t operation, CutMode mode) {
  cut_at_ = operation;
  cut_mode_ = mode;
}

void EmulatedFlash::FailAt(std::uint64_t operation, std::uint64_t count) {
  fail_from_ = operation;
  fail_to_ = operation + count;
}

void EmulatedFlash::Flip(std::uint64_t offset, unsigned bit) {
  const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
  now_[offset] = static_cast<std::uint8_t>(now_[offset] ^ mask);
  synced_[offset] = static_cast<std::uint8_t>(synced_[offset] ^ mask);
}

EmulatedFlash::Fate EmulatedFlash::NextFate() {
  ++operations_;
  if (operations_ == cut_at_) return Fate::kCut;
  return operations_ >= fail_from_ && operations_ < fail_to_ ? Fate::kFailed : Fate::kDone;
}

void EmulatedFlash::Cut(const Operation& hit) {
  powered_ = false;
  if (cut_mode_ == CutMode::kKilled) return;
  if (cut_mode_ == CutMode::kLost || cut_mode_ == CutMode::kAllLost ||
      (hit.bytes.empty() && cut_mode_ != CutMode::kNone)) {
    LoseUnsynced(hit);
  } else {
    KeepPart(hit);
  }
  MarkByContent(hit.offset, hit.bytes.size());
  for (const Operation& operation : unsynced_) MarkByContent(operation.offset, operation.bytes.size());
  unsynced_.clear();
  synced_ = now_;
}

// Keeps everything before the operation, and of the operation itself what the mode says.
void EmulatedFlash::KeepPart(const Operation& hit) {
  const std::span<const std::uint8_t> bytes = hit.bytes;
  if (cut_mode_ == CutMode::kHalf) Put(hit.offset, bytes.first(bytes.size() / 2));
  if (cut_mode_ == CutMode::kGarbage || cut_mode_ == CutMode::kUnreadable) Noise(hit.offset, bytes.size());
  if (cut_mode_ == CutMode::kUnreadable) Mark(unreadable_, hit.offset, bytes.size(), true);
}

void EmulatedFlash::LoseUnsynced(const Operation& hit) {
  now_ = synced_;
  if (cut_mode_ == CutMode::kAllLost) return;
  const std::uint32_t unit = geometry_.program_bytes;
  for (std::size_t i = 0; i < unsynced_.size(); ++i) {
    const Operation& operation = unsynced_[i];
    if (cut_mode_ == CutMode::kHalf) {
      if (i < unsynced_.size() / 2) Put(operation.offset, operation.bytes);
      continue;
    }
    for (std::size_t at = 0; at < operation.bytes.size(); at += unit) {
      if (Random() % 2 == 0) Put(operation.offset + at, std::span(operation.bytes).subspan(at, unit));
    }
  }
  for (std::size_t at = 0; at < hit.bytes.size(); at += unit) {
    const std::uint64_t draw = Random() % 3;
    if (draw == 0) Put(hit.offset + at, std::span(hit.bytes).subspan(at, unit));
    if (draw == 1) Noise(hit.offset + at, unit);
  }
}

void EmulatedFlash::Put(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  std::copy(bytes.begin(), bytes.end(), now_.begin() + static_cast<std::ptrdiff_t>(offset));
}

void EmulatedFlash::Noise(std::uint64_t offset, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) now_[offset + i] = static_cast<std::uint8_t>(Random() >> 32U);
}

// Makes what lies there now survive a cut.
void EmulatedFlash::Settle() {
  for (const Operation& operation : unsynced_) {
    const auto offset = static_cast<std::ptrdiff_t>(operation.offset);
    std::copy_n(now_.begin() + offset, operation.bytes.size(), synced_.begin() + offset);
  }
  unsynced_.clear();
}

// After a cut a unit that reads as erased may be programmed.
void EmulatedFlash::MarkByContent(std::uint64_t offset, std::size_t size) {
  const std::uint32_t unit = geometry_.program_bytes;
  for (std::uint64_t at = offset / unit * unit; at < offset + size; at += unit) {
    const auto begin = now_.begin() + static_cast<std::ptrdiff_t>(at);
    programmed_[at / unit] = !std::all_of(begin, begin + unit, [](std::uint8_t byte) { return byte == kErasedByte; });
  }
}

// splitmix64
std::uint64_t EmulatedFlash::Random() {
  random_ += 0x9e3779b97f4a7c15;
  std::uint64_t value = random_;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111eb;
  return value ^ (value >> 31U);
}

}  // namespace heliostat::hal::emulated
