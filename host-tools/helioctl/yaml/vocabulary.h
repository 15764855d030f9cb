// Every field that a configuration in YAML may have: what it is called, what may stand in it, what it means. Reading,
// writing, options of the command line, errors, completion, `explain`, the schema and the manual page all go by these
// tables, so that a new field is a new line here.
#pragma once

#include <control.pb.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/difference.h"

namespace heliostat::helioctl {

// What one value is. A field with `most_items` is a list of them.
enum class Shape : std::uint8_t {
  kText,           // one line of at most `most` bytes
  kName,           // of a resource
  kNumber,         // least..most
  kNumberOrWord,   // the same, or one of `words`
  kRange,          // a number 0..most, or two of them: 1000-2000
  kRangeOrWord,    // the same, or one of `words`
  kPercent,        // 0..100 in steps of 0.01
  kTruth,          // true, false
  kWord,           // one of `words`
  kAddress,        // IPv4 or IPv6
  kPrefix,         // of a network: no bits behind its length
  kTunnelAddress,  // an address with the length of its network's prefix
  kMac,            // a MAC address
  kMacMatch,       // the same, or address/mask
  kMapping,        // of `fields`
  kTags,           // of texts to texts
  kRules,          // a list of rules
  kAnything,       // passed over
};

struct Word {
  std::string_view name;
  int value;  // in proto/mirror.proto; negative: means what absence means
};

struct Field {
  std::string_view name;
  Shape shape;
  std::string_view help;  // one line
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::span<const Word> words{};
  std::span<const Field> fields{};
  std::size_t most_items = 0;
  // What to do where a field is missing that must be there. Empty: it may be left out.
  std::string_view missing{};
  // The same for a list that is empty. Empty: it may be.
  std::string_view empty{};
  bool unique = false;  // no item twice
  // What is so where it is left out. As the value is written where it is a value: then it is not written.
  std::string_view otherwise{};
  // The field that can't stand beside it, and what to do about both.
  std::string_view rival{};
  std::string_view rivals{};
  // Its name in proto/mirror.proto where that is not this name in snake_case.
  std::string_view wire{};
  bool inverted = false;  // true there is false here
  // On the command line: `--source` for one of the `sources`; what stands for a value in the help.
  std::string_view flag{};
  std::string_view type{};

  [[nodiscard]] constexpr bool required() const { return !missing.empty(); }
  [[nodiscard]] constexpr bool is_list() const { return most_items != 0; }
};

// Rules a unit of the contract may carry; also the members and the sources (mirror.options).
inline constexpr int kItemsPerChunk = 64;

std::span<const Field> DocumentFields();  // apiVersion, kind, metadata, spec, status
std::span<const Field> RuleFields();

// A kind of resources: the words that people call it by, and its fields.
struct KindWords {
  config::Kind kind;
  v1::Kind wire;
  std::string_view singular;    // `session`
  std::string_view plural;      // `sessions`
  std::string_view short_name;  // `sess`
  std::string_view yaml;        // `Session`
  std::string_view help;
  std::span<const Field> metadata;
  std::span<const Field> spec;
};

// In the order of a configuration.
std::span<const KindWords> AllKinds();
const KindWords& WordsOf(config::Kind kind);

// Null: there is none of that name. Exactly, or as people write it: `rate_limit`, `ratelimit`.
const Field* FindField(std::span<const Field> fields, std::string_view name);
const Field* FindFieldAsTyped(std::span<const Field> fields, std::string_view word);

// `number`, `tier`, ...: for suggestions.
std::vector<std::string_view> NamesOf(std::span<const Field> fields);
std::vector<std::string_view> NamesOf(std::span<const Word> words);
// Empty: none has that value.
std::string_view WordFor(int value, std::span<const Word> words);

// What may stand in it, in a few words: `1..32766`, `all, inbound or outbound`, `list of names`.
std::string ValueText(const Field& field);

// The option for it, without the dashes: `packet-length`, `source`.
std::string FlagName(const Field& field);

}  // namespace heliostat::helioctl
