// A card's configuration as the documents that the YAML reader takes (mirror_yaml.h): reading what is written gives
// the same configuration. Pure.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/config.h"
#include "config/difference.h"
#include "helioctl/cli/yaml_layout.h"

namespace heliostat::helioctl {

// One resource with every field that is not its default; a target's encapsulation is always said. Fields are in the
// order in which README documents them. `-o json` shows it as it is.
//
// A session's tunnel ID is `sessionId` or `vni` by the encapsulation of its target: `config` must hold the target, and
// a group's first member. Without them it is `vni`.
[[nodiscard]] nlohmann::ordered_json ResourceDocument(const config::Config& config, config::Kind kind,
                                                      std::size_t index);

// Of every resource in `config`, separated by `---`, in the order of a configuration.
[[nodiscard]] std::string ConfigYaml(const config::Config& config);

// Of these a session ID tells streams apart, of other tunnels a VNI.
[[nodiscard]] bool IsErspan(config::Encapsulation tunnel);

// How many of a kind there are, and what the one at `index` is called.
[[nodiscard]] std::size_t CountOf(const config::Config& config, config::Kind kind);
[[nodiscard]] const std::string& NameOf(const config::Config& config, config::Kind kind, std::size_t index);

// Of a target, or of a group's first member. kNone: the target is not in `config`, or needs no tunnel ID.
[[nodiscard]] config::Encapsulation TunnelOf(const config::Config& config, const std::string& target);

}  // namespace heliostat::helioctl
