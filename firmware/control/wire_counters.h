// The agent's counters as the wire has them.
#pragma once

#include <string>

#include "codec/counters.h"

namespace heliostat::agent {
struct LedgerLine;
struct RuleHits;
}  // namespace heliostat::agent

namespace heliostat::datapath {
struct PortCounts;
}  // namespace heliostat::datapath

namespace heliostat::control {

[[nodiscard]] codec::LedgerEntry ToWire(const agent::LedgerLine& line);
[[nodiscard]] codec::PortCounters ToWire(const datapath::PortCounts& counts, const std::string& interface);
[[nodiscard]] codec::RuleHits ToWire(const agent::RuleHits& hits);

}  // namespace heliostat::control
