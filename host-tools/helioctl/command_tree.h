// helioctl's commands, as a tree that the parser, completion and the manual page are made from.
#pragma once

#include "helioctl/cli/invocation.h"

namespace heliostat::helioctl {

// Adds every command, group by group. `invocation` outlives `app`.
void AddCommands(CLI::App& app, Invocation& invocation);

// The groups that lie beside this file; their callbacks capture options that live as long as `app`.
void AddFileCommands(CLI::App& app, Invocation& invocation);     // validate, compile, explain, schema, board, counters
void AddContextCommands(CLI::App& app, Invocation& invocation);  // context
void AddCompletionCommands(CLI::App& app, Invocation& invocation);  // completion, man

}  // namespace heliostat::helioctl
