#include "helioctl/yaml/locate.h"

#include <algorithm>

#include "helioctl/yaml/yaml_value.h"

namespace heliostat::helioctl {
namespace {

std::string_view NextWord(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::string_view Unquoted(std::string_view word) {
  if (word.size() >= 2 && word.front() == '"' && word.back() == '"') return word.substr(1, word.size() - 2);
  return word;
}

// The name in YAML of a field of the contract: `destinationPorts` for `destination_ports`. Of two for one field, the
// one that is written.
std::string YamlField(const Resource& resource, std::string_view word) {
  const Field* found = nullptr;
  for (const Field& field : WordsOf(resource.kind).spec) {
    if (field.wire == word && (found == nullptr || SpecHas(resource, field.name))) found = &field;
  }
  if (found != nullptr) return std::string(found->name);
  std::string camel;
  bool raise = false;
  for (const char c : word) {
    if (c == '_') {
      raise = true;
      continue;
    }
    camel += raise && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    raise = false;
  }
  return camel;
}

YAML::Node Nowhere() { return YAML::Node(YAML::NodeType::Undefined); }

// The value of a field. Never adds to `mapping`, as operator[] of a mutable node would.
YAML::Node Child(const YAML::Node& mapping, std::string_view field) {
  if (!mapping.IsMap()) return Nowhere();
  for (const auto& entry : mapping) {
    if (entry.first.IsScalar() && entry.first.Scalar() == field) return entry.second;
  }
  return Nowhere();
}

bool Is(const YAML::Node& node, std::string_view text) { return node.IsScalar() && node.Scalar() == text; }

// The item of a list that is `word`, or that has a field which is.
YAML::Node Item(const YAML::Node& list, std::string_view word) {
  if (!list.IsSequence()) return Nowhere();
  for (const YAML::Node& item : list) {
    if (Is(item, word)) return item;
    if (!item.IsMap()) continue;
    for (const auto& entry : item) {
      if (Is(entry.second, word)) return item;
    }
  }
  return Nowhere();
}

YAML::Node RuleNumbered(const YAML::Node& rules, std::string_view number) {
  if (!rules.IsSequence()) return Nowhere();
  for (const YAML::Node& rule : rules) {
    const YAML::Node found = Child(rule, "number");
    if (found.IsDefined() && Is(found, number)) return rule;
  }
  return Nowhere();
}

// Walks down as far as the words of `path` lead, and writes them as YAML has them to `subject`.
YAML::Node Descend(const Resource& resource, std::string_view path, std::string& subject) {
  YAML::Node here = Child(*resource.document, "spec");
  YAML::Node place = *resource.document;
  bool found = true;
  for (std::string_view word = NextWord(path); !word.empty(); word = NextWord(path)) {
    YAML::Node next = Nowhere();
    if (word == "rule") {
      const std::string_view number = NextWord(path);
      subject += " rule " + std::string(number);
      next.reset(RuleNumbered(here, number));
    } else if (here.IsDefined() && here.IsSequence()) {
      subject += " " + std::string(word);
      next.reset(Item(here, Unquoted(word)));
    } else {
      const std::string field = YamlField(resource, word);
      subject += " " + field;
      next.reset(here.IsDefined() ? Child(here, field) : Nowhere());
      if (!next.IsDefined()) next.reset(Child(Child(*resource.document, "metadata"), field));
    }
    found = found && next.IsDefined();
    if (!found) continue;
    place.reset(next);
    here.reset(next);
  }
  return place;
}

}  // namespace

Place PlaceOf(const std::string& file, const YAML::Node& node) {
  const YamlSource source{file, nullptr};
  return Value(&source, node, {}).place();
}

std::optional<Located> Locate(const std::vector<Resource>& resources, std::string_view subject) {
  const std::string_view kind = NextWord(subject);
  const auto open = subject.find('"');
  const auto close = open == std::string_view::npos ? open : subject.find('"', open + 1);
  if (close == std::string_view::npos) return std::nullopt;
  const std::string_view name = subject.substr(open + 1, close - open - 1);
  for (const Resource& resource : resources) {
    if (WordsOf(resource.kind).singular != kind || resource.name != name) continue;
    Located located{{}, std::string(kind) + " \"" + resource.name + "\""};
    located.place = PlaceOf(resource.file, Descend(resource, subject.substr(close + 1), located.subject));
    return located;
  }
  return std::nullopt;
}

bool SpecHas(const Resource& resource, std::string_view field) {
  const YAML::Node spec = Child(*resource.document, "spec");
  return spec.IsDefined() && Child(spec, field).IsDefined();
}

}  // namespace heliostat::helioctl
