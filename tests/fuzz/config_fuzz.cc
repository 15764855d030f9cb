// A file's bytes -> a configuration within its limits, or an error with its reason. What was read can be written.
#include "codec/codec.h"
#include "fuzz/config_properties.h"

namespace heliostat::codec {

static void Fuzz(std::span<const std::uint8_t> input) {
  const Result<config::Config> config = DecodeConfig(input, SmallLimits());
  if (!config.ok()) {
    if (config.status().reason().empty() || config.status().subject().empty()) std::abort();
    return;
  }
  CheckChanges({}, *config);
  CheckChanges(*config, {});
}

}  // namespace heliostat::codec

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heliostat::codec::Fuzz({data, size});
  return 0;
}
