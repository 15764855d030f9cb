#include "helioctl/yaml/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/check.h"
#include "helioctl/cli/fields.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {
namespace {

// What is above is bounded by the card, whose limits are its own.
constexpr std::size_t kMostItemsSaid = 1'000;

std::string_view NextWord(std::string_view& path) {
  const std::string_view word = path.substr(0, path.find('.'));
  path.remove_prefix(std::min(word.size() + 1, path.size()));
  return word;
}

// A field on the way, or the kind itself.
struct Place {
  const KindWords* kind = nullptr;
  const Field* field = nullptr;
  std::string path{};

  [[nodiscard]] std::vector<std::span<const Field>> Below() const {
    if (field == nullptr) return {kind->metadata, kind->spec};
    return {field->fields};
  }
};

const Field* Find(const Place& place, std::string_view word) {
  // Both directions have the same rules.
  if (place.field == nullptr && place.kind->kind == config::Kind::kFilter && IsRule(word)) word = "inbound";
  for (const auto& fields : place.Below()) {
    if (const Field* found = FindFieldAsTyped(fields, word)) return found;
  }
  return nullptr;
}

Status NoSuchField(const Place& place, std::string_view word) {
  std::vector<std::string_view> known;
  for (const auto& fields : place.Below()) {
    for (const Field& field : fields) known.push_back(field.name);
  }
  return Status(Code::kInvalidArgument, place.path, "has no field " + config::Quoted(std::string(word)),
                known.empty() ? fmt::format("it is one value: `helioctl explain {}`", place.path)
                              : Suggestion(word, known, "its fields are"));
}

Result<Place> Walk(std::string_view path) {
  Place place;
  if (IsRule(path.substr(0, path.find('.')))) {
    NextWord(path);
    place = {&WordsOf(config::Kind::kFilter), FindField(WordsOf(config::Kind::kFilter).spec, "inbound"), "rule"};
  } else {
    const auto kind = ParseKind(NextWord(path));
    if (!kind.ok()) return kind.status();
    place = {&WordsOf(*kind), nullptr, std::string(WordsOf(*kind).singular)};
  }
  while (!path.empty()) {
    const std::string_view word = NextWord(path);
    const Field* field = Find(place, word);
    if (field == nullptr) return NoSuchField(place, word);
    place.path += "." + (IsRule(word) && place.field == nullptr ? "rule" : std::string(field->name));
    place.field = field;
  }
  return place;
}

std::string WithoutIt(const Field& field) {
  return field.required() ? "required" : std::string(field.otherwise.empty() ? "-" : field.otherwise);
}

std::string TableOf(std::span<const Field> fields, const TableStyle& style) {
  Table table({{"FIELD"}, {"VALUE"}, {"WITHOUT IT"}, {"MEANING"}});
  for (const Field& field : fields) {
    table.Add({std::string(field.name), ValueText(field), WithoutIt(field), std::string(field.help)});
  }
  TableStyle indented = style;
  indented.indent = 2;
  return table.Render(indented);
}

std::string KindsText(const TableStyle& style) {
  Table table({{"KIND"}, {"SHORT"}, {"MEANING"}});
  for (const KindWords& kind : AllKinds()) {
    table.Add({std::string(kind.singular), std::string(kind.short_name), std::string(kind.help)});
  }
  return table.Render(style);
}

std::string KindText(const KindWords& kind, const TableStyle& style) {
  return fmt::format("{}: {}\n\nmetadata:\n{}\nspec:\n{}", kind.yaml, kind.help, TableOf(kind.metadata, style),
                     TableOf(kind.spec, style));
}

std::string FieldText(const Place& place, const TableStyle& style) {
  const Field& field = *place.field;
  Fields facts;
  facts.Add("Value", ValueText(field));
  if (field.is_list() && field.most_items <= kMostItemsSaid) {
    facts.Add("Items", fmt::format("{} to {}", field.empty.empty() ? 0 : 1, field.most_items));
  }
  facts.Add("Without it", WithoutIt(field));
  if (!field.rival.empty()) facts.Add("Not beside", std::string(field.rival));
  std::string text = fmt::format("{}: {}\n\n{}", place.path, field.help, facts.Render(style));
  if (!field.fields.empty()) text += "\nfields:\n" + TableOf(field.fields, style);
  return text;
}

}  // namespace

Result<std::string> Explain(std::string_view path, const TableStyle& style) {
  if (path.empty()) return KindsText(style);
  const auto place = Walk(path);
  if (!place.ok()) return place.status();
  return place->field == nullptr ? KindText(*place->kind, style) : FieldText(*place, style);
}

std::vector<std::string> PathsLike(std::string_view path) {
  std::vector<std::string> paths;
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos) {
    for (const KindWords& kind : AllKinds()) paths.emplace_back(kind.singular);
    paths.emplace_back("rule");
    return paths;
  }
  const auto place = Walk(path.substr(0, dot));
  if (!place.ok()) return paths;
  for (const auto& fields : place->Below()) {
    for (const Field& field : fields) paths.push_back(fmt::format("{}.{}", path.substr(0, dot), field.name));
  }
  return paths;
}

}  // namespace heliostat::helioctl
