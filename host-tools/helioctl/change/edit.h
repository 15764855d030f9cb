// `edit`: a resource's YAML in the user's editor.
#pragma once

#include <string>
#include <vector>

#include "helioctl/change/change_report.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct EditOptions {
  std::vector<std::string> names{};  // KIND NAME, or KIND/NAME
  ChangeOptions change{};
};

// Opens $VISUAL, else $EDITOR, else vi; again, with the errors on top, while what comes back is wrong. Left unchanged:
// nothing is sent.
int Edit(const EditOptions& options, Streams streams);

}  // namespace heliostat::helioctl
