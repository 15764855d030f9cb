// `export`: a card's configuration as YAML that `apply` takes unchanged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct ExportOptions {
  std::vector<std::string> names{};  // nothing, KIND, KIND NAME..., or KIND/NAME...
  std::uint64_t generation = 0;      // 0: the current one
  std::string file = "-";
  CardOptions card{};
};

int Export(const ExportOptions& options, Streams streams);

}  // namespace heliostat::helioctl
