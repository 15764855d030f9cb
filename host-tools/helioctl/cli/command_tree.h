// helioctl's commands, as a tree that the parser, completion and the man page are made from.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

// One run of the program. A command's callback sets `run`, which returns the exit code; it runs after all is parsed.
struct Invocation {
  Streams streams;
  std::function<int()> run;
};

// A number as people write it: no sign, no leading zero. Else the error is `"abc" ` and `error`.
CLI::Validator WholeNumber(std::uint64_t least, std::uint64_t most, const std::string& error);
// 1 and up.
CLI::Validator GenerationNumber();

// Adds every command, group by group. `invocation` outlives `app`.
void AddCommands(CLI::App& app, Invocation& invocation);

// The groups. What they add are subcommands of `app` whose callbacks capture options that live as long as `app`.
void AddFileCommands(CLI::App& app, Invocation& invocation);     // validate, compile, board, counters
void AddPkiCommands(CLI::App& app, Invocation& invocation);      // pki
void AddContextCommands(CLI::App& app, Invocation& invocation);  // context
void AddReadCommands(CLI::App& app, Invocation& invocation);     // get, describe, watch, top, audit, info, trust, time
void AddCompletionCommands(CLI::App& app, Invocation& invocation);  // completion, man
// apply, diff, create, set, edit, delete, enable, disable, export, generations, rollback, confirm
void AddChangeCommands(CLI::App& app, Invocation& invocation);

}  // namespace heliostat::helioctl
