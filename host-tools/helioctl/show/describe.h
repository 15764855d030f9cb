// `describe`: everything about one resource, for a person to read.
#pragma once

#include <string>

#include "helioctl/card/context.h"
#include "helioctl/card/listing.h"
#include "helioctl/card/snapshot.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct DescribeOptions {
  CardOptions card{};
  OutputOptions output{};
  std::vector<std::string> names{};  // `session web dns`, or `session/web filter/web`
};

int Describe(const DescribeOptions& options, Streams streams);

// Pure. `listing` holds the resource, and those that use it, whole.
std::string DescribeText(const Listing& listing, const Snapshot& snapshot, config::Kind kind, std::size_t index,
                         const TableStyle& style);

}  // namespace heliostat::helioctl
