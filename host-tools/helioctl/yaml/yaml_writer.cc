#include "helioctl/yaml/yaml_writer.h"

#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "codec/change.h"
#include "config/use.h"
#include "helioctl/yaml/message_fields.h"
#include "helioctl/yaml/vocabulary.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

// As the card would be sent it: what absence means is decided there, once.
std::vector<v1::Unit> UnitsOf(const config::Config& config, config::Kind kind, std::size_t index) {
  std::vector<v1::Unit> units;
  const Status written = codec::WriteUnits(config, kind, index, true, 0, [&](std::span<const std::uint8_t> bytes) {
    const bool read = units.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    return read ? OkStatus() : Status(Code::kInternal, "unit", "can't be read back");
  });
  // What is in a Config has come through the same bounds.
  if (!written.ok()) throw std::logic_error(written.ToString());
  return units;
}

// The lists that travel in chunks, put together again.
Json ChunkedOf(std::span<const v1::Unit> units) {
  Json lists = Json::object();
  for (const v1::Unit& unit : units) {
    for (const std::string& name : unit.sources().interfaces()) lists["sources"].push_back(name);
    for (const std::string& name : unit.members().members()) lists["members"].push_back(name);
    for (const v1::Rule& rule : unit.rules().rules()) {
      const char* direction = unit.rules().direction() == v1::INBOUND ? "inbound" : "outbound";
      lists[direction].push_back(WriteFields(rule, RuleFields()));
    }
  }
  return lists;
}

struct Parts {
  const google::protobuf::Message& metadata;
  const google::protobuf::Message& spec;
};

Parts PartsOf(const v1::Unit& unit) {
  switch (unit.kind_case()) {
    case v1::Unit::kInterface: return {unit.interface(), unit.interface()};
    case v1::Unit::kUnderlay: return {unit.underlay(), unit.underlay()};
    case v1::Unit::kTarget: return {unit.target().metadata(), unit.target()};
    case v1::Unit::kFilter: return {unit.filter().metadata(), unit.filter()};
    default: return {unit.session().metadata(), unit.session()};
  }
}

}  // namespace

bool IsErspan(config::Encapsulation tunnel) {
  return tunnel == config::Encapsulation::kErspan1 || config::HasErspanHeader(tunnel);
}

config::Encapsulation TunnelOf(const config::Config& config, const std::string& target) {
  const config::Target* found = FindTarget(config, target);
  // A group has no groups in it.
  if (found != nullptr && found->group)
    found = FindTarget(config, found->members.empty() ? "" : found->members.front());
  return found == nullptr || found->group ? config::Encapsulation::kNone : found->encapsulation;
}

nlohmann::ordered_json ResourceDocument(const config::Config& config, config::Kind kind, std::size_t index) {
  const KindWords& words = WordsOf(kind);
  const std::vector<v1::Unit> units = UnitsOf(config, kind, index);
  const Parts parts = PartsOf(units.front());
  Json document{{"apiVersion", "heliostat/v1"}, {"kind", words.yaml}};
  document["metadata"] = WriteFields(parts.metadata, words.metadata);
  Json spec = WriteFields(parts.spec, words.spec, ChunkedOf(units));
  if (kind == config::Kind::kSession) {
    spec.erase(IsErspan(TunnelOf(config, config.sessions[index].target)) ? "vni" : "sessionId");
  }
  if (kind != config::Kind::kInterface || !spec.empty()) document["spec"] = std::move(spec);
  return document;
}

std::size_t CountOf(const config::Config& config, config::Kind kind) {
  switch (kind) {
    case config::Kind::kInterface: return config.interfaces.size();
    case config::Kind::kUnderlay: return config.underlays.size();
    case config::Kind::kTarget: return config.targets.size();
    case config::Kind::kFilter: return config.filters.size();
    case config::Kind::kSession: break;
  }
  return config.sessions.size();
}

const std::string& NameOf(const config::Config& config, config::Kind kind, std::size_t index) {
  switch (kind) {
    case config::Kind::kInterface: return config.interfaces[index].name;
    case config::Kind::kUnderlay: return config.underlays[index].interface;
    case config::Kind::kTarget: return config.targets[index].metadata.name;
    case config::Kind::kFilter: return config.filters[index].metadata.name;
    case config::Kind::kSession: break;
  }
  return config.sessions[index].metadata.name;
}

std::string ConfigYaml(const config::Config& config) {
  std::string yaml;
  for (const KindWords& kind : AllKinds()) {
    for (std::size_t i = 0; i < CountOf(config, kind.kind); ++i) {
      if (!yaml.empty()) yaml += "---\n";
      yaml += DocumentYaml(ResourceDocument(config, kind.kind, i));
    }
  }
  return yaml;
}

}  // namespace heliostat::helioctl
