#include "helioctl/yaml/schema.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "config/bounds.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNumberPattern = "^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+)$";
constexpr const char* kMacPattern = "([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}";

Json ObjectOf(std::span<const Field> fields);

// Bounds count for numbers, the pattern for texts: a reader that finds quotes takes what is in them.
Json Number(std::uint64_t least, std::uint64_t most, const std::string& pattern) {
  return {{"type", {"integer", "string"}}, {"minimum", least}, {"maximum", most}, {"pattern", pattern}};
}

Json Text(const std::string& pattern) { return {{"type", "string"}, {"pattern", "^" + pattern + "$"}}; }

Json WordsOf(std::span<const Word> words) {
  Json names = Json::array();
  for (const Word& word : words) {
    names.push_back(word.name);
    if (word.name == "no") names.push_back(false);  // what YAML 1.1 takes it for
  }
  return {{"enum", std::move(names)}};
}

Json Either(Json one, Json other) { return {{"anyOf", {std::move(one), std::move(other)}}}; }

Json OneValue(const Field& field) {
  const std::string range = "^[0-9A-Fa-fxX]+(-[0-9A-Fa-fxX]+)?$";
  switch (field.shape) {
    case Shape::kText: return {{"type", {"string", "number", "boolean"}}, {"maxLength", field.most}};
    case Shape::kName:
      return {{"type", {"string", "number"}},
              {"pattern", fmt::format("^[A-Za-z0-9]([A-Za-z0-9._-]{{0,{}}}[A-Za-z0-9])?$", config::kMaxNameBytes - 2)}};
    case Shape::kNumber: return Number(field.least, field.most, kNumberPattern);
    case Shape::kNumberOrWord: return Either(WordsOf(field.words), Number(field.least, field.most, kNumberPattern));
    case Shape::kRange: return Number(0, field.most, range);
    case Shape::kRangeOrWord: return Either(WordsOf(field.words), Number(0, field.most, range));
    case Shape::kPercent:
      return {{"type", {"number", "string"}}, {"minimum", 0}, {"maximum", 100}, {"pattern", "^[0-9]+(\\.[0-9]+)?$"}};
    case Shape::kTruth: return {{"type", {"boolean", "string"}}, {"pattern", "^(true|false)$"}};
    case Shape::kWord: return WordsOf(field.words);
    case Shape::kAddress: return Text("[0-9A-Fa-f.:]+");
    case Shape::kPrefix: return Text("[0-9A-Fa-f.:]+(/[0-9]+)?");
    case Shape::kTunnelAddress: return Text("[0-9A-Fa-f.:]+/[0-9]+");
    case Shape::kMac: return Text(kMacPattern);
    case Shape::kMacMatch: return Text(fmt::format("{0}(/{0})?", kMacPattern));
    case Shape::kMapping: return ObjectOf(field.fields);
    case Shape::kTags:
      return {{"type", "object"},
              {"maxProperties", field.most_items},
              {"propertyNames", {{"maxLength", config::kMaxTagKeyBytes}}},
              {"additionalProperties",
               {{"type", {"string", "number", "boolean"}}, {"maxLength", config::kMaxTagValueBytes}}}};
    case Shape::kRules: return {{"$ref", "#/definitions/rule"}};
    case Shape::kAnything: break;
  }
  return Json::object();
}

Json ValueOf(const Field& field) {
  Json value = OneValue(field);
  if (field.is_list() && field.shape != Shape::kTags) {
    value = {{"type", "array"}, {"items", std::move(value)}};
    value["maxItems"] = field.most_items + (field.shape == Shape::kRangeOrWord ? field.words.size() : 0);
    if (!field.empty.empty()) value["minItems"] = 1;
    if (field.unique) value["uniqueItems"] = true;
  }
  std::string description(field.help);
  if (!field.otherwise.empty()) description += fmt::format(". Without it: {}", field.otherwise);
  value["description"] = std::move(description);
  return value;
}

Json ObjectOf(std::span<const Field> fields) {
  Json object{{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  for (const Field& field : fields) {
    object["properties"][std::string(field.name)] = ValueOf(field);
    if (field.required()) object["required"].push_back(field.name);
    if (!field.rival.empty()) object["not"] = {{"required", {field.rival, field.name}}};
  }
  return object;
}

Json AtLeastOne(std::initializer_list<const char*> names) {
  Json ways = Json::array();
  for (const char* name : names) ways.push_back({{"required", Json::array({name})}});
  return ways;
}

// What holds of a document of that kind.
Json Rule(std::string_view kind, Json then) {
  Json is_kind{{"properties", {{"kind", {{"const", kind}}}}}, {"required", Json::array({"kind"})}};
  return {{"if", std::move(is_kind)}, {"then", std::move(then)}};
}

Json KindRule(const KindWords& kind) {
  Json spec = ObjectOf(kind.spec);
  // What the reader checks of several fields at once.
  if (kind.kind == config::Kind::kTarget) spec["anyOf"] = AtLeastOne({"remote", "interface", "members"});
  if (kind.kind == config::Kind::kSession) {
    spec["properties"]["rateLimit"]["anyOf"] = AtLeastOne({"packetsPerSecond", "bitsPerSecond"});
  }
  Json required = Json::array({"metadata"});
  if (kind.kind != config::Kind::kInterface) required.push_back("spec");
  return Rule(kind.yaml,
              {{"properties", {{"metadata", ObjectOf(kind.metadata)}, {"spec", std::move(spec)}, {"items", false}}},
               {"required", std::move(required)}});
}

}  // namespace

nlohmann::ordered_json ConfigurationSchema() {
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
              {"title", "Heliostat configuration"},
              {"type", {"object", "null"}},
              {"additionalProperties", false},
              {"required", {"apiVersion", "kind"}},
              {"properties", Json::object()}};
  for (const Field& field : DocumentFields()) schema["properties"][std::string(field.name)] = ValueOf(field);
  // The kinds say what these are.
  for (const char* part : {"metadata", "spec"}) schema["properties"][part].erase("additionalProperties");
  schema["properties"]["kind"]["enum"].push_back("List");
  schema["properties"]["items"] = {{"type", "array"}, {"items", {{"$ref", "#"}}}, {"description", "of a List"}};
  for (const KindWords& kind : AllKinds()) schema["allOf"].push_back(KindRule(kind));
  schema["allOf"].push_back(Rule("List", {{"required", Json::array({"items"})}}));
  schema["definitions"]["rule"] = ObjectOf(RuleFields());
  return schema;
}

}  // namespace heliostat::helioctl
