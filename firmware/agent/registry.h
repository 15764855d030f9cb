// The registry holds by name what outlives an epoch. Counters, ERSPAN sequences, rate limiters and hits of rules stay
// with their session, source, target or rule, whatever port it is on and whether or not it makes copies just now. So a
// session that is disabled and enabled again, or a port that goes and comes back, continues where it was.
//
// A registry is a value: the next epoch's is made from a copy, so an epoch that is never published leaves nothing
// behind. An entry that no name needs any more is released in two steps: For drops it from the names; once no worker
// reads tables that count in it, Agent::Reclaim clears it and frees it for others. The agent's thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "datapath/rate_limiter.h"
#include "datapath/tables.h"
#include "rules/rule_list.h"

namespace heliostat::agent {

// The numbers of entries in the workers' shards: each is taken, freed and taken again.
class EntryPool {
 public:
  [[nodiscard]] std::uint32_t Take();
  // Allocates nothing after ReserveFree.
  void Free(std::uint32_t entry) { free_.push_back(entry); }
  void ReserveFree() { free_.reserve(used_); }
  // Entries ever taken: 0..used()-1.
  [[nodiscard]] std::uint32_t used() const { return used_; }

 private:
  std::uint32_t used_ = 0;
  std::vector<std::uint32_t> free_;
};

// Entries that nothing names any more.
struct Released {
  std::vector<std::uint32_t> ledger;
  std::vector<std::uint32_t> hits;
};

class Registry {
 public:
  static constexpr std::uint32_t kNoEntry = 0xffffffff;

  struct Source {
    std::string interface {};
    std::array<std::uint32_t, 2> ledger{kNoEntry, kNoEntry};  // by config::Direction
  };
  struct SessionState {
    std::vector<Source> sources;                                                     // ascending by interface
    std::vector<std::pair<std::string, std::shared_ptr<datapath::Stream>>> streams;  // by target
    config::RateLimit limit;
    std::shared_ptr<datapath::RateLimiter> limiter;  // null: none
  };
  struct FilterHits {
    std::vector<rules::RuleOrigin> origins;
    std::shared_ptr<const datapath::HitEntries> entries;  // by rule, as `origins`
  };

  // Returns the registry of what `config` still has; the entries of what it does not have any more are appended to
  // `released`.
  [[nodiscard]] Registry For(const config::Config& config, Released* released) const;

  // These four make what they are asked for when it is not there yet.
  std::uint32_t LedgerEntry(const std::string& session, const std::string& interface, config::Direction direction);
  std::shared_ptr<datapath::Stream> StreamOf(const std::string& session, const std::string& target);
  // All sources of a session share one limiter. It is made anew when the largest copy does not fit its full bucket any
  // more; when copies become smaller again it stays.
  std::shared_ptr<datapath::RateLimiter> LimiterOf(const config::Session& session, std::uint32_t largest_copy_bytes,
                                                   std::uint64_t now_ns);
  std::shared_ptr<const datapath::HitEntries> HitsOf(const config::Filter& filter, config::Direction direction);

  [[nodiscard]] const std::map<std::string, std::shared_ptr<SessionState>>& sessions() const { return sessions_; }
  [[nodiscard]] const std::map<std::pair<std::string, config::Direction>, FilterHits>& hits() const { return hits_; }
  EntryPool& ledger_entries() { return ledger_entries_; }
  EntryPool& hit_entries() { return hit_entries_; }

 private:
  [[nodiscard]] const SessionState* Find(const std::string& session) const;
  SessionState& Own(const std::string& session);

  // Epochs share a session's state until one of them changes it.
  std::map<std::string, std::shared_ptr<SessionState>> sessions_;
  std::map<std::pair<std::string, config::Direction>, FilterHits> hits_;
  EntryPool ledger_entries_;
  EntryPool hit_entries_;
};

}  // namespace heliostat::agent
