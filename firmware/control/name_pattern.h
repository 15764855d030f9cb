// Names by pattern: `*` any characters, `?` one; everything else stands for itself. Pure.
#pragma once

#include <string_view>

namespace heliostat::control {

// An empty pattern matches every name.
[[nodiscard]] bool MatchesPattern(std::string_view pattern, std::string_view name);

}  // namespace heliostat::control
