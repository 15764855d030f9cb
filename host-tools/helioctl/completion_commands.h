// `helioctl completion SHELL`, and what its scripts call.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

// What the scripts call: answers for a command line that is being written. Says nothing on errors.
inline constexpr const char* kCompleteCommand = "__complete";

// `arguments` behind kCompleteCommand: `--`, then the words. Always 0.
int CompleteLine(const CLI::App& app, const std::vector<std::string>& arguments, Streams streams);

}  // namespace heliostat::helioctl
