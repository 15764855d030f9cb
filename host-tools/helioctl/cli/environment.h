// Variables of this process's environment.
#pragma once

#include <cstdlib>
#include <string>

namespace heliostat::helioctl {

// Empty when it is not set.
inline std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace heliostat::helioctl
