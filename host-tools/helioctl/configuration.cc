#include "helioctl/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "codec/codec.h"
#include "config/use.h"
#include "helioctl/files.h"
#include "helioctl/locate.h"
#include "helioctl/unit_stream.h"

namespace heliostat::helioctl {
namespace {

std::string Counted(std::size_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

// Of a target, or of a group's members, which are alike. `config` is valid.
config::Encapsulation EncapsulationOf(const config::Config& config, std::string_view name) {
  const auto target = std::lower_bound(
      config.targets.begin(), config.targets.end(), name,
      [](const config::Target& candidate, std::string_view wanted) { return candidate.metadata.name < wanted; });
  return target->group ? EncapsulationOf(config, target->members.front()) : target->encapsulation;
}

// VNI and ERSPAN session ID are one field to the card; the writer of YAML has said which is meant.
void CheckTunnelIds(const Configuration& configuration, const config::Config& config, std::vector<Problem>& problems) {
  auto session = config.sessions.begin();  // ascending by name, as the resources are
  for (const Resource& resource : configuration.resources) {
    if (resource.kind != ResourceKind::kSession) continue;
    const config::Encapsulation encapsulation = EncapsulationOf(config, session++->target);
    const bool erspan =
        encapsulation >= config::Encapsulation::kErspan1 && encapsulation <= config::Encapsulation::kErspan3;
    const std::string_view wrong = erspan ? "vni" : "sessionId";
    if (!SpecHas(resource, wrong)) continue;
    const auto located = Locate(configuration.resources, fmt::format("session \"{}\" {}", resource.name, wrong));
    if (!located) continue;
    problems.push_back({located->place, Status(Code::kInvalidArgument, located->subject,
                                               erspan ? "the target's encapsulation is ERSPAN"
                                                      : "the target's encapsulation is not ERSPAN",
                                               erspan ? "write sessionId, 0..1023" : "write vni")});
  }
}

Status JudgeAsCard(const Configuration& configuration, const config::Card& card, config::Config& config) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(configuration.bytes.data());
  auto decoded = codec::DecodeConfig({bytes, configuration.bytes.size()}, card.limits);
  if (!decoded.ok()) return decoded.status();
  config = std::move(*decoded);
  HELIOSTAT_RETURN_IF_ERROR(config::Validate(config, card));
  return config::CheckUses(config);
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
    CheckTunnelIds(configuration, config, problems);
    return;
  }
  const auto located = Locate(configuration.resources, status.subject());
  problems.push_back(
      {located ? located->place : Place{},
       Status(status.code(), located ? located->subject : status.subject(), status.reason(), status.fix())});
}

bool NamesInterfaces(const Configuration& configuration) {
  return std::any_of(configuration.resources.begin(), configuration.resources.end(), [](const Resource& resource) {
    return resource.kind == ResourceKind::kInterface || resource.kind == ResourceKind::kUnderlay ||
           resource.kind == ResourceKind::kSession ||
           (resource.kind == ResourceKind::kTarget && SpecHas(resource, "interface"));
  });
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
