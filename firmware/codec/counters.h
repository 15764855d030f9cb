// Counters -> bytes: what the card publishes, as a sequence of Readings, each preceded by its length as a varint.
//
// A reading balances: per entry, matched = sent + every drop, in packets and in bytes. That is the writer's duty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::codec {

struct Count {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  // of the original frame without FCS
  friend bool operator==(const Count&, const Count&) = default;
};

// One (session, interface, direction).
struct LedgerEntry {
  std::string session{};
  std::string interface {};
  bool outbound = false;
  Count matched{};
  Count sent{};
  Count sampled_out{};
  Count rate_limited{};
  Count no_buffer{};
  Count egress_full{};
  Count unresolved{};
  Count target_down{};
  Count too_long{};
  std::uint64_t sent_wire_bytes = 0;
  std::uint64_t sent_cut = 0;  // packets of `sent` that were cut to fit the MTU
  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

struct PortCounters {
  std::string interface {};
  Count received{};
  Count forwarded{};      // originals sent out of this port
  Count forward_drops{};  // originals that this port did not take
  Count copies{};         // copies sent out of this port
  Count loop_guard_in{};  // inbound, outbound: as seen from the interface
  Count loop_guard_out{};
  Count runt_in{};
  Count runt_out{};
  std::uint64_t forward_too_long = 0;  // those of forward_drops that were longer than the port can carry
  std::uint64_t receive_missed = 0;    // packets that arrived and that the card never saw; not in received
  Count excluded_in{};                 // what the interface's excluded filter accepted
  Count excluded_out{};
  friend bool operator==(const PortCounters&, const PortCounters&) = default;
};

// How often the rules of one filter in one direction have decided.
struct RuleHits {
  struct Rule {
    std::uint16_t number = 0;                         // 0: a network service
    config::Service service = config::Service::kDns;  // which, when `number` is 0
    std::uint64_t packets = 0;
    friend bool operator==(const Rule&, const Rule&) = default;
  };
  std::string filter{};
  bool outbound = false;
  std::vector<Rule> rules{};  // services first, then by number; those without hits are left out
  friend bool operator==(const RuleHits&, const RuleHits&) = default;
};
inline constexpr std::size_t kHitsAReading = 64;

// Appends one Reading with its length to `out`. kInvalidArgument when a name is longer than 63 bytes; `out` is then
// as it was. Any thread.
[[nodiscard]] Status AppendCounters(const LedgerEntry& entry, std::string* out);
[[nodiscard]] Status AppendCounters(const PortCounters& counters, std::string* out);
// Appends as many Readings as it takes, each of at most kHitsAReading rules; without rules it appends none.
[[nodiscard]] Status AppendCounters(const RuleHits& hits, std::string* out);
// Appends only the Reading that begins with hits.rules[from], which must exist.
[[nodiscard]] Status AppendCounters(const RuleHits& hits, std::size_t from, std::string* out);

}  // namespace heliostat::codec
