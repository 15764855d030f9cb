// helioctl.1, from the command tree.
#pragma once

#include <string>

#include "helioctl/cli/command_text.h"

namespace heliostat::helioctl {

// In roff with the man macros (man(7)).
std::string ManPage(const CommandText& program);

}  // namespace heliostat::helioctl
