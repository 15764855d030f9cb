#include "account.h"

#include "control/wire_counters.h"
#include "ledger/counts.h"
#include "log.h"

namespace heliostat {

Result<std::string> EncodeReading(const agent::Reading& reading, const config::Board& board) {
  std::string bytes;
  for (const agent::LedgerLine& line : reading.ledger) {
    HELIOSTAT_RETURN_IF_ERROR(codec::AppendCounters(control::ToWire(line), &bytes));
  }
  for (std::size_t i = 0; i < reading.ports.size(); ++i) {
    HELIOSTAT_RETURN_IF_ERROR(codec::AppendCounters(control::ToWire(reading.ports[i], board.ports[i].name), &bytes));
  }
  for (const agent::RuleHits& hits : reading.hits) {
    HELIOSTAT_RETURN_IF_ERROR(codec::AppendCounters(control::ToWire(hits), &bytes));
  }
  return bytes;
}

bool LogReading(const agent::Reading& reading, const config::Board& board) {
  bool balances = true;
  for (const agent::LedgerLine& line : reading.ledger) {
    std::string text = "ledger session=" + line.key.session + " interface=" + line.key.interface +
                       (line.key.direction == config::Direction::kInbound ? " inbound" : " outbound");
    for (std::size_t i = 0; i < ledger::kColumns; ++i) {
      const auto column = static_cast<ledger::Column>(i);
      if (i > 1 && line.counts[column].packets == 0) continue;
      text += " " + std::string(ledger::ColumnName(column)) + "=" + std::to_string(line.counts[column].packets);
    }
    balances = balances && line.counts.Balances();
    Log(text);
  }
  for (std::size_t i = 0; i < reading.ports.size(); ++i) {
    const ledger::PortCounts& counts = reading.ports[i];
    Log("port " + board.ports[i].name + " received=" + std::to_string(counts.received.packets) + " forwarded=" +
        std::to_string(counts.forwarded.packets) + " forward_drops=" + std::to_string(counts.forward_drops.packets) +
        " copies=" + std::to_string(counts.copies.packets) +
        (counts.receive_missed == 0 ? "" : " receive_missed=" + std::to_string(counts.receive_missed)));
  }
  return balances;
}

}  // namespace heliostat
