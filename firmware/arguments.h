// The program's command line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace heliostat {

struct Arguments {
  std::string config;    // a file; empty: the stored configuration
  std::string state;     // the flash's file; empty: no control connection
  std::string listen;    // with its port
  std::string trust;     // a folder; empty: none
  std::string name;      // of the card; empty: as its certificate says
  std::string board;     // empty: the one built in
  std::string readings;  // empty: none
  std::map<std::string, std::string> values;
  std::uint64_t seed = 1;
  bool until_idle = false;
  bool verbose = false;
};

// Returns the exit status when there is nothing to run; what was wrong has been said.
[[nodiscard]] std::optional<int> ParseArguments(int argc, char** argv, Arguments& arguments);

}  // namespace heliostat
