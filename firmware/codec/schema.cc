#include "codec/schema.h"

#include <board.pb.h>
#include <control.pb.h>
#include <counters.pb.h>
#include <mirror.pb.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

namespace heliostat::codec {
namespace {

constexpr FieldName kEnd{};  // behind every list: a message may have no fields, an array may not

// nanopb writes these for enums of the same file only.
#define heliostat_v1_BoardPort_kind_ENUMTYPE heliostat_v1_InterfaceKind
#define heliostat_v1_RulePatch_direction_ENUMTYPE heliostat_v1_Direction
#define heliostat_v1_InterfaceState_kind_ENUMTYPE heliostat_v1_InterfaceKind
#define heliostat_v1_RuleHit_service_ENUMTYPE heliostat_v1_Service

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
  constexpr FieldName k##message[] = {heliostat_v1_##message##_FIELDLIST(HELIOSTAT_FIELD, heliostat_v1_##message) kEnd};

// clang-format 14 shifts this list further at each run.
// clang-format off
#define HELIOSTAT_MESSAGES(X) \
  X(Tag) X(Metadata) X(Prefix) X(Range) X(MacMatch) X(TcpFlagsMatch) X(Rule) X(Header) X(InterfaceSettings) \
  X(Route) X(Neighbour) X(Underlay) X(Target) X(MemberChunk) X(Filter) X(RuleChunk) X(RateLimit) X(Session) \
  X(SourceChunk) X(Unit) X(BoardPort) X(Wire) X(Limits) X(Flash) X(Board) X(Count) X(LedgerEntry) X(PortCounters) \
  X(RuleHit) X(RuleHits) X(Reading) X(RulePatch) X(SourcePatch) X(Patch) X(Remove) X(PickedId) X(PickedIds) X(Change) X(Hello) X(GetInfo) X(Begin) X(Edit) X(Commit) \
  X(Abort) X(Confirm) X(Rollback) X(ListGenerations) X(Get) X(List) X(Watch) X(GetAudit) X(SetTrust) X(GetTrust) \
  X(SetTime) X(Request) X(Error) X(Welcome) X(Usage) X(Info) X(Begun) X(KindChanges) X(SessionState) X(Committed) \
  X(Done) X(Generation) X(Generations) X(InterfaceState) X(FilterState) X(TargetState) X(Item) X(Items) X(ListEnd) \
  X(Snapshot) X(AuditRecord) X(AuditRecords) X(CertificateInfo) X(TrustInfo) X(TimeSet) X(Response)
// clang-format on

HELIOSTAT_MESSAGES(HELIOSTAT_FIELDS)

#define HELIOSTAT_SCHEMA(message) \
  MessageSchema{#message, heliostat_v1_##message##_fields, {k##message, std::size(k##message) - 1}},
const std::array kMessages = {HELIOSTAT_MESSAGES(HELIOSTAT_SCHEMA)};

bool ByDescriptor(const MessageSchema& a, const MessageSchema& b) { return std::less<>()(a.descriptor, b.descriptor); }

// They are sorted because one is looked up for every message in every unit.
const auto& SortedMessages() {
  static const auto sorted = [] {
    auto messages = kMessages;
    std::sort(messages.begin(), messages.end(), ByDescriptor);
    return messages;
  }();
  return sorted;
}

}  // namespace

std::span<const MessageSchema> Messages() { return kMessages; }

const MessageSchema* FindMessage(const pb_msgdesc_t* descriptor) {
  const auto& sorted = SortedMessages();
  const MessageSchema wanted{.name = nullptr, .descriptor = descriptor, .fields = {}};
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), wanted, ByDescriptor);
  return found != sorted.end() && found->descriptor == descriptor ? &*found : nullptr;
}

const FieldName* MessageSchema::Find(std::uint32_t tag) const {
  for (const FieldName& field : fields) {
    if (field.tag == tag) return &field;
  }
  return nullptr;
}

}  // namespace heliostat::codec
