// The agent's counters as the wire has them.
#pragma once

#include <string>

#include "codec/counters.h"
#include "ledger/counts.h"

namespace heliostat::agent {
struct LedgerLine;
struct RuleHits;
}  // namespace heliostat::agent

namespace heliostat::control {

[[nodiscard]] codec::LedgerEntry ToWire(const agent::LedgerLine& line);
[[nodiscard]] codec::PortCounters ToWire(const ledger::PortCounts& counts, const std::string& interface);
[[nodiscard]] codec::RuleHits ToWire(const agent::RuleHits& hits);

}  // namespace heliostat::control
