// The kinds of resources, and the words that people call them by.
#pragma once

#include <control.pb.h>

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "config/difference.h"
#include "helioctl/yaml/mirror_yaml.h"

namespace heliostat::helioctl {

struct KindWords {
  ResourceKind kind;
  v1::Kind wire;
  config::Kind config;
  std::string_view singular;    // `session`
  std::string_view plural;      // `sessions`
  std::string_view short_name;  // `sess`
  std::string_view yaml;        // `Session`
};

// In the order of a configuration.
std::span<const KindWords> AllKinds();

const KindWords& WordsOf(ResourceKind kind);
const KindWords& WordsOf(config::Kind kind);
// Null: a kind that this program does not know.
const KindWords* FindKind(v1::Kind kind);
// Singular, plural, short or YAML's, in any letter case; kInvalidArgument with what was probably meant.
[[nodiscard]] Result<ResourceKind> ParseKind(std::string_view word);

struct ResourceName {
  ResourceKind kind;
  std::string name;

  [[nodiscard]] std::string ToString() const;  // `session/web`
  [[nodiscard]] std::string Subject() const;   // `session "web"`
  friend bool operator==(const ResourceName&, const ResourceName&) = default;
  friend auto operator<=>(const ResourceName&, const ResourceName&) = default;
};

// What was typed behind a command: `session web dns`, or `session/web filter/web`. At least one name.
[[nodiscard]] Result<std::vector<ResourceName>> ParseNames(std::span<const std::string> words);

}  // namespace heliostat::helioctl
