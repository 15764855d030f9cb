// Commands that change a card, and those about what it had.
#pragma once

#include "helioctl/cli/invocation.h"

namespace heliostat::helioctl {

// apply, diff, create, set, edit, delete, enable, disable, export, generations, rollback, confirm.
void AddChangeCommands(CLI::App& app, Invocation& invocation);

}  // namespace heliostat::helioctl
