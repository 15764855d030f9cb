// helioctl as a function: what main() calls and what tests call.
#pragma once

#include <string>
#include <vector>

#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

// `arguments` without the program's name. Returns the exit code: 0 done, 1 an error, which is on `streams.err`,
// 2 and 3 as the help says.
// Never throws.
int Run(const std::vector<std::string>& arguments, Streams streams);

}  // namespace heliostat::helioctl
