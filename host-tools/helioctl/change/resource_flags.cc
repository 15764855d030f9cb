#include "helioctl/change/resource_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <string_view>

#include "config/check.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/rule_text.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

// What an option does with its field.
enum class Act : std::uint8_t {
  kSet,     // to the one value
  kList,    // the whole list, comma-separated or repeated
  kAdd,     // to a list
  kRemove,  // from a list
  kTruth,   // --flag, --flag=false
  kUntruth,
  kRules,
  kRemoveRules,
  kTags,
  kUnset,
};

struct Flag {
  std::string name;
  Act act;
  std::string type;
  std::string help;
  const Field* field = nullptr;  // null: it is about several
  std::string path{};            // of the field as errors have it, in spec or metadata: `rateLimit burst`
  bool metadata = false;
  bool change_only = false;
};

// `all|inbound|outbound`, `INTERFACE,...`: completion reads it too.
std::string TypeOf(const Field& field) {
  std::string type(field.type);
  for (const Word& word : field.words) type += (type.empty() ? "" : "|") + std::string(word.name);
  if (type.empty() && field.shape == Shape::kNumber) type = fmt::format("{}..{}", field.least, field.most);
  if (type.empty() && field.shape == Shape::kPercent) type = "0..100";
  return type;
}

// The options for one field, `path` naming it.
void AddFlags(const Field& field, const std::string& path, bool metadata, std::vector<Flag>& flags) {
  const std::string name = "--" + FlagName(field);
  const auto add = [&](std::string flag, Act act, std::string type, std::string_view help, bool change_only = false) {
    flags.push_back({std::move(flag), act, std::move(type), std::string(help), &field, path, metadata, change_only});
  };
  if (field.shape == Shape::kMapping) {
    for (const Field& inner : field.fields) AddFlags(inner, path + " " + std::string(inner.name), metadata, flags);
  } else if (field.shape == Shape::kRules) {
    add(name, Act::kRules, TypeOf(field), field.help);
  } else if (field.shape == Shape::kTags) {
    add(name, Act::kTags, TypeOf(field), "a tag; KEY- takes one away");
  } else if (field.shape == Shape::kTruth) {
    add(name, Act::kTruth, "", field.help);
    if (field.inverted) add("--" + std::string(field.wire), Act::kUntruth, "", "the opposite");
  } else if (field.is_list()) {
    add(name, Act::kList, TypeOf(field) + ",...", field.help);
    add("--add-" + FlagName(field), Act::kAdd, TypeOf(field) + ",...", "one more", true);
    add("--remove-" + FlagName(field), Act::kRemove, TypeOf(field) + ",...", "one less", true);
  } else {
    add(name, Act::kSet, TypeOf(field), field.help);
  }
}

std::vector<Flag> FlagsOf(config::Kind kind) {
  std::vector<Flag> flags;
  for (const Field& field : WordsOf(kind).spec) AddFlags(field, std::string(field.name), false, flags);
  if (kind == config::Kind::kFilter) {
    flags.push_back({"--rule", Act::kRules, "RULE", "a rule with its direction: \"inbound 10 accept tcp\""});
    flags.push_back({.name = "--remove-rule",
                     .act = Act::kRemoveRules,
                     .type = "RULE",
                     .help = "by its name: inbound/10",
                     .change_only = true});
  }
  for (const Field& field : WordsOf(kind).metadata) {
    if (field.name != "name") AddFlags(field, std::string(field.name), true, flags);
  }
  flags.push_back({.name = "--unset",
                   .act = Act::kUnset,
                   .type = "FIELD",
                   .help = "back to what is so without it",
                   .change_only = true});
  return flags;
}

// `a,b` and `a b` alike.
std::vector<std::string> Items(const std::vector<std::string>& words) {
  std::vector<std::string> items;
  for (const std::string& word : words) {
    for (std::size_t at = 0; at <= word.size();) {
      const auto comma = std::min(word.find(',', at), word.size());
      if (comma > at) items.push_back(word.substr(at, comma - at));
      at = comma + 1;
    }
  }
  return items;
}

Status WrongFlag(const std::string& flag, std::string reason, std::string fix) {
  return Status(Code::kInvalidArgument, flag, std::move(reason), std::move(fix));
}

Json Strings(const std::vector<std::string>& items) {
  Json list = Json::array();
  for (const std::string& item : items) list.push_back(item);
  return list;
}

// The mapping that a field is in, made when it is not there.
Json& MappingOf(Json& document, const Flag& flag) {
  Json& part = document[flag.metadata ? "metadata" : "spec"];
  const auto space = flag.path.find(' ');
  return space == std::string::npos ? part : part[flag.path.substr(0, space)];
}

Json& Place(Json& document, const Flag& flag) { return MappingOf(document, flag)[std::string(flag.field->name)]; }

Status SetList(const Flag& flag, const std::vector<std::string>& values, Json& list) {
  const std::vector<std::string> items = Items(values);
  if (flag.act == Act::kList) {
    list = Strings(items);
    return OkStatus();
  }
  if (!list.is_array()) list = Json::array();
  for (const std::string& item : items) {
    const auto found = std::find(list.begin(), list.end(), item);
    if (flag.act == Act::kAdd && found == list.end()) list.push_back(item);
    if (flag.act != Act::kRemove) continue;
    if (found == list.end()) {
      return WrongFlag(flag.name, config::Quoted(item) + " is not in the list",
                       list.empty() ? "the list is empty" : "the list is " + list.dump());
    }
    list.erase(found);
  }
  return OkStatus();
}

void RemoveRule(Json& document, const std::string& direction, std::uint32_t number, bool* found) {
  Json& spec = document["spec"];
  if (!spec.contains(direction)) return;
  Json& rules = spec[direction];
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const Json& r) { return r["number"] == number; });
  if (rule == rules.end()) return;
  *found = true;
  rules.erase(rule);
  if (rules.empty()) spec.erase(direction);
}

Status SetRules(const Flag& flag, const std::vector<std::string>& values, Json& document) {
  for (const std::string& value : values) {
    auto rule = ParseRule(value);
    if (!rule.ok()) return rule.status().Within(flag.name);
    const std::string own(flag.field == nullptr ? "" : flag.field->name);
    if (own.empty() && rule->direction.empty()) {
      return WrongFlag(flag.name, config::Quoted(value) + " has no direction",
                       "write inbound or outbound in front of the number");
    }
    if (!own.empty() && !rule->direction.empty() && rule->direction != own) {
      return WrongFlag(flag.name, config::Quoted(value) + " is an " + rule->direction + " rule",
                       "leave the direction out, or use --rule");
    }
    const std::string direction = own.empty() ? rule->direction : own;
    bool replaced = false;
    RemoveRule(document, direction, rule->number, &replaced);
    Json& rules = document["spec"][direction];
    if (!rules.is_array()) rules = Json::array();
    rules.push_back(std::move(rule->rule));
  }
  return OkStatus();
}

Status RemoveRules(const Flag& flag, const std::vector<std::string>& values, Json& document) {
  for (const std::string& value : Items(values)) {
    const auto name = ParseRuleName(value);
    if (!name.ok()) return name.status().Within(flag.name);
    bool found = false;
    RemoveRule(document, name->direction, name->number, &found);
    if (!found) {
      return WrongFlag(flag.name, config::Quoted(value) + " is not a rule of this filter",
                       "`helioctl describe filter NAME` shows its rules");
    }
  }
  return OkStatus();
}

Status SetTags(const Flag& flag, const std::vector<std::string>& values, Json& tags) {
  if (!tags.is_object()) tags = Json::object();
  for (const std::string& value : values) {
    const auto equals = value.find('=');
    if (equals != std::string::npos) {
      tags[value.substr(0, equals)] = value.substr(equals + 1);
    } else if (value.ends_with('-')) {
      tags.erase(value.substr(0, value.size() - 1));
    } else {
      return WrongFlag(flag.name, config::Quoted(value) + " has no value", "write KEY=VALUE, or KEY- to take it away");
    }
  }
  return OkStatus();
}

Status Unset(config::Kind kind, const Flag& flag, const std::vector<std::string>& values, Json& document) {
  std::vector<std::string_view> known = NamesToUnset(kind);
  for (const std::string& value : Items(values)) {
    if (std::find(known.begin(), known.end(), value) == known.end()) {
      std::sort(known.begin(), known.end());
      return WrongFlag(flag.name, config::Quoted(value) + " is not a field here",
                       Suggestion(value, known, "fields are"));
    }
    for (const char* part : {"spec", "metadata"}) {
      if (document.contains(part)) document[part].erase(value);
    }
  }
  return OkStatus();
}

bool AreRivals(const Field& a, const Field& b) { return a.rival == b.name || b.rival == a.name; }

// What is given takes the place of its rival. In a mapping the rest goes too: a burst is so many of what the rate
// counts.
void EraseRivals(const std::vector<Flag>& flags, const Flag& flag, Json& document) {
  for (const Flag& other : flags) {
    if (flag.field == nullptr || other.field == nullptr || !AreRivals(*flag.field, *other.field)) continue;
    Json& mapping = MappingOf(document, flag);
    const bool erased = mapping.is_object() && mapping.erase(std::string(other.field->name)) > 0;
    if (erased && flag.path != flag.field->name) mapping = Json::object();
  }
}

std::string Opposite(const std::string& truth) { return truth == "true" ? "false" : truth == "false" ? "true" : truth; }

Status Lay(config::Kind kind, const Flag& flag, const std::vector<std::string>& values, Json& document) {
  switch (flag.act) {
    case Act::kSet:
    case Act::kTruth: Place(document, flag) = values.back(); return OkStatus();
    case Act::kUntruth: Place(document, flag) = Opposite(values.back()); return OkStatus();
    case Act::kList:
    case Act::kAdd:
    case Act::kRemove: return SetList(flag, values, Place(document, flag));
    case Act::kRules: return SetRules(flag, values, document);
    case Act::kRemoveRules: return RemoveRules(flag, values, document);
    case Act::kTags: return SetTags(flag, values, Place(document, flag));
    case Act::kUnset: return Unset(kind, flag, values, document);
  }
  return OkStatus();
}

// Of a new resource; an owner is the caller's.
std::string WithoutIt(const Flag& flag) {
  const bool said = flag.field != nullptr && !flag.metadata && flag.act != Act::kUntruth;
  return said && !flag.field->otherwise.empty() ? fmt::format("; without: {}", flag.field->otherwise) : "";
}

bool Given(const FlagValues& values, const std::string& flag) { return values.find(flag) != values.end(); }

// They are laid in the order of the vocabulary, so what was typed last would not count.
Status CheckRivals(const std::vector<Flag>& flags, const FlagValues& values) {
  for (const Flag& flag : flags) {
    for (const Flag& other : flags) {
      if (!Given(values, flag.name) || !Given(values, other.name) || flag.field == nullptr) continue;
      const bool opposite = flag.act == Act::kUntruth && other.act == Act::kTruth && flag.field == other.field;
      const bool rival = other.field != nullptr && flag.field->rival == other.field->name;
      if (!opposite && !rival) continue;
      return WrongFlag(flag.name, "is given beside " + other.name,
                       rival ? std::string(flag.field->rivals) : "give one of the two");
    }
  }
  return OkStatus();
}

Status CheckUnset(const std::vector<Flag>& flags, const FlagValues& values) {
  const auto unset = values.find("--unset");
  if (unset == values.end()) return OkStatus();
  const std::vector<std::string> fields = Items(unset->second);
  for (const Flag& flag : flags) {
    // `rateLimit` for its burst, too.
    const std::string field = flag.path.substr(0, flag.path.find(' '));
    if (!Given(values, flag.name) || std::find(fields.begin(), fields.end(), field) == fields.end()) continue;
    return WrongFlag("--unset", fmt::format("{} is given beside {}", field, flag.name), "give one of the two");
  }
  return OkStatus();
}

}  // namespace

void AddResourceFlags(CLI::App& command, config::Kind kind, bool change, FlagValues& values) {
  for (const Flag& flag : FlagsOf(kind)) {
    if (flag.change_only && !change) continue;
    const std::string name = flag.name;
    const std::string help = change ? flag.help : flag.help + WithoutIt(flag);
    if (flag.act == Act::kTruth || flag.act == Act::kUntruth) {
      // As it was typed: CLI11 takes every number for true, and throws what is none.
      CLI::callback_t take = [&values, name](const CLI::results_t& words) {
        values[name] = words;
        return true;
      };
      command.add_option(name, std::move(take), help)
          ->expected(0)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
          ->group("Fields");
      continue;
    }
    command
        .add_option_function<std::vector<std::string>>(
            name, [&values, name](const std::vector<std::string>& words) { values[name] = words; }, help)
        ->type_name(flag.type)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(flag.act == Act::kSet ? CLI::MultiOptionPolicy::Throw : CLI::MultiOptionPolicy::TakeAll)
        ->group("Fields");
  }
}

Status LayFlags(config::Kind kind, const FlagValues& values, Json& document) {
  const std::vector<Flag> flags = FlagsOf(kind);
  HELIOSTAT_RETURN_IF_ERROR(CheckRivals(flags, values));
  HELIOSTAT_RETURN_IF_ERROR(CheckUnset(flags, values));
  for (const Flag& flag : flags) {
    const auto given = values.find(flag.name);
    if (given == values.end()) continue;
    EraseRivals(flags, flag, document);
    HELIOSTAT_RETURN_IF_ERROR(Lay(kind, flag, given->second, document));
  }
  return OkStatus();
}

std::string FlagOf(config::Kind kind, const FlagValues& values, const Status& error) {
  constexpr std::string_view kMissing = " is missing";
  const std::vector<Flag> flags = FlagsOf(kind);
  const std::string& subject = error.subject();
  if (error.reason().ends_with(kMissing)) {
    const std::string_view field = std::string_view(error.reason()).substr(0, error.reason().size() - kMissing.size());
    for (const Flag& flag : flags) {
      if (flag.path == field && !flag.metadata) return flag.name;
    }
  }
  const auto close = subject.rfind('"');
  if (close == std::string::npos) return {};
  std::string_view path = std::string_view(subject).substr(close + 1);
  path.remove_prefix(std::min(path.find_first_not_of(' '), path.size()));
  if (path.starts_with("metadata ")) path.remove_prefix(std::string_view("metadata ").size());
  const Flag* found = nullptr;
  for (const Flag& flag : flags) {
    const bool about =
        !flag.path.empty() && path.starts_with(flag.path) &&
        (path.size() == flag.path.size() || path[flag.path.size()] == ' ' || path[flag.path.size()] == '[');
    if (!about || !Given(values, flag.name)) continue;
    if (found == nullptr || flag.path.size() > found->path.size()) found = &flag;
  }
  const bool rule = path.starts_with("inbound") || path.starts_with("outbound");
  if (found == nullptr && rule && Given(values, "--rule")) return "--rule";
  return found == nullptr ? "" : found->name;
}

}  // namespace heliostat::helioctl
