#include "log.h"

#include <cstdio>

namespace heliostat {

void Log(std::string_view line) {
  std::fprintf(stderr, "heliostat: %.*s\n", static_cast<int>(line.size()), line.data());
}

}  // namespace heliostat
