#include "helioctl/yaml/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "codec/codec.h"
#include "config/use.h"
#include "helioctl/cli/files.h"
#include "helioctl/yaml/locate.h"
#include "helioctl/yaml/tunnel_ids.h"
#include "helioctl/yaml/unit_stream.h"

namespace heliostat::helioctl {
namespace {

std::string Counted(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

Status JudgeAsCard(const Configuration& configuration, const config::Card& card, config::Config& config) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(configuration.bytes.data());
  auto decoded = codec::DecodeConfig({bytes, configuration.bytes.size()}, card.limits);
  if (!decoded.ok()) return decoded.status();
  config = std::move(*decoded);
  HELIOSTAT_RETURN_IF_ERROR(config::Validate(config, card));
  return config::CheckUses(config, card.interfaces_known ? config::Guests(card.interfaces) : config::Guests());
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

void CheckAsCard(const Configuration& configuration, const config::Card& card, std::vector<Problem>& problems) {
  config::Config config;
  const Status status = JudgeAsCard(configuration, card, config);
  if (status.ok()) {
    CheckTunnelIds(configuration.resources, config, problems);
    return;
  }
  const auto located = Locate(configuration.resources, status.subject());
  problems.push_back(
      {located ? located->place : Place{},
       Status(status.code(), located ? located->subject : status.subject(), status.reason(), status.fix())});
}

bool NamesInterfaces(const Configuration& configuration) {
  return std::any_of(configuration.resources.begin(), configuration.resources.end(), [](const Resource& resource) {
    return resource.kind == config::Kind::kInterface || resource.kind == config::Kind::kUnderlay ||
           resource.kind == config::Kind::kSession ||
           (resource.kind == config::Kind::kTarget && SpecHas(resource, "interface"));
  });
}

std::string Summary(const Configuration& configuration) {
  std::array<std::size_t, 5> counts{};
  std::size_t rules = 0;
  for (const Resource& resource : configuration.resources) {
    ++counts[static_cast<std::size_t>(resource.kind) - 1];
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
