#include "helioctl/yaml/rule_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "config/check.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kForm = "write it as `10 accept tcp 10.0.0.0/8 -> any:443`";

// What stands in front of the fields; named in the suggestion when somebody writes it as one.
constexpr std::array<std::string_view, 7> kPositions{"number",      "action",      "protocol",        "source",
                                                     "destination", "sourcePorts", "destinationPorts"};

Status Wrong(std::string_view text, std::string reason, std::string fix) {
  return Status(Code::kInvalidArgument, "rule " + config::Quoted(text), std::move(reason), std::move(fix));
}

// Words, and what is in double quotes as a part of a word.
std::optional<std::vector<std::string>> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  bool quoted = false;
  bool open = false;  // a word has begun
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
      if (!open) words.emplace_back();
      open = true;
    } else if (!quoted && (c == ' ' || c == '\t')) {
      open = false;
    } else {
      if (!open) words.emplace_back();
      open = true;
      words.back() += c;
    }
  }
  return quoted ? std::nullopt : std::optional(words);
}

std::optional<std::uint32_t> Number(std::string_view word) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool whole = !word.empty() && error == std::errc{} && end == word.data() + word.size();
  return whole && number >= 1 && number <= 65535 ? std::optional(number) : std::nullopt;
}

bool IsDirection(std::string_view word) { return word == "inbound" || word == "outbound"; }

struct End {
  std::string prefix;  // empty: any
  std::string ports;   // empty: any
};

// `any`, `PREFIX`, `:PORTS`, `PREFIX:PORTS`, `[IPV6]:PORTS`.
End ParseEnd(const std::string& word) {
  End end{word, {}};
  if (word.starts_with('[')) {
    const auto close = word.find(']');
    if (close == std::string::npos) return end;  // the YAML reader shows it as it is
    end.prefix = word.substr(1, close - 1);
    if (word.substr(close + 1).starts_with(':')) end.ports = word.substr(close + 2);
  } else if (std::count(word.begin(), word.end(), ':') == 1) {  // more of them: IPv6
    end.prefix = word.substr(0, word.find(':'));
    end.ports = word.substr(word.find(':') + 1);
  }
  if (end.prefix == "any" || end.prefix == "all") end.prefix.clear();
  return end;
}

// A value as it stands behind the `=`. Bits are read as bits.
std::string PlainText(const Json& value, std::string_view field) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) {
    return fmt::format("0x{:02x}/0x{:02x}", value["value"].get<std::uint32_t>(), value["mask"].get<std::uint32_t>());
  }
  if (!value.is_array())
    return field == "etherType" ? fmt::format("0x{:04x}", value.get<std::uint32_t>()) : value.dump();
  std::string items;
  for (const Json& item : value) items += (items.empty() ? "" : ",") + PlainText(item, field);
  return items;
}

std::string EndText(const Json& rule, const char* prefix, const char* ports) {
  std::string end = rule.contains(prefix) ? rule[prefix].get<std::string>() : "any";
  if (!rule.contains(ports)) return end;
  if (end.find(':') != std::string::npos) end = "[" + end + "]";
  return end + ":" + PlainText(rule[ports], ports);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<RuleText> Run() {
    auto words = SplitWords(text_);
    if (!words) return Wrong(text_, "a quote is not closed", "write description=\"...\"");
    words_ = std::move(*words);
    HELIOSTAT_RETURN_IF_ERROR(TakeHead());
    HELIOSTAT_RETURN_IF_ERROR(TakeMatch());
    for (; at_ < words_.size(); ++at_) HELIOSTAT_RETURN_IF_ERROR(TakeField(words_[at_]));
    return std::move(out_);
  }

 private:
  [[nodiscard]] const std::string& Word() const {
    static const std::string kNone;
    return at_ < words_.size() ? words_[at_] : kNone;
  }

  // [inbound|outbound] NUMBER ACTION; the direction may be tied to the number by a slash.
  Status TakeHead() {
    if (const auto slash = Word().find('/'); slash != std::string::npos && IsDirection(Word().substr(0, slash))) {
      const std::string word = Word();
      words_[at_] = word.substr(0, slash);
      words_.insert(words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, word.substr(slash + 1));
    }
    if (IsDirection(Word())) out_.direction = words_[at_++];
    const auto number = Number(Word());
    if (!number) {
      return Wrong(text_, Word().empty() ? "has no number" : config::Quoted(Word()) + " is no rule number",
                   "begin with a number 1..65535, smaller is first: `10 accept tcp`");
    }
    out_.number = *number;
    ++at_;
    if (Word() != "accept" && Word() != "reject") {
      return Wrong(text_, Word().empty() ? "has no action" : config::Quoted(Word()) + " is no action",
                   "write accept or reject behind the number");
    }
    out_.rule = {{"number", *number}, {"action", words_[at_++]}};
    return OkStatus();
  }

  // [PROTOCOL] [FROM -> TO]
  Status TakeMatch() {
    std::vector<std::string> before;
    std::vector<std::string> after;
    bool arrow = false;
    for (; at_ < words_.size() && words_[at_].find('=') == std::string::npos; ++at_) {
      if (words_[at_] == "->") {
        if (arrow) return Wrong(text_, "has two arrows", kForm);
        arrow = true;
      } else {
        (arrow ? after : before).push_back(words_[at_]);
      }
    }
    if (!arrow && before.size() >= 2) {  // both ends stand alone
      after.push_back(before.back());
      before.pop_back();
    } else if (arrow && after.empty()) {
      return Wrong(text_, "nothing is behind the arrow", "write where to, or any");
    }
    // `tcp 10.0.0.0/8`: is it where from, or where to?
    const bool one_end = !arrow && before.size() + after.size() == 2 && !IsEnd(before.front());
    if (one_end || (!arrow && before.size() == 1 && after.empty() && IsEnd(before.front()))) {
      const std::string& end = one_end ? after.front() : before.front();
      return Wrong(text_, config::Quoted(end) + " could be where from or where to",
                   fmt::format("write `{0} -> any` or `any -> {0}`", end));
    }
    if (before.size() > 2 || after.size() > 1) {
      return Wrong(text_, config::Quoted(after.size() > 1 ? after[1] : before[2]) + " was not expected", kForm);
    }
    SetMatch(before, after);
    return OkStatus();
  }

  static bool IsEnd(const std::string& word) {
    return word == "any" || word.find_first_of(".:/[") != std::string::npos;
  }

  void SetMatch(const std::vector<std::string>& before, const std::vector<std::string>& after) {
    // With one word in front of an arrow, that is where from; a protocol alone has neither arrow nor ends.
    const bool protocol = before.size() == 2 || (before.size() == 1 && !IsEnd(before.front()));
    if (protocol && before.front() != "any" && before.front() != "all") out_.rule["protocol"] = before.front();
    const End from = before.size() == (protocol ? 2U : 1U) ? ParseEnd(before.back()) : End{};
    const End to = after.empty() ? End{} : ParseEnd(after.front());
    if (!from.prefix.empty()) out_.rule["source"] = from.prefix;
    if (!to.prefix.empty()) out_.rule["destination"] = to.prefix;
    if (!from.ports.empty()) out_.rule["sourcePorts"] = from.ports;
    if (!to.ports.empty()) out_.rule["destinationPorts"] = to.ports;
  }

  Status TakeField(const std::string& word) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) {
      return Wrong(text_, config::Quoted(word) + " was not expected behind a field",
                   "write the fields last, as FIELD=VALUE; a text with spaces in quotes");
    }
    const std::string name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    const Field* field = FindFieldAsTyped(RuleFields(), name);
    const std::vector<std::string_view> known = RuleTextFields();
    if (field == nullptr) {
      return Wrong(text_, config::Quoted(name) + " is not a field", Suggestion(name, known, "fields are"));
    }
    if (std::find(known.begin(), known.end(), field->name) == known.end()) {
      return Wrong(text_, name + " is not written as a field", kForm);
    }
    return SetField(std::string(field->name), value);
  }

  Status SetField(const std::string& field, const std::string& value) {
    if (out_.rule.contains(field)) return Wrong(text_, field + " is given twice", "keep one of them");
    if (field == "vlanIds") {
      Json& ids = out_.rule[field] = Json::array();
      for (std::size_t at = 0; at <= value.size();) {
        const auto comma = std::min(value.find(',', at), value.size());
        ids.push_back(value.substr(at, comma - at));
        at = comma + 1;
      }
    } else if (field == "tcpFlags") {
      const auto slash = value.find('/');
      if (slash == std::string::npos) {
        return Wrong(text_, "tcpFlags has no mask", "write VALUE/MASK, such as tcpFlags=0x02/0x12: SYN without ACK");
      }
      out_.rule[field] = {{"value", value.substr(0, slash)}, {"mask", value.substr(slash + 1)}};
    } else {
      out_.rule[field] = value;
    }
    return OkStatus();
  }

  std::string_view text_;
  std::vector<std::string> words_;
  std::size_t at_ = 0;
  RuleText out_;
};

}  // namespace

std::vector<std::string_view> RuleTextFields() {
  std::vector<std::string_view> names = NamesOf(RuleFields());
  std::erase_if(names, [](std::string_view name) {
    return std::find(kPositions.begin(), kPositions.end(), name) != kPositions.end();
  });
  return names;
}

std::string FieldsText(const Json& rule) {
  std::string text;
  for (const std::string_view name : RuleTextFields()) {
    const std::string field(name);
    if (field == "description" || !rule.contains(field)) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", field, PlainText(rule[field], field));
  }
  return text;
}

std::string MatchText(const Json& rule) {
  std::string text = rule.contains("protocol") ? PlainText(rule["protocol"], "protocol") : std::string();
  const std::string fields = FieldsText(rule);
  const auto has = [&rule](const char* field) { return rule.contains(field); };
  const bool ends = has("source") || has("destination") || has("sourcePorts") || has("destinationPorts");
  if (ends || (text.empty() && fields.empty())) {
    text += fmt::format("{}{} -> {}", text.empty() ? "" : " ", EndText(rule, "source", "sourcePorts"),
                        EndText(rule, "destination", "destinationPorts"));
  }
  return text + (text.empty() || fields.empty() ? "" : " ") + fields;
}

Result<RuleText> ParseRule(std::string_view text) { return Parser(text).Run(); }

Result<RuleName> ParseRuleName(std::string_view text) {
  const auto slash = text.find('/');
  const auto number = slash == std::string_view::npos ? std::nullopt : Number(text.substr(slash + 1));
  if (!number || !IsDirection(text.substr(0, slash))) {
    return Wrong(text, "is not the name of a rule", "write DIRECTION/NUMBER: inbound/10");
  }
  return RuleName{std::string(text.substr(0, slash)), *number};
}

}  // namespace heliostat::helioctl
