// One reading of all that the card counts: plain values, for any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "datapath/counts.h"

namespace heliostat::agent {

// One line of the ledger.
struct LedgerKey {
  std::string session;
  std::uint16_t interface = 0;  // index of the port
  config::Direction direction = config::Direction::kInbound;
  friend auto operator<=>(const LedgerKey&, const LedgerKey&) = default;
};

struct LedgerLine {
  LedgerKey key;
  datapath::EntryCounts counts;
};

struct Reading {
  std::vector<LedgerLine> ledger;           // by session, interface, direction
  std::vector<datapath::PortCounts> ports;  // by port
};

}  // namespace heliostat::agent
