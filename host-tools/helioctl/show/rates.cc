#include "helioctl/show/rates.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "helioctl/cli/quantity.h"

namespace heliostat::helioctl {
namespace {

constexpr double kBitsPerByte = 8;

std::uint64_t Dropped(const v1::LedgerEntry& entry) {
  std::uint64_t packets = 0;
  for (const NamedCount& drop : DropsOf(entry)) packets += drop.count.packets();
  return packets;
}

// Counters only grow, but for a start from 0: then all of a line's do.
bool Restarted(const v1::LedgerEntry& before, const v1::LedgerEntry& after) {
  return after.matched().packets() < before.matched().packets() || after.sent().packets() < before.sent().packets() ||
         after.sent_wire_bytes() < before.sent_wire_bytes() || Dropped(after) < Dropped(before);
}

bool Restarted(const v1::PortCounters& before, const v1::PortCounters& after) {
  return after.received().packets() < before.received().packets() ||
         after.forwarded().packets() < before.forwarded().packets() ||
         after.copies().packets() < before.copies().packets() || after.receive_missed() < before.receive_missed();
}

// The growth of one counter.
class Growth {
 public:
  explicit Growth(double seconds) : seconds_(seconds) {}
  [[nodiscard]] double operator()(std::uint64_t before, std::uint64_t after) const {
    return seconds_ > 0 && after > before ? static_cast<double>(after - before) / seconds_ : 0;
  }
  [[nodiscard]] double Packets(const v1::Count& before, const v1::Count& after) const {
    return (*this)(before.packets(), after.packets());
  }
  [[nodiscard]] double Bits(const v1::Count& before, const v1::Count& after) const {
    return kBitsPerByte * (*this)(before.bytes(), after.bytes());
  }

 private:
  double seconds_;
};

using LineKey = std::tuple<std::string, std::string, bool>;

struct Line {
  v1::LedgerEntry before;
  const v1::LedgerEntry* after;
};

// The lines that both snapshots have.
std::vector<Line> LinesOf(const Snapshot& before, const Snapshot& after) {
  std::map<LineKey, const v1::LedgerEntry*> earlier;
  for (const v1::LedgerEntry& entry : before.counters.entries) {
    earlier[{entry.session(), entry.interface(), entry.outbound()}] = &entry;
  }
  std::vector<Line> lines;
  for (const v1::LedgerEntry& entry : after.counters.entries) {
    const auto found = earlier.find({entry.session(), entry.interface(), entry.outbound()});
    if (found == earlier.end()) continue;
    lines.push_back({Restarted(*found->second, entry) ? v1::LedgerEntry() : *found->second, &entry});
  }
  return lines;
}

void AddSession(const Line& line, const Growth& growth, SessionRates& rates,
                std::map<std::string_view, double>& drops) {
  rates.matched_pps += growth.Packets(line.before.matched(), line.after->matched());
  rates.sent_pps += growth.Packets(line.before.sent(), line.after->sent());
  rates.sent_bps += kBitsPerByte * growth(line.before.sent_wire_bytes(), line.after->sent_wire_bytes());
  const auto before = DropsOf(line.before);
  const auto after = DropsOf(*line.after);
  for (std::size_t i = 0; i < after.size(); ++i) {
    const double dropped = growth.Packets(before[i].count, after[i].count);
    rates.dropped_pps += dropped;
    drops[after[i].name] += dropped;
  }
}

void AddMirrored(const Line& line, const Growth& growth, InterfaceRates& rates) {
  const bool out = line.after->outbound();
  (out ? rates.mirror_out_pps : rates.mirror_in_pps) += growth.Packets(line.before.sent(), line.after->sent());
  (out ? rates.mirror_out_bps : rates.mirror_in_bps) += growth.Bits(line.before.sent(), line.after->sent());
  (out ? rates.skip_out_pps : rates.skip_in_pps) +=
      growth.Packets(line.before.no_buffer(), line.after->no_buffer()) +
      growth.Packets(line.before.egress_full(), line.after->egress_full());
  (out ? rates.skip_out_bps : rates.skip_in_bps) += growth.Bits(line.before.no_buffer(), line.after->no_buffer()) +
                                                    growth.Bits(line.before.egress_full(), line.after->egress_full());
}

void AddPort(const v1::PortCounters& before, const v1::PortCounters& after, const Growth& growth,
             InterfaceRates& rates) {
  rates.received_pps = growth.Packets(before.received(), after.received());
  rates.received_bps = growth.Bits(before.received(), after.received());
  rates.forwarded_pps = growth.Packets(before.forwarded(), after.forwarded());
  rates.copies_pps = growth.Packets(before.copies(), after.copies());
  rates.copies_bps = growth.Bits(before.copies(), after.copies());
  rates.lost_pps = growth.Packets(before.forward_drops(), after.forward_drops()) +
                   growth(before.receive_missed(), after.receive_missed());
}

std::vector<SessionRates> SessionsOf(const Snapshot& after, const std::vector<Line>& lines, const Growth& growth) {
  std::map<std::string, SessionRates> sessions;
  std::map<std::string, std::map<std::string_view, double>> drops;
  for (const v1::SessionState& state : after.sessions) {
    sessions[state.name()] = {.name = state.name(), .active = state.active(), .reason = state.reason()};
  }
  for (const Line& line : lines) {
    SessionRates& rates = sessions[line.after->session()];
    rates.name = line.after->session();
    AddSession(line, growth, rates, drops[rates.name]);
  }
  std::vector<SessionRates> result;
  for (auto& [name, rates] : sessions) {
    double worst = 0;
    for (const auto& [drop, rate] : drops[name]) {
      if (rate > worst) rates.worst_drop = drop;
      worst = std::max(worst, rate);
    }
    result.push_back(std::move(rates));
  }
  return result;
}

std::vector<InterfaceRates> InterfacesOf(const Snapshot& before, const Snapshot& after, const std::vector<Line>& lines,
                                         const Growth& growth) {
  std::map<std::string, InterfaceRates> interfaces;
  for (const v1::InterfaceState& state : after.interfaces) {
    interfaces[state.name()] = {.name = state.name(), .up = state.up()};
  }
  std::map<std::string, const v1::PortCounters*> earlier;
  for (const v1::PortCounters& port : before.counters.ports) earlier[port.interface()] = &port;
  for (const v1::PortCounters& port : after.counters.ports) {
    InterfaceRates& rates = interfaces[port.interface()];
    rates.name = port.interface();
    const auto found = earlier.find(port.interface());
    if (found == earlier.end()) continue;
    AddPort(Restarted(*found->second, port) ? v1::PortCounters() : *found->second, port, growth, rates);
  }
  for (const Line& line : lines) {
    InterfaceRates& rates = interfaces[line.after->interface()];
    rates.name = line.after->interface();
    AddMirrored(line, growth, rates);
  }
  std::vector<InterfaceRates> result;
  for (auto& [name, rates] : interfaces) result.push_back(std::move(rates));
  return result;
}

}  // namespace

Rates RatesBetween(const Snapshot& before, const Snapshot& after) {
  Rates rates;
  if (after.time_ns > before.time_ns) {
    rates.seconds = static_cast<double>(after.time_ns - before.time_ns) / static_cast<double>(kNsPerSecond);
  }
  const Growth growth(rates.seconds);
  const std::vector<Line> lines = LinesOf(before, after);
  rates.sessions = SessionsOf(after, lines, growth);
  rates.interfaces = InterfacesOf(before, after, lines, growth);
  return rates;
}

}  // namespace heliostat::helioctl
