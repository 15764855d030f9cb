#include "helioctl/cli/yaml_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/address.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kWidestLine = 100;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// YAML 1.1 reads these as something else, in any letter case.
bool IsReserved(std::string_view text) {
  static constexpr std::array<std::string_view, 9> kWords{"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

// `10.9.0.2`, `10.0.0.0/8`: digits in front, but no number, date or time to anyone.
bool IsIpv4(std::string_view text) {
  const auto prefix = IpPrefix::Parse(text);
  return prefix && prefix->address.family == IpFamily::kIpv4;
}

bool IsPlain(std::string_view text) {
  if (text.empty() || text.back() == ' ' || IsReserved(text)) return false;
  if (IsDigit(text.front())) return IsIpv4(text);
  if (!IsLetter(text.front())) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return IsDigit(c) || IsLetter(c) || std::string_view(" ._-/+()").find(c) != std::string_view::npos;
  });
}

// The escape of a character that YAML does not print or takes for a line break, at the front of `rest`; `bytes` long in
// UTF-8. Empty: it is written as it is.
std::string EscapeOf(std::string_view rest, std::size_t& bytes) {
  const auto byte = [&rest](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U; };
  bytes = 3;
  if (rest.starts_with("\xe2\x80\xa8")) return "\\L";
  if (rest.starts_with("\xe2\x80\xa9")) return "\\P";
  if (rest.starts_with("\xef\xbb\xbf")) return "\\uFEFF";
  bytes = 2;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return fmt::format("\\x{:02x}", byte(1));
  bytes = 1;
  if (byte(0) < 0x20 || byte(0) == 0x7f) return fmt::format("\\x{:02x}", byte(0));
  return byte(0) == '"' || byte(0) == '\\' ? std::string("\\") + rest.front() : "";
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    std::size_t bytes = 1;
    const std::string escape = EscapeOf(text, bytes);
    quoted += escape.empty() ? std::string(1, text.front()) : escape;
    text.remove_prefix(escape.empty() ? 1 : bytes);
  }
  return quoted + "\"";
}

std::string Flow(const Json& value, std::string_view key);

// Bits are read as bits.
std::string Number(const Json& value, std::string_view key) {
  const bool bits = key == "etherType" || key == "value" || key == "mask";
  if (!bits || !value.is_number_unsigned()) return value.dump();
  return fmt::format("0x{:0{}x}", value.get<std::uint64_t>(), key == "etherType" ? 4 : 2);
}

std::string FlowList(const Json& list, std::string_view key) {
  std::string text = "[";
  for (const Json& item : list) text += (text.size() > 1 ? ", " : "") + Flow(item, key);
  return text + "]";
}

std::string FlowMapping(const Json& mapping) {
  std::string text = "{";
  for (const auto& [key, value] : mapping.items()) {
    text += (text.size() > 1 ? ", " : "") + YamlScalar(key) + ": " + Flow(value, key);
  }
  return text + "}";
}

std::string Flow(const Json& value, std::string_view key) {
  if (value.is_array()) return FlowList(value, key);
  if (value.is_object()) return FlowMapping(value);
  return value.is_string() ? YamlScalar(value.get_ref<const std::string&>()) : Number(value, key);
}

void AppendMapping(const Json& mapping, std::size_t indent, std::string& out);

void AppendField(const std::string& key, const Json& value, std::size_t indent, std::string& out) {
  out.append(indent, ' ');
  out += YamlScalar(key) + ":";
  if (value.is_object() && !value.empty()) {
    out += "\n";
    AppendMapping(value, indent + 2, out);
    return;
  }
  const bool scalars = std::none_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); });
  if (value.is_array() && !value.empty() &&
      (!scalars || indent + key.size() + 2 + FlowList(value, key).size() > kWidestLine)) {
    out += "\n";
    for (const Json& item : value) {
      out.append(indent + 2, ' ');
      out += "- " + Flow(item, key) + "\n";
    }
    return;
  }
  out += " " + Flow(value, key) + "\n";
}

void AppendMapping(const Json& mapping, std::size_t indent, std::string& out) {
  for (const auto& [key, value] : mapping.items()) AppendField(key, value, indent, out);
}

}  // namespace

std::string YamlScalar(std::string_view text) { return IsPlain(text) ? std::string(text) : Quote(text); }

std::string DocumentYaml(const Json& document) {
  std::string out;
  AppendMapping(document, 0, out);
  return out;
}

}  // namespace heliostat::helioctl
