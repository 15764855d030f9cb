#include "helioctl/cli/problem.h"

#include <fmt/format.h>

#include <algorithm>

#include "helioctl/cli/exit_code.h"

namespace heliostat::helioctl {
namespace {

// Enough to work on; a file that is something else altogether has one for every line.
constexpr std::size_t kMostProblemsShown = 50;

}  // namespace

std::string Place::ToString() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

std::string Problem::ToString() const {
  const std::string where = place.ToString();
  return where.empty() ? status.ToString() : where + ": " + status.ToString();
}

int Fail(const std::vector<Problem>& problems, std::string_view outcome, Streams streams) {
  const std::size_t shown = std::min(problems.size(), kMostProblemsShown);
  for (std::size_t i = 0; i < shown; ++i) streams.err << problems[i].ToString() << "\n";
  if (shown < problems.size()) streams.err << fmt::format("... and {} more\n", problems.size() - shown);
  streams.err << fmt::format("helioctl: {} error{}{}\n", problems.size(), problems.size() == 1 ? "" : "s", outcome);
  return kFailed;
}

}  // namespace heliostat::helioctl
