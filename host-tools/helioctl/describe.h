// `describe`: everything about one resource, for a person to read.
#pragma once

#include <string>

#include "helioctl/context.h"
#include "helioctl/listing.h"
#include "helioctl/output.h"
#include "helioctl/run.h"
#include "helioctl/snapshot.h"

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
