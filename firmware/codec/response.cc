#include <algorithm>
#include <cassert>
#include <span>

#include "codec/control.h"
#include "codec/response_message.h"
#include "codec/wire_write.h"

namespace heliostat::codec {
namespace {

// The numbers of proto/control.proto, message Error, are status.h's.
static_assert(static_cast<int>(Code::kInvalidArgument) == 1 && static_cast<int>(Code::kNotFound) == 2 &&
              static_cast<int>(Code::kAlreadyExists) == 3 && static_cast<int>(Code::kFailedPrecondition) == 4 &&
              static_cast<int>(Code::kResourceExhausted) == 5 && static_cast<int>(Code::kUnsupported) == 6 &&
              static_cast<int>(Code::kUnavailable) == 7 && static_cast<int>(Code::kPermissionDenied) == 8 &&
              static_cast<int>(Code::kAborted) == 9 && static_cast<int>(Code::kDataLoss) == 10 &&
              static_cast<int>(Code::kInternal) == 11);
static_assert(static_cast<int>(Role::kViewer) == heliostat_v1_Role_VIEWER &&
              static_cast<int>(Role::kOperator) == heliostat_v1_Role_OPERATOR &&
              static_cast<int>(Role::kFlasher) == heliostat_v1_Role_FLASHER &&
              static_cast<int>(Role::kAdmin) == heliostat_v1_Role_ADMIN);
static_assert(static_cast<int>(config::InterfaceKind::kVm) == heliostat_v1_InterfaceKind_VM &&
              static_cast<int>(config::InterfaceKind::kNfv) == heliostat_v1_InterfaceKind_NFV &&
              static_cast<int>(config::InterfaceKind::kEdge) == heliostat_v1_InterfaceKind_EDGE);

// Every single response fits a frame, whatever it holds.
constexpr std::size_t kMaxResultBytes = kMaxFrameBytes - kResponseOverheadBytes;
static_assert(heliostat_v1_Error_size <= kMaxResultBytes && heliostat_v1_Welcome_size <= kMaxResultBytes &&
              heliostat_v1_Info_size <= kMaxResultBytes && heliostat_v1_Committed_size <= kMaxResultBytes &&
              heliostat_v1_Generations_size <= kMaxResultBytes && heliostat_v1_TrustInfo_size <= kMaxResultBytes);

constexpr std::size_t kMaxGenerations = std::size(heliostat_v1_Generations{}.generations);

struct SubjectParts {
  std::string_view resource;
  std::string_view field;
};

// In `filter "web" inbound rule 10` the resource ends with the name's closing quote: Quoted leaves no quote within a
// name.
SubjectParts Split(std::string_view subject) {
  for (const auto kind : {config::Kind::kInterface, config::Kind::kUnderlay, config::Kind::kTarget,
                          config::Kind::kFilter, config::Kind::kSession}) {
    const std::string begin = std::string(config::KindName(kind)) + " \"";
    if (!subject.starts_with(begin)) continue;
    const std::size_t end = subject.find('"', begin.size());
    if (end == std::string_view::npos) break;
    std::string_view field = subject.substr(end + 1);
    if (field.starts_with(' ')) field.remove_prefix(1);
    return {subject.substr(0, end + 1), field};
  }
  return {{}, subject};
}

void AppendSingle(std::uint64_t id, std::uint32_t tag, const pb_msgdesc_t* descriptor, const void* message,
                  std::string* out) {
  std::string result;
  AppendMessage(descriptor, message, &result);
  AppendFrame(id, false, tag, result, out);
}

heliostat_v1_Kind KindMessage(const std::optional<config::Kind>& kind) {
  return kind ? static_cast<heliostat_v1_Kind>(*kind) : heliostat_v1_Kind_KIND_UNSPECIFIED;
}

heliostat_v1_Limits LimitsMessage(const config::Limits& limits) {
  return {.sessions = limits.sessions,
          .targets = limits.targets,
          .filters = limits.filters,
          .rules_per_list = limits.rules_per_list,
          .rules = limits.rules,
          .sessions_per_source = limits.sessions_per_source,
          .sources_per_session = limits.sources_per_session,
          .session_sources = limits.session_sources,
          .interfaces = limits.interfaces,
          .members_per_group = limits.members_per_group};
}

template <typename Array>
void CopyBytes(std::span<const std::uint8_t> bytes, Array* out) {
  assert(bytes.size() <= sizeof(out->bytes));
  std::copy(bytes.begin(), bytes.end(), out->bytes);
  out->size = static_cast<pb_size_t>(bytes.size());
}

void Write(const CertificateLine& certificate, heliostat_v1_CertificateInfo* out) {
  CutText(certificate.subject, out->subject);
  CutText(certificate.issuer, out->issuer);
  CutText(certificate.serial, out->serial);
  out->not_before_s = certificate.not_before_s;
  out->not_after_s = certificate.not_after_s;
  CopyBytes(certificate.sha256, &out->sha256);
}

}  // namespace

void Write(const SessionState& state, heliostat_v1_SessionState* out) {
  CutText(state.name, out->name);
  out->tunnel_id = state.tunnel_id;
  out->active = state.active;
  CutText(state.reason, out->reason);
}

void Write(const InterfaceState& state, heliostat_v1_InterfaceState* out) {
  CutText(state.name, out->name);
  out->kind = static_cast<heliostat_v1_InterfaceKind>(state.kind);
  out->number = state.number;
  CopyBytes(state.mac.bytes, &out->mac);
  if (state.primary_ipv4.family == IpFamily::kIpv4) {
    CopyBytes(std::span(state.primary_ipv4.bytes).first(4), &out->primary_ipv4);
  }
  if (state.primary_ipv6.family == IpFamily::kIpv6) CopyBytes(state.primary_ipv6.bytes, &out->primary_ipv6);
  out->mtu = state.mtu;
  out->up = state.up;
  CutText(state.driver, out->driver);
}

void Write(const TargetState& state, heliostat_v1_TargetState* out) {
  out->up = state.up;
  CutText(state.reason, out->reason);
  out->members = state.members;
  out->sessions = state.sessions;
}

void Write(const FilterState& state, heliostat_v1_FilterState* out) {
  out->inbound_rules = state.inbound_rules;
  out->outbound_rules = state.outbound_rules;
  out->sessions = state.sessions;
}

void Write(const AuditLine& record, heliostat_v1_AuditRecord* out) {
  out->sequence = record.sequence;
  out->time_ns = record.time_ns;
  CutText(record.user, out->user);
  out->role = static_cast<heliostat_v1_Role>(record.role);
  CutText(record.owner, out->owner);
  CutText(record.address, out->address);
  CutText(record.action, out->action);
  out->generation = record.generation;
  CutText(record.summary, out->summary);
  CutText(record.comment, out->comment);
  CopyBytes(record.hash, &out->hash);
}

void AppendFrame(std::uint64_t id, bool more, std::uint32_t tag, std::string_view result, std::string* out) {
  const std::size_t begin = out->size();
  out->append(kFrameHeaderBytes, '\0');
  AppendNumber(heliostat_v1_Response_id_tag, id, out);
  AppendNumber(heliostat_v1_Response_more_tag, more ? 1 : 0, out);
  AppendBytes(tag, result, out);
  const std::size_t length = out->size() - begin - kFrameHeaderBytes;
  assert(length <= kMaxFrameBytes);
  for (std::size_t i = 0; i < kFrameHeaderBytes; ++i) {
    (*out)[begin + i] = static_cast<char>(length >> 8 * (kFrameHeaderBytes - 1 - i) & 0xff);
  }
}

void AppendError(std::uint64_t id, const Status& status, std::uint32_t change, std::string* out) {
  heliostat_v1_Error message{};
  message.code = static_cast<std::uint32_t>(status.code());
  const SubjectParts subject = Split(status.subject());
  CutText(subject.resource, message.resource);
  CutText(subject.field, message.field);
  CutText(status.reason(), message.reason);
  CutText(status.fix(), message.fix);
  message.change = change;
  AppendSingle(id, heliostat_v1_Response_error_tag, heliostat_v1_Error_fields, &message, out);
}

void AppendDone(std::uint64_t id, std::string* out) { AppendFrame(id, false, heliostat_v1_Response_done_tag, {}, out); }

void AppendWelcome(std::uint64_t id, const Welcome& welcome, std::string* out) {
  heliostat_v1_Welcome message{};
  message.version = kControlVersion;
  CutText(welcome.card, message.card);
  CutText(welcome.user, message.user);
  message.role = static_cast<heliostat_v1_Role>(welcome.role);
  CutText(welcome.owner, message.owner);
  message.max_frame_bytes = kMaxFrameBytes;
  AppendSingle(id, heliostat_v1_Response_welcome_tag, heliostat_v1_Welcome_fields, &message, out);
}

void AppendInfo(std::uint64_t id, const Info& info, std::string* out) {
  heliostat_v1_Info message{};
  CutText(info.card, message.card);
  CutText(info.board, message.board);
  CutText(info.description, message.description);
  CutText(info.firmware, message.firmware);
  message.hardware_id = info.hardware_id;
  message.workers = info.workers;
  message.uptime_s = info.uptime_s;
  message.time_ns = info.time_ns;
  message.generation = info.generation;
  message.confirm_left_s = info.confirm_left_s;
  message.has_limits = true;
  message.limits = LimitsMessage(info.limits);
  message.has_usage = true;
  message.usage = {.sessions = info.sessions,
                   .targets = info.targets,
                   .filters = info.filters,
                   .rules = info.rules,
                   .session_sources = info.session_sources,
                   .interfaces = info.interfaces};
  message.flash_bytes = info.flash_bytes;
  message.flash_used_bytes = info.flash_used_bytes;
  message.oldest_generation = info.oldest_generation;
  message.peak_memory_bytes = info.peak_memory_bytes;
  message.connections = info.connections;
  const std::size_t remarks = std::min(info.remarks.size(), std::size(message.remarks));
  for (std::size_t i = 0; i < remarks; ++i) CutText(info.remarks[i], message.remarks[i]);
  message.remarks_count = static_cast<pb_size_t>(remarks);
  AppendSingle(id, heliostat_v1_Response_info_tag, heliostat_v1_Info_fields, &message, out);
}

void AppendBegun(std::uint64_t id, std::uint64_t generation, std::string* out) {
  const heliostat_v1_Begun message{generation};
  AppendSingle(id, heliostat_v1_Response_begun_tag, heliostat_v1_Begun_fields, &message, out);
}

void AppendCommitted(std::uint64_t id, const Committed& committed, std::string* out) {
  heliostat_v1_Committed message{};
  message.generation = committed.generation;
  message.dry_run = committed.dry_run;
  const std::size_t changes = std::min(committed.changes.size(), std::size(message.changes));
  for (std::size_t i = 0; i < changes; ++i) {
    const Committed::KindChanges& change = committed.changes[i];
    message.changes[i] = {
        .kind = KindMessage(change.kind), .added = change.added, .changed = change.changed, .removed = change.removed};
  }
  message.changes_count = static_cast<pb_size_t>(changes);
  message.sessions = committed.sessions;
  message.active_sessions = committed.active_sessions;
  const std::size_t inactive = std::min(committed.inactive.size(), std::size(message.inactive));
  for (std::size_t i = 0; i < inactive; ++i) Write(committed.inactive[i], &message.inactive[i]);
  message.inactive_count = static_cast<pb_size_t>(inactive);
  message.confirm_within_s = committed.confirm_within_s;
  AppendSingle(id, heliostat_v1_Response_committed_tag, heliostat_v1_Committed_fields, &message, out);
}

void AppendGenerations(std::uint64_t id, const std::vector<GenerationLine>& generations, std::string* out) {
  // They are encoded one by one: a message of all would take tens of kilobytes.
  std::string result;
  const std::size_t left_out = generations.size() - std::min(generations.size(), kMaxGenerations);
  for (const GenerationLine& line : std::span(generations).subspan(left_out)) {
    heliostat_v1_Generation message{};
    message.number = line.number;
    message.time_ns = line.time_ns;
    CutText(line.user, message.user);
    CutText(line.comment, message.comment);
    CutText(line.summary, message.summary);
    message.current = line.current;
    message.confirm_left_s = line.confirm_left_s;
    std::string element;
    AppendMessage(heliostat_v1_Generation_fields, &message, &element);
    AppendBytes(heliostat_v1_Generations_generations_tag, element, &result);
  }
  AppendFrame(id, false, heliostat_v1_Response_generations_tag, result, out);
}

void AppendListEnd(std::uint64_t id, const ListEnd& end, std::string* out) {
  heliostat_v1_ListEnd message{};
  message.generation = end.generation;
  message.more = end.more;
  message.next_kind = KindMessage(end.next_kind);
  CutText(end.next_name, message.next_name);
  AppendSingle(id, heliostat_v1_Response_list_end_tag, heliostat_v1_ListEnd_fields, &message, out);
}

void AppendTrust(std::uint64_t id, const TrustInfo& trust, std::string* out) {
  heliostat_v1_TrustInfo message{};
  message.has_ca = true;
  Write(trust.ca, &message.ca);
  message.has_certificate = true;
  Write(trust.certificate, &message.certificate);
  message.has_crl = trust.has_crl;
  message.crl_next_update_s = trust.crl_next_update_s;
  message.revoked = trust.revoked;
  AppendSingle(id, heliostat_v1_Response_trust_tag, heliostat_v1_TrustInfo_fields, &message, out);
}

void AppendTime(std::uint64_t id, std::uint64_t time_ns, std::string* out) {
  const heliostat_v1_TimeSet message{time_ns};
  AppendSingle(id, heliostat_v1_Response_time_tag, heliostat_v1_TimeSet_fields, &message, out);
}

}  // namespace heliostat::codec
