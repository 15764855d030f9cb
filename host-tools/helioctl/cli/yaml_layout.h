// Values as YAML text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace heliostat::helioctl {

// Plain where no YAML reader (1.1 or 1.2) takes it for anything but this text, else in double quotes.
[[nodiscard]] std::string YamlScalar(std::string_view text);

// Block style outside, items of lists on one line each.
[[nodiscard]] std::string DocumentYaml(const nlohmann::ordered_json& document);

}  // namespace heliostat::helioctl
