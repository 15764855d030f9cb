// A flash in memory that keeps the rules of hal/flash.h, and breaks as flashes do: power cuts, bit flips, failing
// operations. A program that breaks the rules gets kInternal, and `violations` names it.
//
// Operations (Program, Erase, Sync) are counted from 1; reads are not. What a cut leaves is drawn from the seed: the
// same sequence of calls ends in the same bytes. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "hal/flash.h"

namespace heliostat::hal::emulated {

// Says what becomes of the operation that the cut hits, and of those before it that were not synced.
enum class CutMode : std::uint8_t {
  kNone,  // not begun; all before it is there
  kHalf,  // the first half of its bytes is done (of a Sync: the older half of the operations); all before it is there
  kGarbage,     // its range holds noise (of a Sync: as kLost); all before it is there
  kUnreadable,  // its range reads as kDataLoss until it is erased, as NAND with a checksum does; all before it is there
  kLost,        // unit by unit it is done, not done or noise; unit by unit what was not synced is there or lost
  kAllLost,     // as if nothing had been done since the last Sync
  kKilled,      // the program dies, not the device: not begun, and what was not synced can still be lost by a later cut
};
inline constexpr CutMode kCutModes[] = {CutMode::kNone, CutMode::kHalf,    CutMode::kGarbage, CutMode::kUnreadable,
                                        CutMode::kLost, CutMode::kAllLost, CutMode::kKilled};
[[nodiscard]] const char* CutModeName(CutMode mode);

class EmulatedFlash final : public Flash {
 public:
  explicit EmulatedFlash(const FlashGeometry& geometry, std::uint64_t seed = 1);
  // Starts with `image`, cut or filled with erased bytes to the geometry's size; all of it synced.
  EmulatedFlash(const FlashGeometry& geometry, std::span<const std::uint8_t> image, std::uint64_t seed = 1);

  [[nodiscard]] const FlashGeometry& geometry() const override { return geometry_; }
  [[nodiscard]] Status Read(std::uint64_t offset, std::span<std::uint8_t> out) override;
  [[nodiscard]] Status Program(std::uint64_t offset, std::span<const std::uint8_t> bytes) override;
  [[nodiscard]] Status Erase(std::uint32_t block) override;
  [[nodiscard]] Status Sync() override;

  // The power goes at the `operation`-th operation, counted like `operations`; from then on every call is kUnavailable
  // until Restart. 0: never.
  void CutAt(std::uint64_t operation, CutMode mode);
  void Restart() { powered_ = true; }
  [[nodiscard]] bool powered() const { return powered_; }

  // Operations from the `operation`-th on, `count` of them, fail with kUnavailable and leave noise in their range; the
  // device goes on.
  void FailAt(std::uint64_t operation, std::uint64_t count = 1);

  // Flips one bit of what lies there, synced or not.
  void Flip(std::uint64_t offset, unsigned bit);

  [[nodiscard]] std::uint64_t operations() const { return operations_; }
  [[nodiscard]] std::uint64_t programs() const { return programs_; }
  [[nodiscard]] std::uint64_t erases() const { return erases_; }
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] std::span<const std::uint8_t> image() const { return now_; }

 private:
  struct Operation {
    std::uint64_t offset = 0;
    std::vector<std::uint8_t> bytes;
  };
  using Marks = std::vector<std::uint8_t>;  // 0 or 1 by program unit
  enum class Fate : std::uint8_t { kDone, kCut, kFailed };

  Status Off() const;
  Status Violation(std::string what);
  [[nodiscard]] bool Inside(std::uint64_t offset, std::size_t size) const;
  [[nodiscard]] bool AnyOf(const Marks& marks, std::uint64_t offset, std::size_t size) const;
  void Mark(Marks& marks, std::uint64_t offset, std::size_t size, bool value) const;
  [[nodiscard]] Fate NextFate();
  Status Write(Operation operation, bool erase);
  void Cut(const Operation& hit);
  void LoseUnsynced(const Operation& hit);
  void KeepPart(const Operation& operation);
  void Put(std::uint64_t offset, std::span<const std::uint8_t> bytes);
  void Noise(std::uint64_t offset, std::size_t size);
  void Settle();
  void MarkByContent(std::uint64_t offset, std::size_t size);
  std::uint64_t Random();

  FlashGeometry geometry_;
  std::uint64_t random_;
  std::vector<std::uint8_t> now_;
  std::vector<std::uint8_t> synced_;
  std::vector<Operation> unsynced_;
  Marks programmed_;  // since the block's erase
  Marks unreadable_;
  bool powered_ = true;
  std::uint64_t cut_at_ = 0;
  CutMode cut_mode_ = CutMode::kNone;
  std::uint64_t fail_from_ = 0;
  std::uint64_t fail_to_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t programs_ = 0;
  std::uint64_t erases_ = 0;
  std::uint64_t syncs_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace heliostat::hal::emulated
