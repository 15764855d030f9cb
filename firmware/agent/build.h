// A valid configuration on this card -> the tables that workers read. Everything that may fail happens here, before
// anything is published.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "agent/reading.h"
#include "agent/report.h"
#include "base/status.h"
#include "config/config.h"
#include "datapath/tables.h"
#include "rules/compile.h"
#include "rules/loop_guard.h"

namespace heliostat::agent {

// What outlives a generation, by name: counters, sequences, rate limiters, picked IDs.
struct Registry {
  std::shared_ptr<const config::Config> config;  // null: nothing was built yet
  rules::FilterTables filter_tables;             // of `config`
  std::map<LedgerKey, std::uint32_t> ledger;     // entry
  std::uint32_t ledger_entries = 0;              // entries ever used: 0..ledger_entries-1
  std::vector<std::uint32_t> free_entries;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<datapath::Stream>> streams;  // session, target
  struct Limiter {
    config::RateLimit limit;
    std::shared_ptr<datapath::RateLimiter> limiter;
  };
  std::map<std::string, Limiter> limiters;  // by session
};

struct Built {
  std::unique_ptr<datapath::Tables> tables;  // without their generation
  Registry registry;
  std::vector<std::uint32_t> dropped_entries;  // no longer named; free once no worker reads the old tables
  std::vector<SessionReport> sessions;
  std::size_t policies = 0;
};

struct BuildInput {
  std::shared_ptr<const config::Config> config;      // valid
  const std::vector<config::Interface>& interfaces;  // by port
  std::uint8_t hardware_id = 0;
  std::uint64_t seed = 0;    // of flow sampling
  std::uint64_t now_ns = 0;  // monotonic
};

// kResourceExhausted or kInvalidArgument; `previous` is unchanged.
[[nodiscard]] Result<Built> Build(const BuildInput& input, const Registry& previous);

// What the loop guard is told: every copy that this configuration's enabled sessions make, and the VLAN ID of every
// edge and `vlan` target, used or not, on the target's interface (an index of `interfaces`).
struct OwnCopies {
  std::vector<rules::CopyIdentity> copies;
  std::vector<rules::GuardedVlan> vlans;
};
[[nodiscard]] OwnCopies FindOwnCopies(const config::Config& config, const std::vector<config::Interface>& interfaces);

}  // namespace heliostat::agent
