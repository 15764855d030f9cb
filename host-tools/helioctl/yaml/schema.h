// The vocabulary as a JSON Schema, for editors.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace heliostat::helioctl {

// Of one document of a configuration in YAML (JSON Schema, draft 7, which is what editors speak). What a schema can't
// say, such as that names must be there, `helioctl validate` does.
[[nodiscard]] nlohmann::ordered_json ConfigurationSchema();

}  // namespace heliostat::helioctl
