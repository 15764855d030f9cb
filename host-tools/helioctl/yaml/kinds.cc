#include "helioctl/yaml/kinds.h"

#include "config/check.h"
#include "helioctl/cli/spelling.h"

namespace heliostat::helioctl {
namespace {

std::string Lower(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

Status NotAName(std::string_view kind, std::string_view name) {
  return Status(Code::kInvalidArgument, std::string(kind), config::Quoted(std::string(name)) + " is not a name",
                "give 1..63 of a-z, A-Z, 0-9, '.', '_' and '-', the first and last a letter or digit");
}

Result<ResourceName> ParseSlashed(std::string_view word) {
  const auto slash = word.find('/');
  if (slash == std::string_view::npos) {
    return Status(Code::kInvalidArgument, std::string(word), "is not KIND/NAME",
                  "write `session/web filter/web`, or `session web dns`");
  }
  const auto kind = ParseKind(word.substr(0, slash));
  if (!kind.ok()) return kind.status();
  return ResourceName{*kind, std::string(word.substr(slash + 1))};
}

}  // namespace

std::vector<std::string_view> NamesToUnset(config::Kind kind) {
  std::vector<std::string_view> names = NamesOf(WordsOf(kind).spec);
  for (const Field& field : WordsOf(kind).metadata) {
    if (field.name != "name") names.push_back(field.name);
  }
  return names;
}

const KindWords* FindKind(v1::Kind kind) {
  for (const KindWords& words : AllKinds()) {
    if (words.wire == kind) return &words;
  }
  return nullptr;
}

bool IsRule(std::string_view word) { return word == "rule" || word == "rules"; }

Result<config::Kind> ParseKind(std::string_view word) {
  const std::string lower = Lower(word);
  std::vector<std::string_view> known;
  for (const KindWords& kind : AllKinds()) {
    if (lower == kind.singular || lower == kind.plural || lower == kind.short_name) return kind.kind;
    known.push_back(kind.singular);
  }
  return Status(Code::kInvalidArgument, "", "there is no kind " + config::Quoted(std::string(word)),
                Suggestion(word, known, "the kinds are"));
}

std::string ResourceName::ToString() const { return std::string(WordsOf(kind).singular) + "/" + name; }

std::string ResourceName::Subject() const { return std::string(WordsOf(kind).singular) + " \"" + name + "\""; }

ResourceName OwnerOf(const v1::Unit& unit) {
  switch (unit.kind_case()) {
    case v1::Unit::kInterface: return {config::Kind::kInterface, unit.interface().name()};
    case v1::Unit::kUnderlay: return {config::Kind::kUnderlay, unit.underlay().interface()};
    case v1::Unit::kTarget: return {config::Kind::kTarget, unit.target().metadata().name()};
    case v1::Unit::kMembers: return {config::Kind::kTarget, unit.members().target()};
    case v1::Unit::kFilter: return {config::Kind::kFilter, unit.filter().metadata().name()};
    case v1::Unit::kRules: return {config::Kind::kFilter, unit.rules().filter()};
    case v1::Unit::kSession: return {config::Kind::kSession, unit.session().metadata().name()};
    default: return {config::Kind::kSession, unit.sources().session()};
  }
}

bool IsChunk(const v1::Unit& unit) { return unit.has_members() || unit.has_rules() || unit.has_sources(); }

Result<std::vector<ResourceName>> ParseNames(std::span<const std::string> words) {
  std::vector<ResourceName> names;
  if (words.empty()) {
    return Status(Code::kInvalidArgument, "", "no resource is named", "write `session web`, or `session/web`");
  }
  if (words.front().find('/') != std::string::npos) {
    for (const std::string& word : words) {
      auto name = ParseSlashed(word);
      if (!name.ok()) return name.status();
      names.push_back(std::move(*name));
    }
  } else {
    const auto kind = ParseKind(words.front());
    if (!kind.ok()) return kind.status();
    for (const std::string& name : words.subspan(1)) names.push_back({*kind, name});
    if (names.empty()) {
      return Status(Code::kInvalidArgument, words.front(), "names no resource of that kind",
                    "write `" + words.front() + " NAME`");
    }
  }
  for (const ResourceName& name : names) {
    if (!config::IsName(name.name)) return NotAName(WordsOf(name.kind).singular, name.name);
  }
  return names;
}

}  // namespace heliostat::helioctl
