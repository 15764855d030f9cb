// What each of helioctl's commands does, once its options are known. Each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct ConfigurationOptions {
  std::vector<std::string> files;  // files, directories, "-"
  std::string board;               // board.textproto; empty: the card's interfaces are not known
  std::string output;              // of compile
};

struct BoardOptions {
  std::string file;
  std::string output;  // empty: only checked
};

struct CountersOptions {
  std::string file;  // empty: the card is asked
  CardOptions card;
  OutputOptions output;
};

int Compile(const ConfigurationOptions& options, Streams streams);
int Validate(const ConfigurationOptions& options, Streams streams);
int Board(const BoardOptions& options, Streams streams);
int Counters(const CountersOptions& options, Streams streams);

}  // namespace heliostat::helioctl
