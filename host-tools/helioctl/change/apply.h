// `apply` and `diff`: files on one side, a card on the other.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "helioctl/change/change_report.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

// Whose targets, filters and sessions go that the files do not name.
struct PruneOptions {
  bool prune = false;  // the caller's own: an admin's are those without an owner
  bool all_owners = false;
};

struct ApplyOptions {
  std::vector<std::string> files{};  // files, directories, "-"
  PruneOptions prune{};
  ChangeOptions change{};
};

struct DiffOptions {
  std::vector<std::string> files{};
  PruneOptions prune{};
  std::uint64_t generation = 0;  // in the place of files
  OutputOptions output{};        // only its colours
  CardOptions card{};
};

int Apply(const ApplyOptions& options, Streams streams);
// 0 the same, 2 differs, 1 an error.
int Diff(const DiffOptions& options, Streams streams);

}  // namespace heliostat::helioctl
