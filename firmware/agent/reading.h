// One reading of all that the card counts: plain values, for any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "ledger/counts.h"

namespace heliostat::agent {

// One line of the ledger.
struct LedgerKey {
  std::string session{};
  std::string interface {};
  config::Direction direction = config::Direction::kInbound;
  friend auto operator<=>(const LedgerKey&, const LedgerKey&) = default;
};

struct LedgerLine {
  LedgerKey key;
  ledger::EntryCounts counts;
};

// How often the rules of one filter in one direction have decided.
struct RuleHits {
  struct Rule {
    std::uint16_t number = 0;                         // 0: a network service
    config::Service service = config::Service::kDns;  // which, when `number` is 0
    std::uint64_t packets = 0;
    friend bool operator==(const Rule&, const Rule&) = default;
  };
  std::string filter;
  config::Direction direction = config::Direction::kInbound;
  std::vector<Rule> rules;  // services first, then by number; those without hits are left out
};

struct Reading {
  std::vector<LedgerLine> ledger;         // by session, interface, direction
  std::vector<ledger::PortCounts> ports;  // by port
  std::vector<RuleHits> hits;             // by filter, direction; none without a rule
};

}  // namespace heliostat::agent
