#include "control/generation_reader.h"

#include <span>
#include <string>
#include <utility>

#include "codec/change.h"

namespace heliostat::control {

Result<GenerationReader::Configuration> GenerationReader::Read(std::uint64_t generation) {
  if (last_.config && last_.generation == generation) return last_.config;
  Forget();
  // Today's limits are asked about when it is validated.
  codec::ConfigEditor editor(config::Config{}, config::kNoLimits, codec::ChangesFrom::kFlash);
  HELIOSTAT_RETURN_IF_ERROR(
      store_.Read(generation, [&editor](std::span<const std::uint8_t> change) { return editor.Apply(change); }));
  Result<config::Config> config = editor.Finish();
  if (!config.ok()) return config.status().Within("generation " + std::to_string(generation));
  last_ = {generation, std::make_shared<const config::Config>(std::move(*config))};
  return last_.config;
}

}  // namespace heliostat::control
