#include "helioctl/yaml/yaml_value.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "config/check.h"
#include "helioctl/cli/spelling.h"

namespace heliostat::helioctl {
namespace {

using config::Quoted;

constexpr std::size_t kLongestQuote = 60;

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool AllDigits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit); }

std::optional<std::uint64_t> ParseInteger(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  } else if (text.size() > 1 && text[0] == '0') {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string RangeText(std::uint64_t min, std::uint64_t max) { return std::to_string(min) + ".." + std::to_string(max); }

IpPrefix WithoutHostBits(IpPrefix prefix) {
  for (unsigned bit = prefix.length; bit < prefix.address.Bits(); ++bit) {
    prefix.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return prefix;
}

}  // namespace

Value::Value(const YamlSource* source, YAML::Node node, std::string path)
    : source_(source), node_(std::move(node)), path_(std::move(path)) {}

Place Value::place() const {
  const YAML::Mark mark = node_.Mark();
  if (mark.is_null()) return {source_->file, 0, 0};
  return {source_->file, mark.line + 1, mark.column + 1};
}

void Value::Report(std::string reason, std::string fix) const {
  source_->problems->push_back({place(), Status(Code::kInvalidArgument, path_, std::move(reason), std::move(fix))});
}

std::string_view Value::Shape() const {
  switch (node_.Type()) {
    case YAML::NodeType::Sequence: return "a list";
    case YAML::NodeType::Map: return "a mapping";
    case YAML::NodeType::Scalar: return "a single value";
    default: return "empty";
  }
}

std::optional<std::string> Value::Scalar(std::string_view wants) const {
  if (node_.IsScalar()) return node_.Scalar();
  Report("is " + std::string(Shape()), "give " + std::string(wants));
  return std::nullopt;
}

std::optional<std::string> Value::Text(std::size_t max_bytes) const {
  auto text = Scalar("a text");
  if (!text) return std::nullopt;
  if (text->size() > max_bytes) {
    Report("is " + std::to_string(text->size()) + " bytes long", "give at most " + std::to_string(max_bytes));
    return std::nullopt;
  }
  if (std::any_of(text->begin(), text->end(), IsControl)) {
    Report("has a control character or a line break in it", "use plain text in one line");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> Value::Name() const {
  auto name = Scalar("a name");
  if (!name) return std::nullopt;
  if (!config::IsName(*name)) {
    Report(Quoted(*name) + " is not a name",
           "give 1..63 of a-z, A-Z, 0-9, '.', '_' and '-', the first and last a letter or digit");
    return std::nullopt;
  }
  return name;
}

std::optional<std::uint64_t> Value::Integer(std::uint64_t min, std::uint64_t max) const {
  const std::string wanted = "a whole number " + RangeText(min, max);
  const auto text = Scalar(wanted);
  if (!text) return std::nullopt;
  const auto number = ParseInteger(*text);
  if (!number) {
    const bool octal = AllDigits(*text) && text->size() > 1 && text->front() == '0';
    const std::string reason = octal              ? " could be meant as octal"
                               : AllDigits(*text) ? " is out of range"
                                                  : " is not a whole number";
    Report(Quoted(*text) + reason,
           octal ? "write 0x in front of a hexadecimal number, a decimal one without leading zeros" : "give " + wanted);
    return std::nullopt;
  }
  if (*number < min || *number > max) {
    Report(*text + " is out of range", "give " + RangeText(min, max));
    return std::nullopt;
  }
  return number;
}

std::optional<NumberRange> Value::Range(std::uint32_t max) const {
  const std::string wanted = "a number 0.." + std::to_string(max) + " or a range such as \"100-200\"";
  const auto text = Scalar(wanted);
  if (!text) return std::nullopt;
  const auto dash = text->find('-');
  const auto first = ParseInteger(text->substr(0, dash));
  const auto last = dash == std::string::npos ? first : ParseInteger(text->substr(dash + 1));
  if (!first || !last) {
    Report(Quoted(*text) + " is neither a number nor a range", "give " + wanted);
    return std::nullopt;
  }
  if (*first > max || *last > max) {
    Report(*text + " is out of range", "give 0.." + std::to_string(max));
    return std::nullopt;
  }
  if (*first > *last) {
    Report("the range " + *text + " runs backwards",
           "did you mean \"" + std::to_string(*last) + "-" + std::to_string(*first) + "\"?");
    return std::nullopt;
  }
  return NumberRange{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

std::optional<std::uint32_t> Value::PercentHundredths() const {
  constexpr std::string_view kWanted = "a number 0..100 with at most two decimals, such as 30.25";
  const auto text = Scalar(kWanted);
  if (!text) return std::nullopt;
  const auto dot = text->find('.');
  const std::string whole = text->substr(0, dot);
  std::string decimals = dot == std::string::npos ? "0" : text->substr(dot + 1);
  const bool number = AllDigits(whole) && AllDigits(decimals);
  while (decimals.size() > 1 && decimals.back() == '0') decimals.pop_back();
  if (!number || decimals.size() > 2) {
    Report(Quoted(*text) + (number ? " is finer than a hundredth" : " is not a percentage"),
           "give " + std::string(kWanted));
    return std::nullopt;
  }
  decimals.resize(2, '0');
  const std::size_t first_digit = std::min(whole.find_first_not_of('0'), whole.size() - 1);
  const auto hundredths = ParseInteger(whole.substr(first_digit)).value_or(101) <= 100
                              ? std::stoul(whole.substr(first_digit)) * 100 + std::stoul(decimals)
                              : 10001;
  if (hundredths > 10000) {
    Report(Quoted(*text) + " is out of range", "give " + std::string(kWanted));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(hundredths);
}

std::optional<bool> Value::Boolean() const {
  const auto text = Scalar("true or false");
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  Report(Quoted(*text) + " is not a truth value", "give true or false");
  return std::nullopt;
}

std::optional<int> Value::OneOf(std::span<const Word> words) const {
  const std::vector<std::string_view> names = NamesOf(words);
  const auto text = Scalar(Alternatives(names));
  if (!text) return std::nullopt;
  for (const Word& word : words) {
    if (word.name == *text) return word.value;
  }
  Report(Quoted(*text) + " is not known here", Suggestion(*text, names, "give"));
  return std::nullopt;
}

std::optional<IpAddress> Value::Address() const {
  const auto text = Scalar("an IPv4 or IPv6 address");
  if (!text) return std::nullopt;
  auto address = IpAddress::Parse(*text);
  if (!address) {
    const bool prefix = IpPrefix::Parse(*text).has_value();
    Report(Quoted(*text) + " is not an IP address",
           prefix ? "leave out the prefix length" : "give one such as 10.9.0.2 or \"fd00:9::2\"");
  }
  return address;
}

std::optional<IpPrefix> Value::Prefix(HostBits host_bits) const {
  const auto text = Scalar("a prefix such as 10.0.0.0/8");
  if (!text) return std::nullopt;
  const auto prefix = IpPrefix::Parse(*text);
  if (!prefix) {
    Report(Quoted(*text) + " is not an IP prefix", "give one such as 10.0.0.0/8 or \"2001:db8::/32\"");
    return std::nullopt;
  }
  if (host_bits == HostBits::kForbidden && prefix->HasHostBits()) {
    Report(Quoted(*text) + " has bits set past the prefix length",
           "did you mean " + WithoutHostBits(*prefix).ToString() + "?");
    return std::nullopt;
  }
  if (host_bits == HostBits::kAllowed && text->find('/') == std::string::npos) {
    Report(Quoted(*text) + " has no prefix length",
           "give the network's, such as " + *text + (prefix->address.family == IpFamily::kIpv4 ? "/24" : "/64"));
    return std::nullopt;
  }
  return prefix;
}

std::optional<MacAddress> Value::Mac() const {
  const auto text = Scalar("a MAC address");
  if (!text) return std::nullopt;
  auto mac = MacAddress::Parse(*text);
  if (!mac) Report(Quoted(*text) + " is not a MAC address", "give one such as \"02:00:00:00:00:02\"");
  return mac;
}

std::optional<MacAndMask> Value::MacMatch() const {
  const auto text = Scalar("a MAC address, or address/mask");
  if (!text) return std::nullopt;
  const auto slash = text->find('/');
  const auto address = MacAddress::Parse(text->substr(0, slash));
  const auto mask = slash == std::string::npos ? std::nullopt : MacAddress::Parse(text->substr(slash + 1));
  if (!address || (slash != std::string::npos && !mask)) {
    Report(Quoted(*text) + " is not a MAC address with an optional mask",
           "give one such as \"02:00:00:00:00:01\" or \"02:00:00:00:00:00/ff:00:00:00:00:00\"");
    return std::nullopt;
  }
  return MacAndMask{*address, mask};
}

std::vector<Value> Value::List(std::size_t max_items) const {
  if (!node_.IsSequence()) {
    Report("is " + std::string(Shape()),
           node_.IsScalar() ? "write [" + node_.Scalar().substr(0, kLongestQuote) + "]" : "give a list");
    return {};
  }
  if (node_.size() > max_items) {
    Report("has " + std::to_string(node_.size()) + " items", "give at most " + std::to_string(max_items));
    return {};
  }
  std::vector<Value> items;
  items.reserve(node_.size());
  for (const YAML::Node& item : node_) {
    items.emplace_back(source_, item, path_ + "[" + std::to_string(items.size()) + "]");
  }
  return items;
}

Mapping::Mapping(Value value, std::span<const std::string_view> fields) : value_(std::move(value)) {
  if (!value_.node().IsMap()) {
    value_.Report(value_.node().IsNull() ? "is empty" : "is not a mapping", "give fields: " + Alternatives(fields));
    return;
  }
  for (const auto& entry : value_.node()) Add(entry.first, entry.second, fields);
}

void Mapping::Add(const YAML::Node& key, const YAML::Node& node, std::span<const std::string_view> fields) {
  if (!key.IsScalar()) {
    ReportUnknown(key, "has a key that is not a field's name", "fields here are " + Alternatives(fields));
    return;
  }
  const std::string& name = key.Scalar();
  const Entry* earlier = FindNode(name);
  if (earlier != nullptr) {
    const bool document = std::find(fields.begin(), fields.end(), "apiVersion") != fields.end();
    ReportUnknown(key, "is given twice, first on line " + std::to_string(earlier->key.Mark().line + 1),
                  document ? "separate resources by a line with ---" : "keep one of them");
    return;
  }
  if (std::find(fields.begin(), fields.end(), name) == fields.end()) {
    ReportUnknown(key, "is not a field here", Suggestion(name, fields, "fields here are"));
    return;
  }
  entries_.push_back({key, node});
}

const Mapping::Entry* Mapping::FindNode(std::string_view field) const {
  for (const Entry& entry : entries_) {
    if (entry.key.Scalar() == field) return &entry;
  }
  return nullptr;
}

std::optional<Value> Mapping::Find(std::string_view field) const {
  const Entry* entry = FindNode(field);
  if (entry == nullptr) return std::nullopt;
  return Value(value_.source(), entry->value, value_.path() + " " + std::string(field));
}

std::optional<Value> Mapping::Require(std::string_view field, std::string_view fix) const {
  auto found = Find(field);
  // When the mapping itself was no mapping, that has been said.
  if (!found && value_.node().IsMap()) {
    value_.Report(std::string(field) + " is missing", std::string(fix));
  }
  return found;
}

void Mapping::ReportUnknown(const YAML::Node& key, std::string reason, std::string fix) const {
  const std::string name = key.IsScalar() ? " " + key.Scalar().substr(0, kLongestQuote) : "";
  Value(value_.source(), key, value_.path() + name).Report(std::move(reason), std::move(fix));
}

void Mapping::ReportField(std::string_view field, std::string reason, std::string fix) const {
  if (const Entry* entry = FindNode(field)) ReportUnknown(entry->key, std::move(reason), std::move(fix));
}

std::string AddressBytes(const IpAddress& address) {
  return {reinterpret_cast<const char*>(address.bytes.data()), address.Bits() / 8};
}

std::string MacBytes(const MacAddress& mac) {
  return {reinterpret_cast<const char*>(mac.bytes.data()), mac.bytes.size()};
}

IpAddress AddressOf(const std::string& bytes) {
  IpAddress address;
  if (bytes.size() != 4 && bytes.size() != 16) return address;
  address.family = bytes.size() == 4 ? IpFamily::kIpv4 : IpFamily::kIpv6;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

MacAddress MacOf(const std::string& bytes) {
  MacAddress mac;
  if (bytes.size() == mac.bytes.size()) std::copy(bytes.begin(), bytes.end(), mac.bytes.begin());
  return mac;
}

}  // namespace heliostat::helioctl
