#include "helioctl/show/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "helioctl/card/counters.h"
#include "helioctl/card/listing.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/quantity.h"

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kTimeWidth = 19;
constexpr std::size_t kStateWidth = 8;
constexpr std::size_t kCountWidth = 12;

std::map<std::string, std::vector<v1::LedgerEntry>> BySession(const Snapshot& snapshot) {
  std::map<std::string, std::vector<v1::LedgerEntry>> entries;
  for (const v1::LedgerEntry& entry : snapshot.counters.entries) entries[entry.session()].push_back(entry);
  return entries;
}

std::uint64_t Dropped(const v1::LedgerEntry& total) {
  std::uint64_t packets = 0;
  for (const NamedCount& drop : DropsOf(total)) packets += drop.count.packets();
  return packets;
}

bool SameCounts(const v1::LedgerEntry& a, const v1::LedgerEntry& b) {
  return a.matched().packets() == b.matched().packets() && a.sent().packets() == b.sent().packets() &&
         Dropped(a) == Dropped(b);
}

// What was dropped or cut to fit, by name: `sampled_out 10, sent_cut 2`.
std::string LossText(const v1::LedgerEntry& total) {
  std::string text;
  const auto add = [&text](std::string_view name, std::uint64_t packets) {
    if (packets != 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, packets);
  };
  for (const NamedCount& drop : DropsOf(total)) add(drop.name, drop.count.packets());
  add("sent_cut", total.sent_cut());
  return text;
}

std::string Padded(std::string text, std::size_t width) {
  const std::size_t has = DisplayWidth(text);
  return text + std::string(width > has ? width - has : 0, ' ');
}

std::string StateText(const v1::SessionState& state) { return state.active() ? "active" : "inactive"; }

}  // namespace

std::string ChangeLines::Take(const Snapshot& snapshot) {
  const auto entries = BySession(snapshot);
  std::string text;
  for (const v1::SessionState& state : snapshot.sessions) {
    name_width_ = std::max(name_width_, DisplayWidth(Printable(state.name())));
  }
  if (first_ && style_.headers) {
    text += fmt::format("{:{}}  {:{}}  {:{}}  {:>{}}  {:>{}}  {:>{}}  NOTES\n", "TIME", kTimeWidth, "SESSION",
                        std::max<std::size_t>(name_width_, 7), "STATE", kStateWidth, "MATCHED", kCountWidth, "SENT",
                        kCountWidth, "DROPPED", kCountWidth);
  }
  first_ = false;
  std::vector<std::pair<std::string, Line>> now;
  for (const v1::SessionState& state : snapshot.sessions) {
    const auto found = entries.find(state.name());
    Line line{StateText(state) + state.reason(), found == entries.end() ? v1::LedgerEntry() : TotalOf(found->second)};
    const auto before =
        std::find_if(known_.begin(), known_.end(), [&](const auto& known) { return known.first == state.name(); });
    const bool same =
        before != known_.end() && before->second.state == line.state && SameCounts(before->second.total, line.total);
    if (!same) {
      std::string notes = state.active() ? LossText(line.total) : Printable(state.reason());
      std::string row = fmt::format(
          "{}  {}  {}  {:>{}}  {:>{}}  {:>{}}  {}", Padded(LocalTime(snapshot.time_ns), kTimeWidth),
          Padded(Printable(state.name()), std::max<std::size_t>(name_width_, 7)),
          Colored(Padded(StateText(state), kStateWidth), state.active() ? Tone::kGood : Tone::kWarning, style_.color),
          line.total.matched().packets(), kCountWidth, line.total.sent().packets(), kCountWidth, Dropped(line.total),
          kCountWidth, notes);
      row.erase(row.find_last_not_of(' ') + 1);
      text += row + "\n";
    }
    now.emplace_back(state.name(), std::move(line));
  }
  for (const auto& [name, line] : known_) {
    const bool gone =
        std::none_of(now.begin(), now.end(), [&name = name](const auto& known) { return known.first == name; });
    if (gone) {
      text += fmt::format("{}  {}  removed\n", Padded(LocalTime(snapshot.time_ns), kTimeWidth),
                          Padded(Printable(name), std::max<std::size_t>(name_width_, 7)));
    }
  }
  known_ = std::move(now);
  return text;
}

Json SnapshotJson(const Snapshot& snapshot) {
  const auto entries = BySession(snapshot);
  Json json{{"time", Rfc3339(snapshot.time_ns)},
            {"sequence", snapshot.sequence},
            {"generation", snapshot.generation},
            {"sessions", Json::array()},
            {"interfaces", Json::array()}};
  for (const v1::SessionState& state : snapshot.sessions) {
    Json session{{"name", state.name()}, {"active", state.active()}};
    if (!state.reason().empty()) session["reason"] = state.reason();
    session["tunnelId"] = state.tunnel_id();
    const auto found = entries.find(state.name());
    session["counters"] = LedgerJson(found == entries.end() ? v1::LedgerEntry() : TotalOf(found->second));
    json["sessions"].push_back(std::move(session));
  }
  for (const v1::InterfaceState& state : snapshot.interfaces) {
    json["interfaces"].push_back({{"name", state.name()}, {"link", state.up() ? "up" : "down"}});
  }
  return json;
}

int WatchSessions(const SessionWatchOptions& options, Streams streams) {
  const auto interval_ms = ParseIntervalMs(options.interval);
  if (!interval_ms.ok()) return Fail(interval_ms.status(), streams);
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  if (const Status found = CheckSession(**card, options.session); !found.ok()) return Fail(found, streams);
  ChangeLines lines(StyleOf(options.output, streams.out));
  const WatchOptions watch{.interval_ms = *interval_ms,
                           .count = options.count,
                           .session = options.session,
                           .timeout_s = options.card.timeout_s};
  const Status status = WatchCard(**card, watch, [&](const Snapshot& snapshot) {
    streams.out << (options.output.format == Format::kJson ? JsonLine(SnapshotJson(snapshot)) : lines.Take(snapshot))
                << std::flush;
    return streams.out.good();
  });
  return status.ok() ? kDone : Fail(status, streams);
}

}  // namespace heliostat::helioctl
