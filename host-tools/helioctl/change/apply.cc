#include "helioctl/change/apply.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "config/difference.h"
#include "helioctl/card/change_plan.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/text_diff.h"
#include "helioctl/yaml/configuration.h"
#include "helioctl/yaml/locate.h"
#include "helioctl/yaml/tunnel_ids.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

// What the files want of a card.
struct Files {
  std::vector<Resource> resources;
  config::Config wanted;
  std::vector<ResourceName> names;
};

Files ReadFiles(const std::vector<std::string>& paths, Streams streams, std::vector<Problem>& problems) {
  Files files;
  files.resources = ReadConfiguration(paths, streams.in, problems).resources;
  if (!problems.empty()) return files;
  auto wanted = ConfigOf(files.resources);
  if (!wanted.ok()) {
    const auto located = Locate(files.resources, wanted.status().subject());
    problems.push_back({located ? located->place : Place{}, wanted.status()});
    return files;
  }
  files.wanted = std::move(*wanted);
  for (const Resource& resource : files.resources) files.names.push_back({resource.kind, resource.name});
  return files;
}

// What the card has, with the files laid over it. `problems` are those that show only with the card's targets.
config::Config Wanted(const Files& files, const PruneOptions& prune, const v1::Welcome& caller,
                      const config::Config& before, std::vector<Problem>& problems) {
  config::Config after = Overlaid(before, files.wanted);
  if (prune.prune) after = Pruned(after, files.wanted, prune.all_owners ? nullptr : &caller.owner());
  problems.clear();
  CheckTunnelIds(files.resources, after, problems);
  return after;
}

std::string YamlOf(const config::Config& config, config::Kind kind, std::size_t index) {
  return index == config::Difference::kNone ? "" : DocumentYaml(ResourceDocument(config, kind, index));
}

int PrintDiff(const config::Config& live, const config::Config& wanted, std::string_view wanted_name, bool color,
              Streams streams) {
  const auto differences = config::Compare(live, wanted);
  for (const config::Difference& difference : differences) {
    const std::string name = ResourceName{difference.kind, *difference.name}.ToString();
    std::string text = fmt::format("--- {}\n+++ {}\n", difference.added() ? "/dev/null" : "live/" + name,
                                   difference.removed() ? "/dev/null" : fmt::format("{}/{}", wanted_name, name));
    text += UnifiedDiff(YamlOf(live, difference.kind, difference.before),
                        YamlOf(wanted, difference.kind, difference.after));
    streams.out << (color ? ColoredDiff(text) : text);
  }
  return differences.empty() ? kDone : kDiffers;
}

int DiffGeneration(CardClient& client, const DiffOptions& options, Streams streams) {
  const auto live = ReadRemote(client);
  if (!live.ok()) return Fail(live.status(), streams);
  const auto kept = ReadRemote(client, options.generation);
  if (!kept.ok()) return Fail(kept.status(), streams);
  return PrintDiff(live->config, kept->config, fmt::format("generation-{}", options.generation),
                   UsesColor(options.output, streams.out), streams);
}

}  // namespace

int Apply(const ApplyOptions& options, Streams streams) {
  std::vector<Problem> problems;
  const Files files = ReadFiles(options.files, streams, problems);
  if (!problems.empty()) return Fail(problems, ", nothing sent", streams);
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return Fail(client.status(), streams);
  const auto want = [&](const RemoteConfiguration& before) -> Result<config::Config> {
    config::Config after = Wanted(files, options.prune, (*client)->welcome(), before.config, problems);
    if (!problems.empty()) return problems.front().status;
    return after;
  };
  const Selection all;
  const auto change = ChangeCard(**client, {&all, 1}, want, options.change.commit, streams.err);
  if (!problems.empty()) return Fail(problems, ", nothing changed", streams);
  if (!change.ok()) return FailAtPlace(change.status(), files.resources, streams);
  return Report(*change, files.names, "pruned", options.change, streams);
}

int Diff(const DiffOptions& options, Streams streams) {
  std::vector<Problem> problems;
  Files files;
  if (options.generation == 0) files = ReadFiles(options.files, streams, problems);
  if (!problems.empty()) return Fail(problems, "", streams);
  const auto client = OpenCard(options.card);
  if (!client.ok()) return Fail(client.status(), streams);
  if (options.generation != 0) return DiffGeneration(**client, options, streams);
  const auto before = ReadRemote(**client);
  if (!before.ok()) return Fail(before.status(), streams);
  const config::Config after = Wanted(files, options.prune, (*client)->welcome(), before->config, problems);
  if (!problems.empty()) return Fail(problems, "", streams);
  return PrintDiff(before->config, after, "wanted", UsesColor(options.output, streams.out), streams);
}

}  // namespace heliostat::helioctl
