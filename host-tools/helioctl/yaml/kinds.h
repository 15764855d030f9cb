// Kinds and names of resources, as people type them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {

// What can be taken back of a resource that is there: every field but its name.
std::vector<std::string_view> NamesToUnset(config::Kind kind);

// Null: a kind that this program does not know.
const KindWords* FindKind(v1::Kind kind);
// `rule` or `rules`: no kind of its own, but what filters are made of.
bool IsRule(std::string_view word);
// Singular, plural, short or YAML's, in any letter case; kInvalidArgument with what was probably meant.
[[nodiscard]] Result<config::Kind> ParseKind(std::string_view word);

struct ResourceName {
  config::Kind kind;
  std::string name;

  [[nodiscard]] std::string ToString() const;  // `session/web`
  [[nodiscard]] std::string Subject() const;   // `session "web"`
  friend bool operator==(const ResourceName&, const ResourceName&) = default;
  friend auto operator<=>(const ResourceName&, const ResourceName&) = default;
};

// Whose it is: the first unit of a resource, or a chunk that follows it.
ResourceName OwnerOf(const v1::Unit& unit);
bool IsChunk(const v1::Unit& unit);

// What was typed behind a command: `session web dns`, or `session/web filter/web`. At least one name.
[[nodiscard]] Result<std::vector<ResourceName>> ParseNames(std::span<const std::string> words);

}  // namespace heliostat::helioctl
