// Renders a reading of the card's counters (proto/counters.proto).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "counters.pb.h"
#include "helioctl/table.h"

namespace heliostat::helioctl {

struct CounterReading {
  std::vector<v1::LedgerEntry> entries;
  std::vector<v1::PortCounters> ports;
};

// A stream of length-delimited Readings. kDataLoss with the byte at which it goes wrong.
[[nodiscard]] Result<CounterReading> ReadCounters(std::string_view stream);

// matched = sent + every drop, in packets and in bytes.
bool Balances(const v1::LedgerEntry& entry);
bool Balances(const CounterReading& reading);

enum class CounterColumns : std::uint8_t { kNonZero, kAll };

// Tables for people: the ledger with its totals, whether it balances, the ports.
std::string CountersTable(const CounterReading& reading, CounterColumns columns, const TableStyle& style = {});

// Every field under its name in counters.proto; numbers as numbers.
std::string CountersJson(const CounterReading& reading);

}  // namespace heliostat::helioctl
