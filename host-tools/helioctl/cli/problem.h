// An error in something that a person wrote, with the place in the file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

// Lines and columns count from 1. Line 0: the file as a whole; an empty file: no file is to blame.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  [[nodiscard]] std::string ToString() const;
};

struct Problem {
  Place place;
  Status status;

  // `mirror.yaml:7:5: session "web" filter: reason; fix`.
  [[nodiscard]] std::string ToString() const;
};

// The first of them on standard error, and how many there are; `outcome` follows: `, nothing written`. The exit code 1.
int Fail(const std::vector<Problem>& problems, std::string_view outcome, Streams streams);

}  // namespace heliostat::helioctl
