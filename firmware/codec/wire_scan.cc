#include "codec/wire_scan.h"

#include <board.pb.h>
#include <control.pb.h>
#include <mirror.pb.h>
#include <pb_common.h>

#include <array>
#include <cstddef>
#include <limits>
#include <string_view>

#include "base/utf8.h"
#include "codec/schema.h"
#include "config/check.h"

namespace heliostat::codec {
namespace {

using config::Invalid;
using config::Named;

enum WireType : std::uint32_t { kVarint = 0, kLengthDelimited = 2 };
constexpr std::size_t kTags = 32;  // every tag of the contract is below

// One message within another, while it is scanned.
struct Frame {
  const Frame* outer;
  const pb_msgdesc_t* descriptor;
  std::span<const std::uint8_t> bytes;
  std::string_view field;  // its name in the outer message
  std::uint32_t index;     // how many of that field came before it
  bool repeated;
};

// Finds the first field with the key `wanted`; its wire type says whether its value is in `number` or in `content`.
bool FindField(std::span<const std::uint8_t> bytes, std::uint64_t wanted, std::uint64_t* number,
               std::span<const std::uint8_t>* content) {
  WireReader in(bytes);
  std::uint64_t key = 0;
  while (!in.AtEnd() && in.Varint(&key)) {
    const std::uint64_t type = key & 7;
    if (type == kVarint ? !in.Varint(number) : type != kLengthDelimited || !in.Bytes(content)) return false;
    if (key == wanted) return true;
  }
  return false;
}

// These find what an error calls a message by; they return 0 or an empty text when it is not there.
std::uint64_t PeekNumber(std::span<const std::uint8_t> bytes, std::uint32_t tag) {
  return FindNumber(bytes, tag).value_or(0);
}

std::string_view PeekText(std::span<const std::uint8_t> bytes, std::uint32_t tag) {
  const auto content = FindContent(bytes, tag).value_or(std::span<const std::uint8_t>());
  return {reinterpret_cast<const char*>(content.data()), content.size()};
}

// For a message that begins with Metadata.
std::string_view PeekMetadataName(std::span<const std::uint8_t> bytes) {
  const auto metadata = FindContent(bytes, 1);
  return metadata ? PeekText(*metadata, 1) : std::string_view();
}

std::string_view DirectionName(std::uint64_t direction) {
  return direction == heliostat_v1_Direction_INBOUND    ? " inbound"
         : direction == heliostat_v1_Direction_OUTBOUND ? " outbound"
                                                        : " rules";
}

// A change and what it wraps have no name in an error: their own words say nothing to a user.
bool IsNameless(const pb_msgdesc_t* d) {
  return d == heliostat_v1_Unit_fields || d == heliostat_v1_Change_fields || d == heliostat_v1_Patch_fields;
}

// Returns what a user calls this message.
std::string NameOf(const Frame& frame) {
  const auto* d = frame.descriptor;
  const auto bytes = frame.bytes;
  if (IsNameless(d)) return {};
  if (d == heliostat_v1_InterfaceSettings_fields) return Named("interface", PeekText(bytes, 1));
  if (d == heliostat_v1_Underlay_fields) return Named("underlay", PeekText(bytes, 1));
  if (d == heliostat_v1_Target_fields) return Named("target", PeekMetadataName(bytes));
  if (d == heliostat_v1_MemberChunk_fields) return Named("target", PeekText(bytes, 1));
  if (d == heliostat_v1_Filter_fields) return Named("filter", PeekMetadataName(bytes));
  if (d == heliostat_v1_RuleChunk_fields || d == heliostat_v1_RulePatch_fields) {
    return Named("filter", PeekText(bytes, 1)).append(DirectionName(PeekNumber(bytes, 2)));
  }
  if (d == heliostat_v1_Session_fields) return Named("session", PeekMetadataName(bytes));
  if (d == heliostat_v1_SourceChunk_fields || d == heliostat_v1_SourcePatch_fields) {
    return Named("session", PeekText(bytes, 1));
  }
  if (d == heliostat_v1_Rule_fields) return "rule " + std::to_string(PeekNumber(bytes, 1));
  if (d == heliostat_v1_Tag_fields) return Named("tag", PeekText(bytes, 1));
  if (d == heliostat_v1_BoardPort_fields) return Named("port", PeekText(bytes, 1));
  if (d == heliostat_v1_Board_fields) return Named("board", PeekText(bytes, 1));
  std::string name(frame.field);
  if (frame.repeated) name += "[" + std::to_string(frame.index) + "]";
  return name;
}

std::string PathOf(const Frame& frame, std::string_view field = {}) {
  std::string path = frame.outer != nullptr ? PathOf(*frame.outer) : std::string();
  const auto append = [&path](std::string_view part) {
    if (part.empty()) return;
    if (!path.empty()) path += ' ';
    path += part;
  };
  append(NameOf(frame));
  append(field);
  return path;
}

Status Damaged(std::string subject) {
  return {Code::kDataLoss, std::move(subject), "the bytes are damaged or cut short", "write or send it again"};
}

Status ScanNumber(const pb_field_iter_t& field, const FieldName& info, std::uint64_t value, std::string path) {
  std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  if (info.is_enum) {
    most = info.enum_max;
  } else if (PB_LTYPE(field.type) == PB_LTYPE_BOOL) {
    most = 1;
  } else if (field.data_size < sizeof(std::uint64_t)) {
    most = std::numeric_limits<std::uint32_t>::max();
  }
  if (value <= most) return {};
  if (info.is_enum) {
    return Invalid(std::move(path), "the card does not know the value " + std::to_string(value),
                   "use a value of the contract, at most " + std::to_string(most));
  }
  return Invalid(std::move(path), "it is " + std::to_string(value), "use at most " + std::to_string(most));
}

Status ScanBytes(const pb_field_iter_t& field, std::span<const std::uint8_t> content, std::string path) {
  const bool is_string = PB_LTYPE(field.type) == PB_LTYPE_STRING;
  const std::size_t most =
      is_string ? field.data_size - std::size_t{1} : field.data_size - offsetof(pb_bytes_array_t, bytes);
  if (content.size() > most) {
    return Invalid(std::move(path), "it has " + std::to_string(content.size()) + " bytes",
                   "use at most " + std::to_string(most) + " bytes");
  }
  if (!is_string || IsText(content)) return {};
  return Invalid(std::move(path), "it is not UTF-8 text without NUL", "write it in UTF-8");
}

class MessageScan {
 public:
  explicit MessageScan(const Frame& frame) : frame_(frame), in_(frame.bytes), schema_(FindMessage(frame.descriptor)) {}

  Status Run() {
    const bool has_fields = pb_field_iter_begin(&field_, frame_.descriptor, nullptr);
    while (!in_.AtEnd()) {
      std::uint64_t key = 0;
      if (!in_.Varint(&key) || key >> 3 == 0 || key > std::numeric_limits<std::uint32_t>::max()) {
        return Damaged(PathOf(frame_));
      }
      const auto tag = static_cast<std::uint32_t>(key >> 3);
      info_ = schema_ == nullptr ? nullptr : schema_->Find(tag);
      if (!has_fields || info_ == nullptr || tag >= kTags || !pb_field_iter_find(&field_, tag)) {
        return Invalid(PathOf(frame_), "field " + std::to_string(tag) + " is not known here",
                       "leave it out, or use firmware that knows it");
      }
      HELIOSTAT_RETURN_IF_ERROR(ScanField(static_cast<std::uint32_t>(key & 7)));
    }
    return {};
  }

 private:
  std::string Path() const { return PathOf(frame_, info_->name); }
  bool IsCallback() const { return PB_ATYPE(field_.type) == PB_ATYPE_CALLBACK; }

  Status ScanField(std::uint32_t wire_type) {
    const auto type = PB_LTYPE(field_.type);
    const bool number = type == PB_LTYPE_BOOL || type == PB_LTYPE_UVARINT;
    const bool packed = number && PB_HTYPE(field_.type) == PB_HTYPE_REPEATED && wire_type == kLengthDelimited;
    if (!packed && wire_type != (number ? kVarint : kLengthDelimited)) {
      return Invalid(Path(), "it is of wire type " + std::to_string(wire_type),
                     "encode it as wire type " + std::to_string(number ? kVarint : kLengthDelimited));
    }
    if (number && !packed) return ScanOneNumber(&in_);
    std::span<const std::uint8_t> content;
    if (!in_.Bytes(&content)) return Damaged(Path());
    if (packed) return ScanPacked(content);
    HELIOSTAT_RETURN_IF_ERROR(Count());
    if (IsCallback()) return {};
    if (!PB_LTYPE_IS_SUBMSG(field_.type)) return CheckBytes(content);
    const bool repeated = PB_HTYPE(field_.type) == PB_HTYPE_REPEATED;
    return MessageScan({.outer = &frame_,
                        .descriptor = field_.submsg_desc,
                        .bytes = content,
                        .field = info_->name,
                        .index = counts_[field_.tag] - 1,
                        .repeated = repeated})
        .Run();
  }

  Status ScanPacked(std::span<const std::uint8_t> content) {
    WireReader numbers(content);
    while (!numbers.AtEnd()) HELIOSTAT_RETURN_IF_ERROR(ScanOneNumber(&numbers));
    return {};
  }

  Status ScanOneNumber(WireReader* in) {
    std::uint64_t value = 0;
    if (!in->Varint(&value)) return Damaged(Path());
    HELIOSTAT_RETURN_IF_ERROR(Count());
    // The path is text, so it is made only when something is wrong.
    if (ScanNumber(field_, *info_, value, {}).ok()) return {};
    return ScanNumber(field_, *info_, value, Path());
  }

  Status CheckBytes(std::span<const std::uint8_t> content) {
    if (ScanBytes(field_, content, {}).ok()) return {};
    return ScanBytes(field_, content, Path());
  }

  // Counts one more of this field.
  Status Count() {
    const std::uint32_t count = ++counts_[field_.tag];
    if (PB_HTYPE(field_.type) == PB_HTYPE_REPEATED) {
      if (IsCallback() || count <= field_.array_size) return {};
      return Invalid(Path(), "there are more than " + std::to_string(field_.array_size),
                     "use at most " + std::to_string(field_.array_size) + " here");
    }
    if (PB_HTYPE(field_.type) == PB_HTYPE_ONEOF && ++oneofs_ > 1) {
      return Invalid(Path(), "the message holds something else too", "put one thing in it");
    }
    return count == 1 ? Status{} : Invalid(Path(), "it is there twice", "give it once");
  }

  const Frame frame_;
  WireReader in_;
  const MessageSchema* schema_;
  pb_field_iter_t field_{};
  const FieldName* info_ = nullptr;
  std::array<std::uint32_t, kTags> counts_{};
  std::uint32_t oneofs_ = 0;
};

}  // namespace

bool WireReader::Varint(std::uint64_t* value) {
  *value = 0;
  for (unsigned i = 0; i < 10 && i < bytes_.size(); ++i) {
    const std::uint8_t byte = bytes_[i];
    if (i == 9 && byte > 1) return false;  // more than 64 bits
    *value |= std::uint64_t{byte & 0x7fU} << (7 * i);
    if ((byte & 0x80) != 0) continue;
    bytes_ = bytes_.subspan(i + 1);
    return true;
  }
  return false;
}

bool WireReader::Bytes(std::span<const std::uint8_t>* bytes) {
  std::uint64_t length = 0;
  if (!Varint(&length) || length > bytes_.size()) return false;
  *bytes = bytes_.first(static_cast<std::size_t>(length));
  bytes_ = bytes_.subspan(static_cast<std::size_t>(length));
  return true;
}

std::optional<std::uint64_t> FindNumber(std::span<const std::uint8_t> bytes, std::uint32_t tag) {
  std::uint64_t number = 0;
  std::span<const std::uint8_t> content;
  if (!FindField(bytes, std::uint64_t{tag} << 3 | kVarint, &number, &content)) return std::nullopt;
  return number;
}

std::optional<std::span<const std::uint8_t>> FindContent(std::span<const std::uint8_t> bytes, std::uint32_t tag) {
  std::uint64_t number = 0;
  std::span<const std::uint8_t> content;
  if (!FindField(bytes, std::uint64_t{tag} << 3 | kLengthDelimited, &number, &content)) return std::nullopt;
  return content;
}

Status ScanMessage(std::span<const std::uint8_t> bytes, const pb_msgdesc_t* descriptor) {
  return MessageScan(
             {.outer = nullptr, .descriptor = descriptor, .bytes = bytes, .field = {}, .index = 0, .repeated = false})
      .Run();
}

}  // namespace heliostat::codec
