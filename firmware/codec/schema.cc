#include "codec/schema.h"

#include <board.pb.h>
#include <counters.pb.h>
#include <mirror.pb.h>

#include <array>

namespace heliostat::codec {
namespace {

// nanopb writes these for enums of the same file only.
#define heliostat_v1_BoardPort_kind_ENUMTYPE heliostat_v1_InterfaceKind

// nanopb's lists have one X(message, allocation, label, type, name, tag) a field; a oneof's name is (union,name,path).
#define HELIOSTAT_NAME_SINGULAR(name) #name
#define HELIOSTAT_NAME_OPTIONAL(name) #name
#define HELIOSTAT_NAME_REPEATED(name) #name
#define HELIOSTAT_NAME_ONEOF(name) HELIOSTAT_NAME_OF_ONEOF name
#define HELIOSTAT_NAME_OF_ONEOF(union_name, name, path) #name

#define HELIOSTAT_MAX(type) HELIOSTAT_MAX_OF(type)
#define HELIOSTAT_MAX_OF(type) _##type##_MAX
#define HELIOSTAT_VALUES_UENUM(message, name) \
  true, static_cast<std::uint32_t>(HELIOSTAT_MAX(message##_##name##_ENUMTYPE))
#define HELIOSTAT_VALUES_STRING(message, name) false, 0
#define HELIOSTAT_VALUES_BYTES(message, name) false, 0
#define HELIOSTAT_VALUES_BOOL(message, name) false, 0
#define HELIOSTAT_VALUES_UINT32(message, name) false, 0
#define HELIOSTAT_VALUES_UINT64(message, name) false, 0
#define HELIOSTAT_VALUES_MESSAGE(message, name) false, 0

#define HELIOSTAT_FIELD(message, allocation, label, type, name, tag) \
  FieldName{tag, HELIOSTAT_NAME_##label(name), HELIOSTAT_VALUES_##type(message, name)},

#define HELIOSTAT_FIELDS(message) \
  constexpr FieldName k##message[] = {heliostat_v1_##message##_FIELDLIST(HELIOSTAT_FIELD, heliostat_v1_##message)};

// clang-format 14 shifts this list further at each run.
// clang-format off
#define HELIOSTAT_MESSAGES(X) \
  X(Tag) X(Metadata) X(Prefix) X(Range) X(MacMatch) X(TcpFlagsMatch) X(Rule) X(Header) X(InterfaceSettings) \
  X(Route) X(Neighbour) X(Underlay) X(Target) X(MemberChunk) X(Filter) X(RuleChunk) X(RateLimit) X(Session) \
  X(SourceChunk) X(Unit) X(BoardPort) X(Wire) X(Limits) X(Board) X(Count) X(LedgerEntry) X(PortCounters) \
  X(Reading)
// clang-format on

HELIOSTAT_MESSAGES(HELIOSTAT_FIELDS)

#define HELIOSTAT_SCHEMA(message) MessageSchema{#message, heliostat_v1_##message##_fields, k##message},
const std::array kMessages = {HELIOSTAT_MESSAGES(HELIOSTAT_SCHEMA)};

}  // namespace

std::span<const MessageSchema> Messages() { return kMessages; }

const FieldName* FindField(const pb_msgdesc_t* descriptor, std::uint32_t tag) {
  for (const MessageSchema& message : kMessages) {
    if (message.descriptor != descriptor) continue;
    for (const FieldName& field : message.fields) {
      if (field.tag == tag) return &field;
    }
  }
  return nullptr;
}

}  // namespace heliostat::codec
