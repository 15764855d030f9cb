// Renders a reading of the card's counters (proto/counters.proto).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "counters.pb.h"
#include "helioctl/cli/table.h"

namespace heliostat::helioctl {

struct CounterReading {
  std::vector<v1::LedgerEntry> entries;
  std::vector<v1::PortCounters> ports;
  std::vector<v1::RuleHits> hits{};  // of rules that have decided something
};

void AddTo(const v1::Reading& item, CounterReading& reading);

// A stream of length-delimited Readings. kDataLoss with the byte at which it goes wrong.
[[nodiscard]] Result<CounterReading> ReadCounters(std::string_view stream);

// matched = sent + every drop, in packets and in bytes.
bool Balances(const v1::LedgerEntry& entry);
bool Balances(const CounterReading& reading);

enum class CounterColumns : std::uint8_t { kNonZero, kAll };

// Each drop of an entry by its name in counters.proto.
struct NamedCount {
  std::string_view name;
  v1::Count count;
};
std::vector<NamedCount> DropsOf(const v1::LedgerEntry& entry);

// Each count of a port that has packets and bytes, by its name in counters.proto.
std::vector<NamedCount> CountsOf(const v1::PortCounters& port);

// The sum of all columns; it says no session, interface or direction.
v1::LedgerEntry TotalOf(const std::vector<v1::LedgerEntry>& entries);

// `inbound` or `outbound`.
std::string_view DirectionName(const v1::LedgerEntry& entry);

// Tables for people: the ledger with its totals, whether it balances, the ports.
std::string CountersTable(const CounterReading& reading, CounterColumns columns, const TableStyle& style = {});

// Every count of an entry under its name in counters.proto; numbers as numbers.
nlohmann::ordered_json LedgerJson(const v1::LedgerEntry& entry);
// The same for all entries with their total, and the ports.
std::string CountersJson(const CounterReading& reading);

}  // namespace heliostat::helioctl
