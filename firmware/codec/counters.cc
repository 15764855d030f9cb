#include "codec/counters.h"

#include <counters.pb.h>
#include <pb_encode.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string_view>

#include "config/check.h"

namespace heliostat::codec {
namespace {

using config::Invalid;

static_assert(std::size(heliostat_v1_RuleHits{}.rules) == kHitsAReading);
static_assert(static_cast<int>(config::Service::kDns) == heliostat_v1_Service_DNS);
static_assert(static_cast<int>(config::Service::kActivation) == heliostat_v1_Service_ACTIVATION);

// Copies a name into nanopb's array of kSize, NUL included.
template <std::size_t kSize>
Status CopyName(std::string_view field, const std::string& name, char (&out)[kSize]) {
  if (name.size() >= kSize) {
    return Invalid(std::string(field), "it has " + std::to_string(name.size()) + " bytes",
                   "use at most " + std::to_string(kSize - 1));
  }
  std::memcpy(out, name.c_str(), name.size() + 1);
  return {};
}

// A Count that is 0 is left out: it is the default.
void CopyCount(const Count& count, bool* has, heliostat_v1_Count* out) {
  *has = count != Count{};
  *out = {count.packets, count.bytes};
}

Status Append(const heliostat_v1_Reading& reading, std::string* out) {
  constexpr std::size_t kLengthBytes = 2;
  std::array<pb_byte_t, kLengthBytes + heliostat_v1_Reading_size> buffer;
  static_assert(heliostat_v1_Reading_size < 1U << 14, "the length fits kLengthBytes");
  pb_ostream_t stream = pb_ostream_from_buffer(buffer.data(), buffer.size());
  if (!pb_encode_ex(&stream, heliostat_v1_Reading_fields, &reading, PB_ENCODE_DELIMITED)) {
    return {Code::kInternal, "reading", PB_GET_ERROR(&stream), {}};
  }
  out->append(reinterpret_cast<const char*>(buffer.data()), stream.bytes_written);
  return {};
}

}  // namespace

Status AppendCounters(const LedgerEntry& entry, std::string* out) {
  heliostat_v1_Reading reading{};
  reading.which_kind = heliostat_v1_Reading_entry_tag;
  heliostat_v1_LedgerEntry& message = reading.kind.entry;
  HELIOSTAT_RETURN_IF_ERROR(CopyName("session", entry.session, message.session));
  HELIOSTAT_RETURN_IF_ERROR(CopyName("interface", entry.interface, message.interface));
  message.outbound = entry.outbound;
  CopyCount(entry.matched, &message.has_matched, &message.matched);
  CopyCount(entry.sent, &message.has_sent, &message.sent);
  CopyCount(entry.sampled_out, &message.has_sampled_out, &message.sampled_out);
  CopyCount(entry.rate_limited, &message.has_rate_limited, &message.rate_limited);
  CopyCount(entry.no_buffer, &message.has_no_buffer, &message.no_buffer);
  CopyCount(entry.egress_full, &message.has_egress_full, &message.egress_full);
  CopyCount(entry.unresolved, &message.has_unresolved, &message.unresolved);
  CopyCount(entry.target_down, &message.has_target_down, &message.target_down);
  CopyCount(entry.too_long, &message.has_too_long, &message.too_long);
  message.sent_wire_bytes = entry.sent_wire_bytes;
  message.sent_cut = entry.sent_cut;
  return Append(reading, out);
}

Status AppendCounters(const PortCounters& counters, std::string* out) {
  heliostat_v1_Reading reading{};
  reading.which_kind = heliostat_v1_Reading_port_tag;
  heliostat_v1_PortCounters& message = reading.kind.port;
  HELIOSTAT_RETURN_IF_ERROR(CopyName("interface", counters.interface, message.interface));
  CopyCount(counters.received, &message.has_received, &message.received);
  CopyCount(counters.forwarded, &message.has_forwarded, &message.forwarded);
  CopyCount(counters.forward_drops, &message.has_forward_drops, &message.forward_drops);
  CopyCount(counters.copies, &message.has_copies, &message.copies);
  CopyCount(counters.loop_guard_in, &message.has_loop_guard_in, &message.loop_guard_in);
  CopyCount(counters.loop_guard_out, &message.has_loop_guard_out, &message.loop_guard_out);
  CopyCount(counters.runt_in, &message.has_runt_in, &message.runt_in);
  CopyCount(counters.runt_out, &message.has_runt_out, &message.runt_out);
  message.forward_too_long = counters.forward_too_long;
  message.receive_missed = counters.receive_missed;
  CopyCount(counters.excluded_in, &message.has_excluded_in, &message.excluded_in);
  CopyCount(counters.excluded_out, &message.has_excluded_out, &message.excluded_out);
  return Append(reading, out);
}

Status AppendCounters(const RuleHits& hits, std::size_t from, std::string* out) {
  heliostat_v1_Reading reading{};
  reading.which_kind = heliostat_v1_Reading_hits_tag;
  heliostat_v1_RuleHits& message = reading.kind.hits;
  HELIOSTAT_RETURN_IF_ERROR(CopyName("filter", hits.filter, message.filter));
  message.outbound = hits.outbound;
  const std::size_t count = std::min(kHitsAReading, hits.rules.size() - from);
  for (std::size_t i = 0; i < count; ++i) {
    const RuleHits::Rule& rule = hits.rules[from + i];
    message.rules[i].number = rule.number;
    if (rule.number == 0) message.rules[i].service = static_cast<heliostat_v1_Service>(rule.service);
    message.rules[i].packets = rule.packets;
  }
  message.rules_count = static_cast<pb_size_t>(count);
  return Append(reading, out);
}

Status AppendCounters(const RuleHits& hits, std::string* out) {
  for (std::size_t from = 0; from < hits.rules.size(); from += kHitsAReading) {
    HELIOSTAT_RETURN_IF_ERROR(AppendCounters(hits, from, out));
  }
  return {};
}

}  // namespace heliostat::codec
