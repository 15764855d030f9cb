// `delete`, `enable` and `disable`: resources by their names.
#pragma once

#include <string>
#include <vector>

#include "helioctl/change/change_report.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct DeleteOptions {
  std::vector<std::string> names{};  // KIND NAME..., or KIND/NAME...
  std::vector<std::string> files{};  // in their place: what these name
  bool ignore_not_found = false;
  ChangeOptions change{};
};

struct SwitchOptions {
  std::vector<std::string> names{};  // `session NAME...`, `session/NAME...`
  bool enabled = false;
  ChangeOptions change{};
};

int Delete(const DeleteOptions& options, Streams streams);
int Switch(const SwitchOptions& options, Streams streams);

}  // namespace heliostat::helioctl
