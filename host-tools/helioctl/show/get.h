// `get`: resources of a card.
#pragma once

#include <control.pb.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct GetOptions {
  CardOptions card{};
  OutputOptions output{};
  std::string kind{};                // or `all`, `rules`, or KIND/NAME
  std::vector<std::string> names{};  // patterns with * and ?
  std::vector<std::string> tags{};   // key=value, or key
  std::uint64_t generation = 0;      // 0: the current one
};

// `key=value`, `key`, several with commas.
[[nodiscard]] Result<std::vector<v1::Tag>> ParseTags(const std::vector<std::string>& words);

int GetResources(const GetOptions& options, Streams streams);

// For completion: the names of a kind, one a line. Silent on any failure.
int PrintNames(const CardOptions& card, const std::string& kind, Streams streams);

}  // namespace heliostat::helioctl
