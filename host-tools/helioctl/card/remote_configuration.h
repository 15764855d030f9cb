// A card's configuration as values, and what was asked for beside it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "helioctl/card/card_client.h"
#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/mirror_yaml.h"

namespace heliostat::helioctl {

struct RemoteConfiguration {
  std::uint64_t generation = 0;
  // Names sorted. Interfaces that nobody has labelled are left out.
  config::Config config{};
};

// Nobody has said anything about it: it is as the board made it.
[[nodiscard]] bool IsBare(const config::InterfaceSettings& settings);

struct Selection {
  std::optional<config::Kind> kind{};  // none: every kind
  std::string name{};                  // a pattern with * and ?; empty: all
};

// A resource and what its YAML depends on: a session's tunnel ID is named by its target.
[[nodiscard]] std::vector<Selection> SelectionsFor(const ResourceName& name);

// All of it, at one generation (0: the current one).
[[nodiscard]] Result<RemoteConfiguration> ReadRemote(CardClient& client, std::uint64_t generation = 0);
// Only what is selected, still at one generation: read again when the card moves on in between. No resource twice.
[[nodiscard]] Result<RemoteConfiguration> ReadRemote(CardClient& client, std::span<const Selection> selections,
                                                     std::uint64_t generation = 0);

// What the YAML says, defaults filled in. Only what one document can say is checked, not whether the whole makes sense.
[[nodiscard]] Result<config::Config> ConfigOf(const std::vector<Resource>& resources);

}  // namespace heliostat::helioctl
