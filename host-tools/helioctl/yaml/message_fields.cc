#include "helioctl/yaml/message_fields.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "config/bounds.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using Json = nlohmann::ordered_json;

// Null: the message does not carry it.
const FieldDescriptor* WireOf(const Field& field, const Message& message) {
  return field.wire.empty() ? message.GetDescriptor()->FindFieldByCamelcaseName(std::string(field.name))
                            : message.GetDescriptor()->FindFieldByName(std::string(field.wire));
}

// --- Reading ---

// Where a value goes: a field of a message; of a repeated one, a further item.
class Slot {
 public:
  Slot(Message& message, const FieldDescriptor* wire)
      : message_(message), reflection_(*message.GetReflection()), wire_(wire) {}

  void Put(std::uint64_t number) const {
    switch (wire_->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: return reflection_.SetBool(&message_, wire_, number != 0);
      case FieldDescriptor::CPPTYPE_UINT64: return reflection_.SetUInt64(&message_, wire_, number);
      case FieldDescriptor::CPPTYPE_ENUM:
        return wire_->is_repeated() ? reflection_.AddEnumValue(&message_, wire_, static_cast<int>(number))
                                    : reflection_.SetEnumValue(&message_, wire_, static_cast<int>(number));
      default: return reflection_.SetUInt32(&message_, wire_, static_cast<std::uint32_t>(number));
    }
  }
  void Put(std::string text) const {
    if (wire_->is_repeated()) return reflection_.AddString(&message_, wire_, std::move(text));
    reflection_.SetString(&message_, wire_, std::move(text));
  }
  [[nodiscard]] Message& Within() const {
    return *(wire_->is_repeated() ? reflection_.AddMessage(&message_, wire_)
                                  : reflection_.MutableMessage(&message_, wire_));
  }
  template <typename Part>
  [[nodiscard]] Part& As() const {
    return static_cast<Part&>(Within());
  }
  // The message's own truth of that name.
  void PutTruth(std::string_view name) const {
    reflection_.SetBool(&message_, message_.GetDescriptor()->FindFieldByName(std::string(name)), true);
  }

 private:
  Message& message_;
  const Reflection& reflection_;
  const FieldDescriptor* wire_;
};

bool IsOneOf(const Value& value, std::span<const Word> words) {
  return value.node().IsScalar() &&
         std::any_of(words.begin(), words.end(), [&](const Word& word) { return word.name == value.node().Scalar(); });
}

bool StartsWithDigit(const Value& value) {
  return value.node().IsScalar() && !value.node().Scalar().empty() && value.node().Scalar()[0] >= '0' &&
         value.node().Scalar()[0] <= '9';
}

void PutRange(const std::optional<NumberRange>& range, const Slot& slot) {
  if (!range) return;
  auto& message = slot.As<v1::Range>();
  message.set_first(range->first);
  message.set_last(range->last);
}

void PutPrefix(const std::optional<IpPrefix>& prefix, const Slot& slot) {
  if (!prefix) return;
  auto& message = slot.As<v1::Prefix>();
  message.set_address(AddressBytes(prefix->address));
  message.set_length(prefix->length);
}

void PutMacMatch(const std::optional<MacAndMask>& match, const Slot& slot) {
  if (!match) return;
  auto& message = slot.As<v1::MacMatch>();
  message.set_address(MacBytes(match->address));
  if (match->mask) message.set_mask(MacBytes(*match->mask));
}

template <typename Number>
void PutNumber(const std::optional<Number>& number, const Slot& slot) {
  if (number) slot.Put(std::uint64_t{*number});
}

void PutWord(const std::optional<int>& word, const Slot& slot) {
  if (word && *word >= 0) slot.Put(static_cast<std::uint64_t>(*word));
}

void PutText(std::optional<std::string> text, const Slot& slot) {
  if (text) slot.Put(std::move(*text));
}

// Ascending: the order in the file means nothing.
void PutTags(const Value& value, const Slot& slot) {
  if (!value.node().IsMap()) {
    value.Report("is not a mapping", "write tags as {key: value}");
    return;
  }
  if (value.node().size() > config::kMaxTags) {
    value.Report(fmt::format("has {} tags", value.node().size()), fmt::format("give at most {}", config::kMaxTags));
    return;
  }
  std::map<std::string, std::string> tags;
  for (const auto& entry : value.node()) {
    const Value key_value(value.source(), entry.first, value.path());
    const auto key = key_value.Text(config::kMaxTagKeyBytes);
    if (!key) continue;
    const auto text = Value(value.source(), entry.second, value.path() + " " + *key).Text(config::kMaxTagValueBytes);
    const bool first = tags.emplace(*key, text.value_or("")).second;
    if (!first) key_value.Report("the key " + *key + " is given twice", "keep one of them");
  }
  for (const auto& [key, text] : tags) {
    auto& tag = slot.As<v1::Tag>();
    tag.set_key(key);
    tag.set_value(text);
  }
}

void ReadOne(const Value& value, const Field& field, const Slot& slot) {
  switch (field.shape) {
    case Shape::kText: return PutText(value.Text(field.most), slot);
    case Shape::kName: return PutText(value.Name(), slot);
    case Shape::kNumber: return PutNumber(value.Integer(field.least, field.most), slot);
    case Shape::kNumberOrWord:
      return StartsWithDigit(value) ? PutNumber(value.Integer(field.least, field.most), slot)
                                    : PutWord(value.OneOf(field.words), slot);
    case Shape::kRangeOrWord:
      if (IsOneOf(value, field.words)) return slot.PutTruth(value.node().Scalar());
      [[fallthrough]];
    case Shape::kRange: return PutRange(value.Range(static_cast<std::uint32_t>(field.most)), slot);
    case Shape::kPercent: return PutNumber(value.PercentHundredths(), slot);
    case Shape::kTruth:
      if (const auto truth = value.Boolean()) slot.Put(std::uint64_t{*truth != field.inverted});
      return;
    case Shape::kWord: return PutWord(value.OneOf(field.words), slot);
    case Shape::kAddress:
      if (const auto address = value.Address()) slot.Put(AddressBytes(*address));
      return;
    case Shape::kPrefix: return PutPrefix(value.Prefix(HostBits::kForbidden), slot);
    case Shape::kTunnelAddress: return PutPrefix(value.Prefix(HostBits::kAllowed), slot);
    case Shape::kMac:
      if (const auto mac = value.Mac()) slot.Put(MacBytes(*mac));
      return;
    case Shape::kMacMatch: return PutMacMatch(value.MacMatch(), slot);
    case Shape::kMapping: return ReadFields(Mapping(value, field.fields), field.fields, slot.Within());
    case Shape::kTags: return PutTags(value, slot);
    case Shape::kRules:
    case Shape::kAnything: return;
  }
}

// --- Writing ---

std::string RangeText(const v1::Range& range) { return fmt::format("{}-{}", range.first(), range.last()); }

Json RangeJson(const v1::Range& range) {
  return range.first() == range.last() ? Json(range.first()) : Json(RangeText(range));
}

Json MacMatchJson(const v1::MacMatch& match) {
  const std::string address = MacOf(match.address()).ToString();
  const bool whole = std::all_of(match.mask().begin(), match.mask().end(), [](char byte) { return byte == '\xff'; });
  return whole ? address : address + "/" + MacOf(match.mask()).ToString();
}

Json PercentJson(std::uint32_t hundredths) {
  if (hundredths % 100 != 0) return hundredths / 100.0;  // prints with two decimals at most
  return hundredths / 100;
}

Json WordOr(std::uint64_t number, std::span<const Word> words) {
  const std::string_view word = WordFor(static_cast<int>(number), words);
  return word.empty() ? Json(number) : Json(word);
}

// The value of a field, or one of several.
class Source {
 public:
  Source(const Message& message, const FieldDescriptor* wire, int index)
      : message_(message), reflection_(*message.GetReflection()), wire_(wire), index_(index) {}

  [[nodiscard]] std::uint64_t Number() const {
    switch (wire_->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL: return std::uint64_t{reflection_.GetBool(message_, wire_)};
      case FieldDescriptor::CPPTYPE_UINT64: return reflection_.GetUInt64(message_, wire_);
      case FieldDescriptor::CPPTYPE_ENUM:
        return static_cast<std::uint64_t>(wire_->is_repeated()
                                              ? reflection_.GetRepeatedEnumValue(message_, wire_, index_)
                                              : reflection_.GetEnumValue(message_, wire_));
      default: return reflection_.GetUInt32(message_, wire_);
    }
  }
  [[nodiscard]] std::string Text() const {
    return wire_->is_repeated() ? reflection_.GetRepeatedString(message_, wire_, index_)
                                : reflection_.GetString(message_, wire_);
  }
  template <typename Part = Message>
  [[nodiscard]] const Part& As() const {
    return static_cast<const Part&>(wire_->is_repeated() ? reflection_.GetRepeatedMessage(message_, wire_, index_)
                                                         : reflection_.GetMessage(message_, wire_));
  }
  // What absence says, where the contract can't tell it from a value.
  [[nodiscard]] bool IsZero() const {
    if (wire_->has_presence()) return !reflection_.HasField(message_, wire_);
    return wire_->cpp_type() == FieldDescriptor::CPPTYPE_STRING ? Text().empty() : Number() == 0;
  }

 private:
  const Message& message_;
  const Reflection& reflection_;
  const FieldDescriptor* wire_;
  int index_;
};

Json WriteOne(const Source& source, const Field& field) {
  switch (field.shape) {
    case Shape::kText:
    case Shape::kName: return source.Text();
    case Shape::kNumber: return source.Number();
    case Shape::kNumberOrWord:
    case Shape::kWord: return WordOr(source.Number(), field.words);
    case Shape::kRange:
    case Shape::kRangeOrWord: return RangeJson(source.As<v1::Range>());
    case Shape::kPercent: return PercentJson(static_cast<std::uint32_t>(source.Number()));
    case Shape::kTruth: return (source.Number() != 0) != field.inverted;
    case Shape::kAddress: return AddressOf(source.Text()).ToString();
    case Shape::kPrefix:
    case Shape::kTunnelAddress: {
      const auto& prefix = source.As<v1::Prefix>();
      return IpPrefix{AddressOf(prefix.address()), static_cast<std::uint8_t>(prefix.length())}.ToString();
    }
    case Shape::kMac: return MacOf(source.Text()).ToString();
    case Shape::kMacMatch: return MacMatchJson(source.As<v1::MacMatch>());
    case Shape::kMapping: return WriteFields(source.As(), field.fields);
    case Shape::kTags:
    case Shape::kRules:
    case Shape::kAnything: break;
  }
  return {};
}

Json WriteTags(const Message& message, const FieldDescriptor* wire, int count) {
  Json tags = Json::object();
  for (int i = 0; i < count; ++i) {
    const auto& tag = Source(message, wire, i).As<v1::Tag>();
    tags[tag.key()] = tag.value();
  }
  return tags;
}

Json WriteList(const Message& message, const FieldDescriptor* wire, const Field& field) {
  const int count = message.GetReflection()->FieldSize(message, wire);
  if (field.shape == Shape::kTags) return WriteTags(message, wire, count);
  Json list = Json::array();
  for (int i = 0; i < count; ++i) list.push_back(WriteOne(Source(message, wire, i), field));
  if (field.shape != Shape::kRangeOrWord) return list;
  for (const Word& word : field.words) {
    const FieldDescriptor* truth = message.GetDescriptor()->FindFieldByName(std::string(word.name));
    if (message.GetReflection()->GetBool(message, truth)) list.push_back(word.name);
  }
  return list;
}

bool IsSaidByAbsence(const Json& value, const Field& field) {
  return !field.otherwise.empty() && !field.required() &&
         field.otherwise == (value.is_string() ? value.get_ref<const std::string&>() : value.dump());
}

}  // namespace

std::vector<Value> ReadItems(const Value& list, const Field& field) {
  if (!field.empty.empty() && list.node().IsSequence() && list.node().size() == 0) {
    list.Report("is empty", std::string(field.empty));
    return {};
  }
  std::vector<Value> items =
      list.List(field.most_items + (field.shape == Shape::kRangeOrWord ? field.words.size() : 0));
  if (field.shape == Shape::kRangeOrWord) {
    const auto ranges =
        std::count_if(items.begin(), items.end(), [&](const Value& item) { return !IsOneOf(item, field.words); });
    if (ranges > static_cast<std::ptrdiff_t>(field.most_items)) {
      list.Report(fmt::format("has more than {} IDs and ranges", field.most_items), "use several rules");
      return {};
    }
  }
  if (!field.unique) return items;
  std::set<std::string> seen;
  std::erase_if(items, [&seen](const Value& item) {
    const bool again = item.node().IsScalar() && !seen.insert(item.node().Scalar()).second;
    if (again)
      item.Report(item.node().Scalar().substr(0, config::kMaxNameBytes) + " is given twice", "keep one of them");
    return again;
  });
  return items;
}

void ReadFields(const Mapping& mapping, std::span<const Field> fields, Message& message) {
  for (const Field& field : fields) {
    const auto value = field.required() ? mapping.Require(field.name, field.missing) : mapping.Find(field.name);
    if (!value) continue;
    if (!field.rival.empty() && mapping.Has(field.rival)) {
      mapping.ReportField(field.name, "is given beside " + std::string(field.rival), std::string(field.rivals));
      continue;
    }
    const FieldDescriptor* wire = WireOf(field, message);
    if (wire == nullptr) continue;
    if (!field.is_list() || field.shape == Shape::kTags) {
      ReadOne(*value, field, Slot(message, wire));
      continue;
    }
    for (const Value& item : ReadItems(*value, field)) ReadOne(item, field, Slot(message, wire));
  }
}

Json WriteFields(const Message& message, std::span<const Field> fields, const Json& chunked) {
  Json object = Json::object();
  for (const Field& field : fields) {
    const std::string name(field.name);
    const FieldDescriptor* wire = WireOf(field, message);
    if (wire == nullptr) {
      if (chunked.contains(name)) object[name] = chunked[name];
    } else if (wire->is_repeated()) {
      Json list = WriteList(message, wire, field);
      if (field.required() || !list.empty()) object[name] = std::move(list);
    } else if (const Source source(message, wire, 0); field.required() || !source.IsZero()) {
      Json value = WriteOne(source, field);
      if (!IsSaidByAbsence(value, field)) object[name] = std::move(value);
    }
  }
  return object;
}

}  // namespace heliostat::helioctl
