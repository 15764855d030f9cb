// Typed reading of YAML: every reader answers with a value, or adds a Problem that names file, line, column, field
// path, reason and fix, and answers nothing. So one pass finds all the errors of a file.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "helioctl/cli/problem.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {

// The file being read, and where its problems go. Outlives every Value and Mapping made from it.
struct YamlSource {
  std::string file;
  std::vector<Problem>* problems;
};

struct NumberRange {
  std::uint32_t first;
  std::uint32_t last;  // included
};

struct MacAndMask {
  MacAddress address;
  std::optional<MacAddress> mask;
};

enum class HostBits : std::uint8_t { kForbidden, kAllowed };

// One node and the path by which errors call it, e.g. `session "web" spec rateLimit burst`.
class Value {
 public:
  Value(const YamlSource* source, YAML::Node node, std::string path);

  [[nodiscard]] const YAML::Node& node() const { return node_; }
  [[nodiscard]] const YamlSource* source() const { return source_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Place place() const;
  void Report(std::string reason, std::string fix) const;

  // A scalar's text as written; what the reader `wants` names it in the error. Not bounded in length.
  [[nodiscard]] std::optional<std::string> Scalar(std::string_view wants) const;
  [[nodiscard]] std::optional<std::string> Text(std::size_t max_bytes) const;
  // 1..63 of letters, digits, '.', '_', '-'; first and last a letter or digit.
  [[nodiscard]] std::optional<std::string> Name() const;
  // Decimal or 0x hexadecimal; no sign, no leading zero (which YAML 1.1 reads as octal).
  [[nodiscard]] std::optional<std::uint64_t> Integer(std::uint64_t min, std::uint64_t max) const;
  // A number or "first-last".
  [[nodiscard]] std::optional<NumberRange> Range(std::uint32_t max) const;
  // 0..100 with at most two decimals, as hundredths: exact, never through a float.
  [[nodiscard]] std::optional<std::uint32_t> PercentHundredths() const;
  [[nodiscard]] std::optional<bool> Boolean() const;
  [[nodiscard]] std::optional<int> OneOf(std::span<const Word> words) const;
  [[nodiscard]] std::optional<IpAddress> Address() const;
  [[nodiscard]] std::optional<IpPrefix> Prefix(HostBits host_bits) const;
  [[nodiscard]] std::optional<MacAddress> Mac() const;
  [[nodiscard]] std::optional<MacAndMask> MacMatch() const;
  // The items, named `path[0]`...; a list longer than `max_items` is a problem and gives none.
  [[nodiscard]] std::vector<Value> List(std::size_t max_items) const;

 private:
  [[nodiscard]] std::string_view Shape() const;

  const YamlSource* source_;
  YAML::Node node_;
  std::string path_;
};

// A mapping with a closed set of fields. Making one reports unknown and repeated fields.
class Mapping {
 public:
  Mapping(Value value, std::span<const std::string_view> fields);
  Mapping(Value value, std::span<const Field> fields) : Mapping(std::move(value), NamesOf(fields)) {}

  [[nodiscard]] const Value& value() const { return value_; }
  [[nodiscard]] bool Has(std::string_view field) const { return FindNode(field) != nullptr; }
  [[nodiscard]] std::optional<Value> Find(std::string_view field) const;
  // As Find, but absence is a problem.
  [[nodiscard]] std::optional<Value> Require(std::string_view field, std::string_view fix) const;
  void ReportUnknown(const YAML::Node& key, std::string reason, std::string fix) const;
  // Points at the key of a field that is there.
  void ReportField(std::string_view field, std::string reason, std::string fix) const;

 private:
  struct Entry {
    YAML::Node key;
    YAML::Node value;
  };
  [[nodiscard]] const Entry* FindNode(std::string_view field) const;
  void Add(const YAML::Node& key, const YAML::Node& node, std::span<const std::string_view> fields);

  Value value_;
  std::vector<Entry> entries_;
};

// Network order, 4 or 16 bytes, as the wire contract wants it.
std::string AddressBytes(const IpAddress& address);
std::string MacBytes(const MacAddress& mac);
// And back. Of another length: none, and zeros.
IpAddress AddressOf(const std::string& bytes);
MacAddress MacOf(const std::string& bytes);

}  // namespace heliostat::helioctl
