// Commands that read a card, and those about the card itself.
#pragma once

#include "helioctl/cli/invocation.h"

namespace heliostat::helioctl {

// get, describe, watch, top, audit, info, trust, time.
void AddReadCommands(CLI::App& app, Invocation& invocation);

}  // namespace heliostat::helioctl
