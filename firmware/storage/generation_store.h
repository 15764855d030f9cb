// Configurations on flash: the last few generations, each as the changes that lead to it from the one before.
//
// A commit is whole or is not there: its changes count only once the record behind them is whole, and it is
// acknowledged only after a sync. After any cut at any write, Open finds the last generation whose Commit returned ok,
// or the one that was being committed; nothing else (FORMAT.md). The content of a change is not looked at here.
// One thread (the agent's); callbacks are called on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "hal/flash.h"
#include "storage/provenance.h"
#include "storage/region.h"

namespace heliostat::storage {

struct GenerationInfo : Provenance {
  std::uint64_t number = 0;  // 1, 2, ...; given by the store
  bool unconfirmed = false;  // to be undone unless confirmed: see Confirm
  std::uint64_t base = 0;    // unconfirmed: the generation to go back to, a kept one, or 0; else 0
  friend bool operator==(const GenerationInfo&, const GenerationInfo&) = default;
};

using Sink = std::function<Status(std::span<const std::uint8_t> change)>;
// Writes changes to `sink`, in order. It is called again from the start when the log had to be compacted in between,
// and must write the same changes each time. It returns an error of the sink as it is.
using Producer = std::function<Status(const Sink& sink)>;

class GenerationStore {
 public:
  struct Options {
    std::uint32_t kept =
        16;  // generations that can be gone back to, the current one included; fewer when flash is short
    std::size_t max_change_bytes = 32 * 1024 + 64;
    // Writes generation `number` as changes from nothing, the same each time. For compaction; it may call Read. Never
    // empty.
    std::function<Status(std::uint64_t number, const Sink& sink)> snapshot;
  };

  // Reads the region; what a cut left is repaired by the first write. An erased region is an empty configuration,
  // generation 0. A cut is no damage; where bytes have rotten the last generation that is whole is current and
  // `damage` says what was lost. kUnavailable: the device fails; kInvalidArgument, kFailedPrecondition, kUnsupported:
  // not such a region. `flash` outlives the store.
  [[nodiscard]] static Result<std::unique_ptr<GenerationStore>> Open(hal::Flash& flash, Region region, Options options);
  ~GenerationStore();

  [[nodiscard]] std::uint64_t current() const;                           // 0: none yet
  [[nodiscard]] std::uint64_t next() const;                              // the number that Commit gives
  void SkipNumbers(std::uint64_t highest);                               // numbers up to `highest` count as given
  [[nodiscard]] const std::vector<GenerationInfo>& generations() const;  // kept ones, oldest first
  [[nodiscard]] const Status& damage() const;

  // Reads the changes that lead from an empty configuration to `number`; 0 has none. kNotFound: it is not kept.
  // kDataLoss.
  [[nodiscard]] Status Read(std::uint64_t number, const Sink& sink);

  // Writes `changes`, which lead from the current generation to the new one, syncs, and returns its number. Where they
  // don't fit behind what has to stay, or that can't be read any more, `whole` takes the place of everything before: it
  // writes the new configuration from nothing. So going back to a generation that fitted once always fits. An
  // unconfirmed generation with a base keeps the base, and is refused where both don't fit. With empty `changes`,
  // allowed unless the generation has a base, `whole` is written at once; with empty `whole`, never. On error nothing
  // has changed: kInvalidArgument (a text or a change too long, a base that is not kept), kResourceExhausted when the
  // configuration does not fit even alone, or not with its base, what a producer or the snapshot returned,
  // kUnavailable. There is one exception: when a device fails while the last record is written, and again when that is
  // to be undone, a restart may find the generation.
  [[nodiscard]] Result<std::uint64_t> Commit(GenerationInfo info, const Producer& changes, const Producer& whole = {});

  // Confirms generation `number`, which must be the current one and unconfirmed, else kFailedPrecondition. Other errors
  // are those of Commit.
  [[nodiscard]] Status Confirm(std::uint64_t number);

  // The bytes that records may fill: half the region, since the other half is for compaction.
  [[nodiscard]] std::uint64_t region_bytes() const;
  [[nodiscard]] std::uint64_t used_bytes() const;  // how many of them are filled

 private:
  struct State;
  explicit GenerationStore(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace heliostat::storage
