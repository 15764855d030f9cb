// Changes (proto/control.proto, message Change): the unit of transfer, of change and of storage.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"
#include "config/config.h"
#include "config/difference.h"

namespace heliostat::codec {

inline constexpr std::size_t kMaxChangeBytes = 32 * 1024 + 64;

enum class ChangesFrom { kClient, kFlash };

// A configuration being edited. Holds one decoded configuration and nothing that grows with the edits beside it.
// One thread at a time.
class ConfigEditor {
 public:
  // Starts from `base`, which must be valid (an empty Config stands for nothing). Takes time and memory like a copy of
  // it.
  ConfigEditor(const config::Config& base, const config::Limits& limits, ChangesFrom from = ChangesFrom::kClient);
  ~ConfigEditor();
  ConfigEditor(ConfigEditor&&) noexcept;
  ConfigEditor& operator=(ConfigEditor&&) noexcept;

  // Begins a frame, whose changes must not take long: Apply returns kResourceExhausted when they patch long lists of
  // rules in turns. Without this call there is no such bound.
  void BeginFrame();

  // Applies one encoded Change. kNotFound when a patch or a removal names what is not there; other errors are those of
  // ConfigDecoder::Put. The subject is `change` when the change itself is to blame. After an error every call returns
  // that error.
  [[nodiscard]] Status Apply(std::span<const std::uint8_t> change);

  // Returns the configuration, sorted and with defaults filled in; may be called once. Its picked IDs are those of the
  // base and of the changes: see PickTunnelIds.
  [[nodiscard]] Result<config::Config> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

using ChangeSink = std::function<Status(std::span<const std::uint8_t> change)>;

// Writes the changes that make `after` of `before`, each encoded and no larger than need be: a rule that differs is a
// RulePatch, sources that come or go a SourcePatch, a changed header a header patch; what is new is put whole. Removals
// of users come before those of what they use, picked IDs last. Applied to `before` they give exactly `after`. Returns
// the sink's first error.
[[nodiscard]] Status WriteChanges(const config::Config& before, const config::Config& after, const ChangeSink& sink);
// Does the same for a caller that has the `differences`, which are those of config::Compare(before, after).
[[nodiscard]] Status WriteChanges(const config::Config& before, const config::Config& after,
                                  std::span<const config::Difference> differences, const ChangeSink& sink);

// Writes the units of one resource, in order, each encoded without a length: its header unit, then, if `whole`, its
// chunks. `index` is like config::Difference::after. The first `skip` units are passed over, at no cost.
using UnitSink = std::function<Status(std::span<const std::uint8_t> unit)>;
[[nodiscard]] Status WriteUnits(const config::Config& config, config::Kind kind, std::size_t index, bool whole,
                                std::size_t skip, const UnitSink& sink);

}  // namespace heliostat::codec
