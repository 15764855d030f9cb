#include "helioctl/card/remote_configuration.h"

#include <utility>

#include "codec/codec.h"
#include "helioctl/card/listing.h"
#include "helioctl/yaml/unit_stream.h"

namespace heliostat::helioctl {

bool IsBare(const config::InterfaceSettings& settings) {
  return settings == config::InterfaceSettings{.name = settings.name};
}

std::vector<Selection> SelectionsFor(const ResourceName& name) {
  std::vector<Selection> selections{{name.kind, name.name}};
  if (name.kind == config::Kind::kSession) selections.push_back({config::Kind::kTarget, {}});
  return selections;
}

Result<RemoteConfiguration> ReadRemote(CardClient& client, std::uint64_t generation) {
  const Selection all;
  return ReadRemote(client, {&all, 1}, generation);
}

Result<RemoteConfiguration> ReadRemote(CardClient& client, std::span<const Selection> selections,
                                       std::uint64_t generation) {
  std::vector<ListQuery> queries;
  for (const Selection& selection : selections) {
    const v1::Kind kind = selection.kind ? WordsOf(*selection.kind).wire : v1::KIND_UNSPECIFIED;
    queries.push_back({ListRequest(kind, selection.name, true)});
    queries.back().list.set_generation(generation);
  }
  auto listing = FetchListing(client, queries);
  if (!listing.ok()) return listing.status();
  // Every interface is listed, for its state.
  std::erase_if(listing->config.interfaces, IsBare);
  return RemoteConfiguration{listing->generation, std::move(listing->config)};
}

Result<config::Config> ConfigOf(const std::vector<Resource>& resources) {
  const std::string bytes = ConfigurationBytes(resources);
  return codec::DecodeConfig({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, config::kNoLimits);
}

}  // namespace heliostat::helioctl
