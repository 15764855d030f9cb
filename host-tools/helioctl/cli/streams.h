// What a command reads from and writes to: the terminal, or a test's strings.
#pragma once

#include <istream>
#include <ostream>

namespace heliostat::helioctl {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

}  // namespace heliostat::helioctl
