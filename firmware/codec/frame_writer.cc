#include <counters.pb.h>

#include "codec/codec.h"
#include "codec/control.h"
#include "codec/response_message.h"
#include "codec/wire_write.h"

namespace heliostat::codec {
namespace {

// A snapshot's own fields: three numbers and `complete`.
constexpr std::size_t kHeadBytes = 3 * 11 + 2;
constexpr std::size_t kMaxBodyBytes = kMaxFrameBytes - kResponseOverheadBytes - kHeadBytes;
constexpr std::size_t kElementOverheadBytes = 1 + 3;  // its key and length

// The largest element of each kind must fit an empty frame, or a caller would never get past it.
static_assert(kMaxUnitBytes + heliostat_v1_SessionState_size + 64 + kElementOverheadBytes <= kMaxBodyBytes);
static_assert(heliostat_v1_Reading_size + kElementOverheadBytes <= kMaxBodyBytes);
static_assert(heliostat_v1_AuditRecord_size + kElementOverheadBytes <= kMaxBodyBytes);

template <typename State, typename Message>
std::string Encoded(const State& state, Message message, const pb_msgdesc_t* descriptor) {
  Write(state, &message);
  std::string bytes;
  AppendMessage(descriptor, &message, &bytes);
  return bytes;
}

std::string Encoded(const SessionState& state) {
  return Encoded(state, heliostat_v1_SessionState{}, heliostat_v1_SessionState_fields);
}

std::string Encoded(const InterfaceState& state) {
  return Encoded(state, heliostat_v1_InterfaceState{}, heliostat_v1_InterfaceState_fields);
}

// AppendCounters, to which `args` go, writes a reading with its length, so only the key is missing. It fails for a name
// past its bound, which no configuration has.
template <typename... Args>
bool AddCounters(std::string* body, const Args&... args) {
  std::string element;
  AppendVarint(heliostat_v1_Snapshot_readings_tag << 3 | PB_WT_STRING, &element);
  if (!AppendCounters(args..., &element).ok()) return true;
  if (body->size() + element.size() > kMaxBodyBytes) return false;
  body->append(element);
  return true;
}

}  // namespace

bool FrameWriter::AddElement(std::uint32_t tag, const std::string& message) {
  if (body_.size() + message.size() + kElementOverheadBytes > kMaxBodyBytes) return false;
  AppendBytes(tag, message, &body_);
  return true;
}

bool FrameWriter::AddItem(std::span<const std::uint8_t> unit, const ItemState& state) {
  std::string item;
  AppendBytes(heliostat_v1_Item_unit_tag, {reinterpret_cast<const char*>(unit.data()), unit.size()}, &item);
  if (state.interface != nullptr) AppendBytes(heliostat_v1_Item_interface_tag, Encoded(*state.interface), &item);
  if (state.target != nullptr) {
    AppendBytes(heliostat_v1_Item_target_tag,
                Encoded(*state.target, heliostat_v1_TargetState{}, heliostat_v1_TargetState_fields), &item);
  }
  if (state.filter != nullptr) {
    AppendBytes(heliostat_v1_Item_filter_tag,
                Encoded(*state.filter, heliostat_v1_FilterState{}, heliostat_v1_FilterState_fields), &item);
  }
  if (state.session != nullptr) AppendBytes(heliostat_v1_Item_session_tag, Encoded(*state.session), &item);
  AppendNumber(heliostat_v1_Item_sources_tag, state.sources, &item);
  return AddElement(heliostat_v1_Items_items_tag, item);
}

bool FrameWriter::Add(const LedgerEntry& entry) { return AddCounters(&body_, entry); }

bool FrameWriter::Add(const PortCounters& counters) { return AddCounters(&body_, counters); }

bool FrameWriter::Add(const RuleHits& hits, std::size_t* done) {
  for (; *done < hits.rules.size(); *done += kHitsAReading) {
    if (!AddCounters(&body_, hits, *done)) return false;
  }
  return true;
}

bool FrameWriter::Add(const SessionState& session) {
  return AddElement(heliostat_v1_Snapshot_sessions_tag, Encoded(session));
}

bool FrameWriter::Add(const InterfaceState& interface) {
  return AddElement(heliostat_v1_Snapshot_interfaces_tag, Encoded(interface));
}

bool FrameWriter::Add(const AuditLine& record) {
  return AddElement(heliostat_v1_AuditRecords_records_tag,
                    Encoded(record, heliostat_v1_AuditRecord{}, heliostat_v1_AuditRecord_fields));
}

void FrameWriter::Finish(bool more, bool complete, std::string* out) {
  std::uint32_t tag = heliostat_v1_Response_items_tag;
  if (kind_ == Kind::kAudit) tag = heliostat_v1_Response_audit_tag;
  if (kind_ == Kind::kSnapshot) {
    tag = heliostat_v1_Response_snapshot_tag;
    AppendNumber(heliostat_v1_Snapshot_sequence_tag, head_.sequence, &body_);
    AppendNumber(heliostat_v1_Snapshot_time_ns_tag, head_.time_ns, &body_);
    AppendNumber(heliostat_v1_Snapshot_generation_tag, head_.generation, &body_);
    AppendNumber(heliostat_v1_Snapshot_complete_tag, complete ? 1 : 0, &body_);
  }
  AppendFrame(id_, more, tag, body_, out);
  body_.clear();
}

}  // namespace heliostat::codec
