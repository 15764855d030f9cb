// `create` and `set`: one resource, by options in the place of YAML.
#pragma once

#include <string>

#include "helioctl/change/change_report.h"
#include "helioctl/change/resource_flags.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct OneLinerOptions {
  config::Kind kind = config::Kind::kSession;
  std::string name{};
  FlagValues fields{};
  ChangeOptions change{};
};

int Create(const OneLinerOptions& options, Streams streams);
int Set(const OneLinerOptions& options, Streams streams);

}  // namespace heliostat::helioctl
