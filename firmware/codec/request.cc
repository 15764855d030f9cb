#include <control.pb.h>
#include <pb_decode.h>

#include <array>
#include <utility>

#include "codec/control.h"
#include "codec/field.h"
#include "codec/wire_scan.h"
#include "config/check.h"

namespace heliostat::codec {
namespace {

using config::Invalid;

static_assert(static_cast<int>(config::Kind::kInterface) == heliostat_v1_Kind_INTERFACE);
static_assert(static_cast<int>(config::Kind::kUnderlay) == heliostat_v1_Kind_UNDERLAY);
static_assert(static_cast<int>(config::Kind::kTarget) == heliostat_v1_Kind_TARGET);
static_assert(static_cast<int>(config::Kind::kFilter) == heliostat_v1_Kind_FILTER);
static_assert(static_cast<int>(config::Kind::kSession) == heliostat_v1_Kind_SESSION);

constexpr std::uint32_t kMinIntervalMs = 100;
constexpr std::uint32_t kMaxIntervalMs = 3'600'000;

std::optional<config::Kind> ReadKind(heliostat_v1_Kind kind) {
  if (kind == heliostat_v1_Kind_KIND_UNSPECIFIED) return std::nullopt;
  return static_cast<config::Kind>(kind);
}

Result<Call> ReadGet(const heliostat_v1_Get& message) {
  const auto kind = ReadKind(message.kind);
  if (!kind) return Missing("get kind", "say interface, underlay, target, filter or session");
  return Call(Get{.kind = *kind, .name = message.name, .generation = message.generation});
}

Result<Call> ReadList(const heliostat_v1_List& message) {
  List list{.kind = ReadKind(message.kind),
            .name = message.name,
            .whole = message.whole,
            .generation = message.generation,
            .limit = message.limit,
            .after_kind = ReadKind(message.after_kind),
            .after_name = message.after_name};
  for (std::size_t i = 0; i < message.tags_count; ++i) {
    list.tags.push_back({message.tags[i].key, message.tags[i].value});
  }
  return Call(std::move(list));
}

Result<Call> ReadWatch(const heliostat_v1_Watch& message) {
  if (message.interval_ms < kMinIntervalMs || message.interval_ms > kMaxIntervalMs) {
    return Invalid("watch interval_ms", "it is " + std::to_string(message.interval_ms),
                   "use " + std::to_string(kMinIntervalMs) + " to " + std::to_string(kMaxIntervalMs));
  }
  if (message.filter[0] != '\0' && !message.hits) {
    return Invalid("watch filter", "it chooses among hits, and none are asked for", "ask for hits, or leave it out");
  }
  return Call(Watch{.interval_ms = message.interval_ms,
                    .count = message.count,
                    .session = message.session,
                    .states = message.states,
                    .counters = message.counters,
                    .hits = message.hits,
                    .filter = message.filter});
}

Call ReadSetTrust(std::span<const std::uint8_t> body, const heliostat_v1_SetTrust& message) {
  return SetTrust{.ca = FindContent(body, heliostat_v1_SetTrust_ca_tag),
                  .certificate = FindContent(body, heliostat_v1_SetTrust_certificate_tag),
                  .private_key = FindContent(body, heliostat_v1_SetTrust_private_key_tag),
                  .crl = FindContent(body, heliostat_v1_SetTrust_crl_tag),
                  .allow_lockout = message.allow_lockout};
}

// `frame` is for what nanopb does not keep.
Result<Call> ReadCall(const heliostat_v1_Request& request, std::span<const std::uint8_t> frame) {
  const auto& call = request.call;
  switch (request.which_call) {
    case heliostat_v1_Request_hello_tag:
      return Call(Hello{call.hello.oldest_version, call.hello.newest_version, call.hello.client});
    case heliostat_v1_Request_get_info_tag: return Call(GetInfo{});
    case heliostat_v1_Request_begin_tag: return Call(Begin{call.begin.expected_generation});
    case heliostat_v1_Request_edit_tag: return Call(Edit{*FindContent(frame, heliostat_v1_Request_edit_tag)});
    case heliostat_v1_Request_commit_tag:
      return Call(Commit{call.commit.confirm_within_s, call.commit.comment, call.commit.dry_run});
    case heliostat_v1_Request_abort_tag: return Call(Abort{});
    case heliostat_v1_Request_confirm_tag: return Call(Confirm{call.confirm.generation});
    case heliostat_v1_Request_rollback_tag:
      return Call(Rollback{.generation = call.rollback.generation,
                           .expected_generation = call.rollback.expected_generation,
                           .confirm_within_s = call.rollback.confirm_within_s,
                           .comment = call.rollback.comment,
                           .dry_run = call.rollback.dry_run});
    case heliostat_v1_Request_list_generations_tag: return Call(ListGenerations{});
    case heliostat_v1_Request_get_tag: return ReadGet(call.get);
    case heliostat_v1_Request_list_tag: return ReadList(call.list);
    case heliostat_v1_Request_watch_tag: return ReadWatch(call.watch);
    case heliostat_v1_Request_get_audit_tag: return Call(GetAudit{call.get_audit.after, call.get_audit.limit});
    case heliostat_v1_Request_set_trust_tag:
      return ReadSetTrust(*FindContent(frame, heliostat_v1_Request_set_trust_tag), call.set_trust);
    case heliostat_v1_Request_get_trust_tag: return Call(GetTrust{});
    case heliostat_v1_Request_set_time_tag: return Call(SetTime{call.set_time.time_ns});
    default: return Invalid("request", "it asks for nothing", "give it one call");
  }
}

}  // namespace

std::string_view CallName(const Call& call) {
  constexpr std::array<std::string_view, std::variant_size_v<Call>> kNames = {
      "hello", "get_info", "begin", "edit",      "commit",    "abort",     "confirm", "rollback", "list_generations",
      "get",   "list",     "watch", "get_audit", "set_trust", "get_trust", "set_time"};
  return kNames[call.index()];
}

Result<Request> DecodeRequest(std::span<const std::uint8_t> frame, std::uint64_t* id) {
  *id = 0;
  if (frame.size() > kMaxFrameBytes) {
    return Invalid("frame", "it has " + std::to_string(frame.size()) + " bytes",
                   "use at most " + std::to_string(kMaxFrameBytes) + " bytes");
  }
  *id = FindNumber(frame, heliostat_v1_Request_id_tag).value_or(0);
  Status scanned = ScanMessage(frame, heliostat_v1_Request_fields);
  if (!scanned.ok()) return scanned.subject().empty() ? std::move(scanned).Within("request") : scanned;
  heliostat_v1_Request message{};
  pb_istream_t stream = pb_istream_from_buffer(frame.data(), frame.size());
  if (!pb_decode(&stream, heliostat_v1_Request_fields, &message)) {
    return Status(Code::kDataLoss, "request", PB_GET_ERROR(&stream), "send it again");
  }
  Result<Call> call = ReadCall(message, frame);
  if (!call.ok()) return call.status();
  return Request{.id = message.id, .call = std::move(*call)};
}

bool ChangeReader::Next(std::span<const std::uint8_t>* change) {
  WireReader in(rest_);
  std::uint64_t key = 0;
  // The Edit was scanned before: it holds nothing but changes.
  if (in.AtEnd() || !in.Varint(&key) || !in.Bytes(change)) return false;
  rest_ = rest_.last(static_cast<std::size_t>(rest_.data() + rest_.size() - (change->data() + change->size())));
  return true;
}

}  // namespace heliostat::codec
