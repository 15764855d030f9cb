#include "helioctl/commands.h"

#include <fmt/format.h>

#include <algorithm>

#include "helioctl/configuration.h"
#include "helioctl/counters.h"
#include "helioctl/files.h"

namespace heliostat::helioctl {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;

// Enough to work on; a file that is something else altogether has one for every line.
constexpr std::size_t kMostProblemsShown = 50;

int Fail(const Status& status, Streams streams) {
  streams.err << "helioctl: " << status.ToString() << "\n";
  return kFailed;
}

int Fail(const std::vector<Problem>& problems, std::string_view outcome, Streams streams) {
  const std::size_t shown = std::min(problems.size(), kMostProblemsShown);
  for (std::size_t i = 0; i < shown; ++i) streams.err << problems[i].ToString() << "\n";
  if (shown < problems.size()) streams.err << fmt::format("... and {} more\n", problems.size() - shown);
  streams.err << fmt::format("helioctl: {} error{}{}\n", problems.size(), problems.size() == 1 ? "" : "s", outcome);
  return kFailed;
}

}  // namespace

int Compile(const ConfigurationOptions& options, Streams streams) {
  std::vector<Problem> problems;
  const Configuration configuration = ReadConfiguration(options.files, streams.in, problems);
  if (!problems.empty()) return Fail(problems, ", nothing written", streams);
  const Status written = WriteFile(options.output, configuration.bytes, streams.out);
  return written.ok() ? kDone : Fail(written, streams);
}

int Validate(const ConfigurationOptions& options, Streams streams) {
  std::vector<Problem> problems;
  const Configuration configuration = ReadConfiguration(options.files, streams.in, problems);
  if (!problems.empty()) return Fail(problems, "", streams);
  streams.out << "ok: " << Summary(configuration) << "\n";
  return kDone;
}

int Counters(const CountersOptions& options, Streams streams) {
  const auto file = ReadFile(options.file, streams.in);
  if (!file.ok()) return Fail(file.status(), streams);
  const auto reading = ReadCounters(file->text);
  if (!reading.ok()) return Fail(reading.status().Within(file->name), streams);
  const auto columns = options.format == "wide" ? CounterColumns::kAll : CounterColumns::kNonZero;
  streams.out << (options.format == "json" ? CountersJson(*reading) : CountersTable(*reading, columns));
  return Balances(*reading) ? kDone : kFailed;
}

}  // namespace heliostat::helioctl
