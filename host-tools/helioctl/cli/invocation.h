// One run of the program, and what its commands ask of the words that they are given.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

// A command's callback sets `run`, which returns the exit code; it runs after all is parsed.
struct Invocation {
  Streams streams;
  std::function<int()> run;
};

// A number as people write it: no sign, no leading zero. Else the error is `"abc" ` and `error`.
CLI::Validator WholeNumber(std::uint64_t least, std::uint64_t most, const std::string& error);
// 1 and up.
CLI::Validator GenerationNumber();

}  // namespace heliostat::helioctl
