#include "helioctl/card/counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "helioctl/cli/output.h"
#include "helioctl/yaml/unit_stream.h"

namespace heliostat::helioctl {
namespace {

template <typename Message>
struct CountColumn {
  std::string_view name;
  const v1::Count& (Message::*get)() const;
};

using LedgerColumn = CountColumn<v1::LedgerEntry>;
using PortColumn = CountColumn<v1::PortCounters>;

constexpr std::array<LedgerColumn, 7> kDrops{{{"sampled_out", &v1::LedgerEntry::sampled_out},
                                              {"rate_limited", &v1::LedgerEntry::rate_limited},
                                              {"no_buffer", &v1::LedgerEntry::no_buffer},
                                              {"egress_full", &v1::LedgerEntry::egress_full},
                                              {"unresolved", &v1::LedgerEntry::unresolved},
                                              {"target_down", &v1::LedgerEntry::target_down},
                                              {"too_long", &v1::LedgerEntry::too_long}}};

// Those that are always shown, then those shown when something is in them.
constexpr std::size_t kUsualPortColumns = 4;
constexpr std::array<PortColumn, 10> kPortColumns{{{"received", &v1::PortCounters::received},
                                                   {"forwarded", &v1::PortCounters::forwarded},
                                                   {"forward_drops", &v1::PortCounters::forward_drops},
                                                   {"copies", &v1::PortCounters::copies},
                                                   {"loop_guard_in", &v1::PortCounters::loop_guard_in},
                                                   {"loop_guard_out", &v1::PortCounters::loop_guard_out},
                                                   {"excluded_in", &v1::PortCounters::excluded_in},
                                                   {"excluded_out", &v1::PortCounters::excluded_out},
                                                   {"runt_in", &v1::PortCounters::runt_in},
                                                   {"runt_out", &v1::PortCounters::runt_out}}};

// Packets alone; shown when something is in them.
struct PacketColumn {
  std::string_view name;
  std::uint64_t (v1::PortCounters::*get)() const;
};
constexpr std::array<PacketColumn, 2> kPacketColumns{
    {{"forward_too_long", &v1::PortCounters::forward_too_long}, {"receive_missed", &v1::PortCounters::receive_missed}}};

constexpr std::string_view kTotal = "total";

bool IsZero(const v1::Count& count) { return count.packets() == 0 && count.bytes() == 0; }

std::uint64_t SaturatingSum(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

void Add(const v1::Count& count, v1::Count& sum) {
  sum.set_packets(SaturatingSum(sum.packets(), count.packets()));
  sum.set_bytes(SaturatingSum(sum.bytes(), count.bytes()));
}

v1::Count Accounted(const v1::LedgerEntry& entry) {
  v1::Count sum = entry.sent();
  for (const LedgerColumn& drop : kDrops) Add((entry.*drop.get)(), sum);
  return sum;
}

std::string CountText(const v1::Count& count) { return fmt::format("{}/{}", count.packets(), count.bytes()); }

std::string Difference(std::uint64_t matched, std::uint64_t accounted) {
  return matched >= accounted ? fmt::format("{} missing", matched - accounted)
                              : fmt::format("{} too many", accounted - matched);
}

std::string BalanceCell(const v1::LedgerEntry& entry) {
  if (Balances(entry)) return "ok";
  const v1::Count accounted = Accounted(entry);
  return fmt::format("OFF: {} packets, {} bytes", Difference(entry.matched().packets(), accounted.packets()),
                     Difference(entry.matched().bytes(), accounted.bytes()));
}

using Row = std::vector<Cell>;

// The first `labels` columns to the left, the others to the right.
Table TableOf(const std::vector<std::string>& titles, std::size_t labels) {
  std::vector<Column> columns;
  for (const std::string& title : titles) {
    columns.push_back({title, columns.size() < labels ? Align::kLeft : Align::kRight});
  }
  return Table(std::move(columns));
}

Row LedgerRow(const v1::LedgerEntry& entry, const std::vector<LedgerColumn>& drops, bool cuts, Row labels) {
  Row row = std::move(labels);
  row.emplace_back(CountText(entry.matched()));
  row.emplace_back(CountText(entry.sent()));
  for (const LedgerColumn& drop : drops) row.emplace_back(CountText((entry.*drop.get)()));
  row.emplace_back(std::to_string(entry.sent_wire_bytes()));
  if (cuts) row.emplace_back(std::to_string(entry.sent_cut()));
  return row;
}

std::string LedgerTable(const CounterReading& reading, CounterColumns columns, const TableStyle& style) {
  if (reading.entries.empty()) return "no session has a ledger entry\n";
  const v1::LedgerEntry total = TotalOf(reading.entries);
  std::vector<LedgerColumn> drops;
  for (const LedgerColumn& drop : kDrops) {
    if (columns == CounterColumns::kAll || !IsZero((total.*drop.get)())) drops.push_back(drop);
  }
  const bool cuts = columns == CounterColumns::kAll || total.sent_cut() != 0;
  std::vector<std::string> titles{"session", "interface", "direction", "matched", "sent"};
  for (const LedgerColumn& drop : drops) titles.emplace_back(drop.name);
  titles.emplace_back("sent_wire_bytes");
  if (cuts) titles.emplace_back("sent_cut");
  titles.emplace_back("balance");
  Table table = TableOf(titles, 3);
  for (const v1::LedgerEntry& entry : reading.entries) {
    Row row = LedgerRow(entry, drops, cuts, {entry.session(), entry.interface(), std::string(DirectionName(entry))});
    row.emplace_back(BalanceCell(entry), Balances(entry) ? Tone::kPlain : Tone::kBad);
    table.Add(std::move(row));
  }
  table.Add(LedgerRow(total, drops, cuts, {std::string(kTotal), "", ""}));
  return table.Render(style);
}

std::string BalanceLine(const CounterReading& reading) {
  const auto balanced = std::count_if(reading.entries.begin(), reading.entries.end(),
                                      [](const v1::LedgerEntry& entry) { return Balances(entry); });
  const auto all = static_cast<std::ptrdiff_t>(reading.entries.size());
  if (balanced == all) return fmt::format("ledger: matched = sent + drops in all {} entries, packets and bytes\n", all);
  return fmt::format("ledger: DOES NOT BALANCE in {} of {} entries\n", all - balanced, all);
}

std::string PortTable(const CounterReading& reading, CounterColumns columns, const TableStyle& style) {
  std::vector<PortColumn> shown;
  for (std::size_t i = 0; i < kPortColumns.size(); ++i) {
    const bool counted = std::any_of(reading.ports.begin(), reading.ports.end(), [&](const v1::PortCounters& port) {
      return !IsZero((port.*kPortColumns[i].get)());
    });
    if (i < kUsualPortColumns || counted || columns == CounterColumns::kAll) shown.push_back(kPortColumns[i]);
  }
  std::vector<PacketColumn> packets;
  for (const PacketColumn& column : kPacketColumns) {
    const bool counted = std::any_of(reading.ports.begin(), reading.ports.end(),
                                     [&](const v1::PortCounters& port) { return (port.*column.get)() != 0; });
    if (counted || columns == CounterColumns::kAll) packets.push_back(column);
  }
  std::vector<std::string> titles{"port"};
  for (const PortColumn& column : shown) titles.emplace_back(column.name);
  for (const PacketColumn& column : packets) titles.emplace_back(column.name);
  Table table = TableOf(titles, 1);
  for (const v1::PortCounters& port : reading.ports) {
    Row row{port.interface()};
    for (const PortColumn& column : shown) row.emplace_back(CountText((port.*column.get)()));
    for (const PacketColumn& column : packets) row.emplace_back(std::to_string((port.*column.get)()));
    table.Add(std::move(row));
  }
  return table.Render(style);
}

Json ToJson(const v1::Count& count) { return {{"packets", count.packets()}, {"bytes", count.bytes()}}; }

}  // namespace

Json LedgerJson(const v1::LedgerEntry& entry) {
  Json json;
  json["matched"] = ToJson(entry.matched());
  json["sent"] = ToJson(entry.sent());
  for (const LedgerColumn& drop : kDrops) json[std::string(drop.name)] = ToJson((entry.*drop.get)());
  json["sent_wire_bytes"] = entry.sent_wire_bytes();
  json["sent_cut"] = entry.sent_cut();
  return json;
}

void AddTo(const v1::Reading& item, CounterReading& reading) {
  if (item.has_entry()) reading.entries.push_back(item.entry());
  if (item.has_port()) reading.ports.push_back(item.port());
  if (item.has_hits()) reading.hits.push_back(item.hits());
}

Result<CounterReading> ReadCounters(std::string_view stream) {
  CounterReading reading;
  const std::size_t size = stream.size();
  while (!stream.empty()) {
    v1::Reading item;
    if (const Status status = TakeDelimited(stream, item); !status.ok()) {
      return Status(status.code(), fmt::format("byte {}", size - stream.size()), status.reason(),
                    "give a whole file of counters as the card writes it");
    }
    AddTo(item, reading);
  }
  return reading;
}

v1::LedgerEntry TotalOf(const std::vector<v1::LedgerEntry>& entries) {
  v1::LedgerEntry total;
  for (const v1::LedgerEntry& entry : entries) {
    Add(entry.matched(), *total.mutable_matched());
    Add(entry.sent(), *total.mutable_sent());
    Add(entry.sampled_out(), *total.mutable_sampled_out());
    Add(entry.rate_limited(), *total.mutable_rate_limited());
    Add(entry.no_buffer(), *total.mutable_no_buffer());
    Add(entry.egress_full(), *total.mutable_egress_full());
    Add(entry.unresolved(), *total.mutable_unresolved());
    Add(entry.target_down(), *total.mutable_target_down());
    Add(entry.too_long(), *total.mutable_too_long());
    total.set_sent_wire_bytes(SaturatingSum(total.sent_wire_bytes(), entry.sent_wire_bytes()));
    total.set_sent_cut(SaturatingSum(total.sent_cut(), entry.sent_cut()));
  }
  return total;
}

std::string_view DirectionName(const v1::LedgerEntry& entry) { return entry.outbound() ? "outbound" : "inbound"; }

std::vector<NamedCount> DropsOf(const v1::LedgerEntry& entry) {
  std::vector<NamedCount> drops;
  for (const LedgerColumn& drop : kDrops) drops.push_back({drop.name, (entry.*drop.get)()});
  return drops;
}

std::vector<NamedCount> CountsOf(const v1::PortCounters& port) {
  std::vector<NamedCount> counts;
  for (const PortColumn& column : kPortColumns) counts.push_back({column.name, (port.*column.get)()});
  return counts;
}

bool Balances(const v1::LedgerEntry& entry) {
  const v1::Count accounted = Accounted(entry);
  return entry.matched().packets() == accounted.packets() && entry.matched().bytes() == accounted.bytes();
}

bool Balances(const CounterReading& reading) {
  return std::all_of(reading.entries.begin(), reading.entries.end(),
                     [](const v1::LedgerEntry& entry) { return Balances(entry); });
}

std::string CountersTable(const CounterReading& reading, CounterColumns columns, const TableStyle& style) {
  std::string text = "packets/bytes of the original frames\n\n" + LedgerTable(reading, columns, style);
  if (!reading.entries.empty()) text += BalanceLine(reading);
  if (!reading.ports.empty()) text += "\n" + PortTable(reading, columns, style);
  return text;
}

std::string CountersJson(const CounterReading& reading) {
  Json json;
  json["entries"] = Json::array();
  for (const v1::LedgerEntry& entry : reading.entries) {
    Json item{{"session", entry.session()}, {"interface", entry.interface()}, {"direction", DirectionName(entry)}};
    item.update(LedgerJson(entry));
    item["balanced"] = Balances(entry);
    json["entries"].push_back(std::move(item));
  }
  json["total"] = LedgerJson(TotalOf(reading.entries));
  json["balanced"] = Balances(reading);
  json["ports"] = Json::array();
  for (const v1::PortCounters& port : reading.ports) {
    Json item{{"interface", port.interface()}};
    for (const PortColumn& column : kPortColumns) item[std::string(column.name)] = ToJson((port.*column.get)());
    for (const PacketColumn& column : kPacketColumns) item[std::string(column.name)] = (port.*column.get)();
    json["ports"].push_back(std::move(item));
  }
  return JsonText(json);
}

}  // namespace heliostat::helioctl
