// The fields of a configuration for a person to read: `helioctl explain session.rateLimit`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "helioctl/cli/table.h"

namespace heliostat::helioctl {

// `path` is KIND[.FIELD...], as people write both; a rule is `filter.rule`, or `rule`. Empty: the kinds.
// kInvalidArgument names what was probably meant.
[[nodiscard]] Result<std::string> Explain(std::string_view path, const TableStyle& style);

// Every path that Explain takes and that begins with those of `path` but the last word: for completion.
[[nodiscard]] std::vector<std::string> PathsLike(std::string_view path);

}  // namespace heliostat::helioctl
