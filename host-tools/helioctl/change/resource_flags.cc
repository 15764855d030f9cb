#include "helioctl/change/resource_flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string_view>

#include "config/check.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/yaml/rule_text.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

enum class Shape : std::uint8_t {
  kText,    // one value
  kList,    // the whole list, comma-separated or repeated
  kAdd,     // to a list
  kRemove,  // from a list
  kTruth,   // --flag, --flag=false
  kRules,
  kRemoveRules,
  kTags,
  kUnset,
};

struct Flag {
  const char* name;
  const char* field;  // in spec, or in a mapping of it: `rateLimit burst`; of metadata with a dot in front
  Shape shape;
  const char* type;
  const char* help;
  bool change_only = false;
};

constexpr std::array<Flag, 4> kMetadataFlags{{
    {"--description", ".description", Shape::kText, "TEXT", "one line for people"},
    {"--owner", ".owner", Shape::kText, "OWNER", "whose it is; without: the caller's"},
    {"--tag", ".tags", Shape::kTags, "KEY=VALUE", "a tag; KEY- takes one away"},
    {"--unset", "", Shape::kUnset, "FIELD", "back to the default: percent, rateLimit, ...", true},
}};

constexpr std::array<Flag, 4> kInterfaceFlags{{
    {"--excluded", "excluded", Shape::kText, "FILTER", "what it accepts, no session mirrors there"},
    {"--owner", ".owner", Shape::kText, "OWNER", "who may mirror it; only an admin says"},
    {"--tag", ".tags", Shape::kTags, "KEY=VALUE", "a tag; KEY- takes one away"},
    {"--unset", "", Shape::kUnset, "FIELD", "owner, tags or excluded: back to none", true},
}};

constexpr std::array<Flag, 13> kTargetFlags{{
    {"--remote", "remote", Shape::kText, "ADDRESS", "where copies go"},
    {"--encapsulation", "encapsulation", Shape::kText, "vxlan|erspan1|erspan2|erspan3|geneve|vlan|none",
     "without: by what else is given"},
    {"--interface", "interface", Shape::kText, "INTERFACE", "the interface that copies leave by"},
    {"--vlan-id", "vlanId", Shape::kText, "ID", "their outer 802.1Q tag"},
    {"--mtu", "mtu", Shape::kText, "BYTES", "of the outer IP packet"},
    {"--dscp", "dscp", Shape::kText, "0..63", "of the outer IP packet"},
    {"--ttl", "ttl", Shape::kText, "1..255", "of the outer IP packet"},
    {"--udp-checksum", "udpChecksum", Shape::kTruth, "", "vxlan, geneve: compute it"},
    {"--platform-subheader", "platformSubheader", Shape::kTruth, "", "erspan3: nanoseconds"},
    {"--shared-with", "sharedWith", Shape::kList, "OWNER,...", "who else may use it"},
    {"--member", "members", Shape::kList, "TARGET,...", "a group: who shares the load"},
    {"--add-member", "members", Shape::kAdd, "TARGET,...", "one more", true},
    {"--remove-member", "members", Shape::kRemove, "TARGET,...", "one less", true},
}};

constexpr std::array<Flag, 5> kFilterFlags{{
    {"--service", "services", Shape::kList, "dns|dhcp|ntp|arp|metadata|activation,...", "what hosts need to work"},
    {"--inbound", "inbound", Shape::kRules, "RULE", "a rule, such as \"10 accept tcp any -> any:443\""},
    {"--outbound", "outbound", Shape::kRules, "RULE", "the same for the other direction"},
    {"--rule", "", Shape::kRules, "RULE", "a rule with its direction: \"inbound 10 accept tcp\""},
    {"--remove-rule", "", Shape::kRemoveRules, "RULE", "by its name: inbound/10", true},
}};

constexpr std::array<Flag, 19> kSessionFlags{{
    {"--number", "number", Shape::kText, "1..32766", "smaller is tried first"},
    {"--tier", "tier", Shape::kText, "0..3", "each tier is judged by itself"},
    {"--source", "sources", Shape::kList, "INTERFACE,...", "the interfaces to mirror"},
    {"--add-source", "sources", Shape::kAdd, "INTERFACE,...", "one more", true},
    {"--remove-source", "sources", Shape::kRemove, "INTERFACE,...", "one less", true},
    {"--filter", "filter", Shape::kText, "FILTER", "what is copied"},
    {"--target", "target", Shape::kText, "TARGET", "where copies go"},
    {"--enabled", "enabled", Shape::kTruth, "", "--enabled=false makes none for now"},
    {"--direction", "direction", Shape::kText, "all|inbound|outbound", "as the source sees it"},
    {"--vni", "vni", Shape::kText, "ID", "vxlan, geneve; without: the card picks one"},
    {"--session-id", "sessionId", Shape::kText, "ID", "erspan2, erspan3; without: the card picks one"},
    {"--packet-length", "packetLength", Shape::kText, "BYTES", "at most the first so many of each frame"},
    {"--percent", "percent", Shape::kText, "0..100", "how much is copied"},
    {"--sampling", "sampling", Shape::kText, "packets|flows", "what percent is of"},
    {"--packets-per-second", "rateLimit packetsPerSecond", Shape::kText, "NUMBER", "at most so many copies"},
    {"--bits-per-second", "rateLimit bitsPerSecond", Shape::kText, "NUMBER", "at most so much"},
    {"--burst", "rateLimit burst", Shape::kText, "NUMBER", "packets or bits at once"},
    {"--forwarded-only", "forwardedOnly", Shape::kTruth, "", "leave out what forwarding discards"},
    {"--disabled", "enabled", Shape::kTruth, "", "make none for now"},
}};

std::span<const Flag> SpecFlags(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kTarget: return kTargetFlags;
    case ResourceKind::kFilter: return kFilterFlags;
    case ResourceKind::kSession: return kSessionFlags;
    default: return {};
  }
}

std::vector<Flag> FlagsOf(ResourceKind kind) {
  if (kind == ResourceKind::kInterface) return {kInterfaceFlags.begin(), kInterfaceFlags.end()};
  std::vector<Flag> flags(SpecFlags(kind).begin(), SpecFlags(kind).end());
  flags.insert(flags.end(), kMetadataFlags.begin(), kMetadataFlags.end());
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

// The place of a field, made when it is not there.
Json& Place(Json& document, std::string_view field) {
  if (field.starts_with('.')) return document["metadata"][std::string(field.substr(1))];
  Json& spec = document["spec"];
  const auto space = field.find(' ');
  if (space == std::string_view::npos) return spec[std::string(field)];
  return spec[std::string(field.substr(0, space))][std::string(field.substr(space + 1))];
}

Status SetList(const Flag& flag, const std::vector<std::string>& values, Json& list) {
  const std::vector<std::string> items = Items(values);
  if (flag.shape == Shape::kList) {
    list = Strings(items);
    return OkStatus();
  }
  if (!list.is_array()) list = Json::array();
  for (const std::string& item : items) {
    const auto found = std::find(list.begin(), list.end(), item);
    if (flag.shape == Shape::kAdd && found == list.end()) list.push_back(item);
    if (flag.shape != Shape::kRemove) continue;
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
    const std::string own = flag.field;
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

// What --unset calls it: `rateLimit` for its burst, too. Empty: rules by their direction.
std::string_view FieldOf(const Flag& flag) {
  std::string_view field = flag.field;
  if (field.starts_with('.')) field.remove_prefix(1);
  return field.substr(0, field.find(' '));
}

Status Unset(ResourceKind kind, const Flag& flag, const std::vector<std::string>& values, Json& document) {
  std::vector<std::string_view> known;
  for (const Flag& other : FlagsOf(kind)) {
    if (!FieldOf(other).empty()) known.push_back(FieldOf(other));
  }
  for (const std::string& value : Items(values)) {
    if (std::find(known.begin(), known.end(), value) == known.end()) {
      std::sort(known.begin(), known.end());
      known.erase(std::unique(known.begin(), known.end()), known.end());
      return WrongFlag(flag.name, config::Quoted(value) + " is not a field here",
                       Suggestion(value, known, "fields are"));
    }
    for (const char* part : {"spec", "metadata"}) {
      if (document.contains(part)) document[part].erase(value);
    }
  }
  return OkStatus();
}

// What was given for one tunnel ID or one rate takes the place of the other.
void EraseRival(const Flag& flag, Json& document) {
  if (!document.contains("spec")) return;
  const std::string_view field = flag.field;
  Json& spec = document["spec"];
  if (field == "vni") spec.erase("sessionId");
  if (field == "sessionId") spec.erase("vni");
  const bool packets = field == "rateLimit packetsPerSecond";
  if (!spec.contains("rateLimit") || (!packets && field != "rateLimit bitsPerSecond")) return;
  // A burst is so many of what the rate counts.
  Json& limit = spec["rateLimit"];
  if (limit.erase(packets ? "bitsPerSecond" : "packetsPerSecond") > 0) limit.erase("burst");
}

Status Lay(ResourceKind kind, const Flag& flag, const std::vector<std::string>& values, Json& document) {
  switch (flag.shape) {
    case Shape::kText: {
      Place(document, flag.field) = values.back();
      return OkStatus();
    }
    case Shape::kTruth: {
      std::string value = values.back();
      // --disabled is --enabled=false.
      if (std::string_view(flag.name) == "--disabled")
        value = value == "true" ? "false" : value == "false" ? "true" : value;
      Place(document, flag.field) = value;
      return OkStatus();
    }
    case Shape::kList:
    case Shape::kAdd:
    case Shape::kRemove: return SetList(flag, values, Place(document, flag.field));
    case Shape::kRules: return SetRules(flag, values, document);
    case Shape::kRemoveRules: return RemoveRules(flag, values, document);
    case Shape::kTags: return SetTags(flag, values, Place(document, flag.field));
    case Shape::kUnset: return Unset(kind, flag, values, document);
  }
  return OkStatus();
}

bool Given(const FlagValues& values, const std::string& flag) { return values.find(flag) != values.end(); }

struct Conflict {
  const char* first;
  const char* second;
  const char* fix;
};
constexpr std::array<Conflict, 3> kConflicts{{
    {"--packets-per-second", "--bits-per-second", "a session limits packets or bits: give one of the two"},
    {"--vni", "--session-id", "keep --vni for vxlan and geneve, --session-id for erspan2 and erspan3"},
    {"--enabled", "--disabled", "give one of the two"},
}};

// They are laid in the order of the tables above, so what was typed last would not count.
Status CheckConflicts(ResourceKind kind, const FlagValues& values) {
  for (const Conflict& conflict : kConflicts) {
    if (!Given(values, conflict.first) || !Given(values, conflict.second)) continue;
    return WrongFlag(conflict.second, std::string("is given beside ") + conflict.first, conflict.fix);
  }
  const auto unset = values.find("--unset");
  if (unset == values.end()) return OkStatus();
  const std::vector<std::string> fields = Items(unset->second);
  for (const Flag& flag : FlagsOf(kind)) {
    if (!Given(values, flag.name) || FieldOf(flag).empty()) continue;
    if (std::find(fields.begin(), fields.end(), FieldOf(flag)) == fields.end()) continue;
    return WrongFlag("--unset", fmt::format("{} is given beside {}", FieldOf(flag), flag.name), "give one of the two");
  }
  return OkStatus();
}

}  // namespace

void AddResourceFlags(CLI::App& command, ResourceKind kind, bool change, FlagValues& values) {
  for (const Flag& flag : FlagsOf(kind)) {
    if (flag.change_only && !change) continue;
    const std::string name = flag.name;
    if (flag.shape == Shape::kTruth) {
      // As it was typed: CLI11 takes every number for true, and throws what is none.
      CLI::callback_t take = [&values, name](const CLI::results_t& words) {
        values[name] = words;
        return true;
      };
      command.add_option(name, std::move(take), flag.help)
          ->expected(0)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
          ->group("Fields");
      continue;
    }
    command
        .add_option_function<std::vector<std::string>>(
            name, [&values, name](const std::vector<std::string>& words) { values[name] = words; }, flag.help)
        ->type_name(flag.type)
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(flag.shape == Shape::kText ? CLI::MultiOptionPolicy::Throw
                                                         : CLI::MultiOptionPolicy::TakeAll)
        ->group("Fields");
  }
}

Status LayFlags(ResourceKind kind, const FlagValues& values, Json& document) {
  HELIOSTAT_RETURN_IF_ERROR(CheckConflicts(kind, values));
  for (const Flag& flag : FlagsOf(kind)) {
    const auto given = values.find(flag.name);
    if (given == values.end()) continue;
    EraseRival(flag, document);
    HELIOSTAT_RETURN_IF_ERROR(Lay(kind, flag, given->second, document));
  }
  return OkStatus();
}

std::string FlagOf(ResourceKind kind, const FlagValues& values, const Status& error) {
  constexpr std::string_view kMissing = " is missing";
  const std::string& subject = error.subject();
  if (error.reason().ends_with(kMissing)) {
    const std::string_view field = std::string_view(error.reason()).substr(0, error.reason().size() - kMissing.size());
    for (const Flag& flag : SpecFlags(kind)) {
      if (flag.field == field) return flag.name;
    }
  }
  const auto close = subject.rfind('"');
  if (close == std::string::npos) return {};
  std::string_view path = std::string_view(subject).substr(close + 1);
  path.remove_prefix(std::min(path.find_first_not_of(' '), path.size()));
  if (path.starts_with("metadata ")) path.remove_prefix(std::string_view("metadata ").size());
  std::string found;
  std::size_t longest = 0;
  for (const Flag& flag : FlagsOf(kind)) {
    std::string_view field = flag.field;
    if (field.starts_with('.')) field.remove_prefix(1);
    const bool about = !field.empty() && path.starts_with(field) &&
                       (path.size() == field.size() || path[field.size()] == ' ' || path[field.size()] == '[');
    if (!about || !Given(values, flag.name) || field.size() <= longest) continue;
    longest = field.size();
    found = flag.name;
  }
  const bool rule = path.starts_with("inbound") || path.starts_with("outbound");
  if (found.empty() && rule && Given(values, "--rule")) return "--rule";
  return found;
}

}  // namespace heliostat::helioctl
