// `apply` and `diff`: files on one side, a card on the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "helioctl/change_report.h"
#include "helioctl/run.h"

namespace heliostat::helioctl {

struct ApplyOptions {
  std::vector<std::string> files{};  // files, directories, "-"
  bool prune = false;
  ChangeOptions change{};
};

struct DiffOptions {
  std::vector<std::string> files{};
  bool prune = false;
  std::uint64_t generation = 0;  // in the place of files
  OutputOptions output{};        // only its colours
  CardOptions card{};
};

int Apply(const ApplyOptions& options, Streams streams);
// 0 the same, 2 differs, 1 an error.
int Diff(const DiffOptions& options, Streams streams);

}  // namespace heliostat::helioctl
