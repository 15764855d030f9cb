#include "helioctl/yaml/kinds.h"

#include <algorithm>
#include <array>

#include "config/check.h"
#include "helioctl/cli/spelling.h"

namespace heliostat::helioctl {
namespace {

constexpr std::array<KindWords, 5> kKinds{{
    {ResourceKind::kInterface, v1::INTERFACE, config::Kind::kInterface, "interface", "interfaces", "if", "Interface"},
    {ResourceKind::kUnderlay, v1::UNDERLAY, config::Kind::kUnderlay, "underlay", "underlays", "ul", "Underlay"},
    {ResourceKind::kTarget, v1::TARGET, config::Kind::kTarget, "target", "targets", "tgt", "Target"},
    {ResourceKind::kFilter, v1::FILTER, config::Kind::kFilter, "filter", "filters", "flt", "Filter"},
    {ResourceKind::kSession, v1::SESSION, config::Kind::kSession, "session", "sessions", "sess", "Session"},
}};

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

std::span<const KindWords> AllKinds() { return kKinds; }

const KindWords& WordsOf(ResourceKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

const KindWords& WordsOf(config::Kind kind) { return kKinds.at(static_cast<std::size_t>(kind) - 1); }

const KindWords* FindKind(v1::Kind kind) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [kind](const KindWords& k) { return k.wire == kind; });
  return found == kKinds.end() ? nullptr : &*found;
}

Result<ResourceKind> ParseKind(std::string_view word) {
  const std::string lower = Lower(word);
  std::vector<std::string_view> known;
  for (const KindWords& kind : kKinds) {
    if (lower == kind.singular || lower == kind.plural || lower == kind.short_name) return kind.kind;
    known.push_back(kind.singular);
  }
  return Status(Code::kInvalidArgument, "", "there is no kind " + config::Quoted(std::string(word)),
                Suggestion(word, known, "the kinds are"));
}

std::string ResourceName::ToString() const { return std::string(WordsOf(kind).singular) + "/" + name; }

std::string ResourceName::Subject() const { return std::string(WordsOf(kind).singular) + " \"" + name + "\""; }

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
