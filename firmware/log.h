// The program's own words, on stderr.
#pragma once

#include <string_view>

namespace heliostat {

// `heliostat: LINE`. Any thread.
void Log(std::string_view line);

}  // namespace heliostat
