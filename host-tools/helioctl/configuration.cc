#include "helioctl/configuration.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "helioctl/files.h"
#include "helioctl/unit_stream.h"

namespace heliostat::helioctl {
namespace {

std::string Counted(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

Configuration ReadConfiguration(const std::vector<std::string>& paths, std::istream& standard_input,
                                std::vector<Problem>& problems) {
  Configuration configuration;
  const auto files = ReadYamlFiles(paths, standard_input);
  if (!files.ok()) {
    problems.push_back({{}, files.status()});
    return configuration;
  }
  for (const TextFile& file : *files) ReadMirrorYaml(file.name, file.text, configuration.resources, problems);
  Arrange(configuration.resources, problems);
  if (configuration.resources.empty() && problems.empty()) {
    problems.push_back({{files->front().name, 0, 0},
                        Status(Code::kInvalidArgument, "", "holds no resource",
                               "write at least one document with apiVersion, kind, metadata and spec")});
  }
  if (problems.empty()) configuration.bytes = ConfigurationBytes(configuration.resources);
  return configuration;
}

std::string Summary(const Configuration& configuration) {
  std::array<std::size_t, 5> counts{};
  std::size_t rules = 0;
  for (const Resource& resource : configuration.resources) {
    ++counts[static_cast<std::size_t>(resource.kind)];
    for (const v1::Unit& unit : resource.units) {
      if (unit.has_rules()) rules += static_cast<std::size_t>(unit.rules().rules_size());
    }
  }
  std::string summary;
  if (counts[0] > 0) summary += Counted(counts[0], "interface") + ", ";
  if (counts[1] > 0) summary += Counted(counts[1], "underlay") + ", ";
  return summary + fmt::format("{}, {} ({}), {}", Counted(counts[2], "target"), Counted(counts[3], "filter"),
                               Counted(rules, "rule"), Counted(counts[4], "session"));
}

}  // namespace heliostat::helioctl
