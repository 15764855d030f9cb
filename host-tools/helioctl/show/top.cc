#include "helioctl/show/top.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "helioctl/card/listing.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/cli/screen.h"
#include "helioctl/show/resource_tables.h"

namespace heliostat::helioctl {
namespace {

Column Right(const char* title) { return {title, Align::kRight}; }

// Largest first; equal ones by name, as they come.
void Sort(std::vector<SessionRates>& sessions, const std::string& by) {
  const auto value = [&by](const SessionRates& rates) {
    if (by == "sent") return rates.sent_pps;
    if (by == "bits") return rates.sent_bps;
    if (by == "drops") return rates.dropped_pps;
    return by == "name" ? 0.0 : rates.matched_pps;
  };
  std::stable_sort(sessions.begin(), sessions.end(),
                   [&](const SessionRates& a, const SessionRates& b) { return value(a) > value(b); });
}

std::string SessionsText(std::vector<SessionRates> sessions, const std::string& sort, const TableStyle& style) {
  Sort(sessions, sort);
  Table table(
      {{"SESSION"}, {"STATE"}, Right("MATCHED/s"), Right("SENT/s"), Right("BITS/s"), Right("DROPS/s"), {"MOSTLY"}});
  for (const SessionRates& rates : sessions) {
    table.Add({rates.name,
               rates.active ? Cell("active", Tone::kGood) : Cell("inactive", Tone::kWarning),
               Rate(rates.matched_pps),
               Rate(rates.sent_pps),
               Rate(rates.sent_bps),
               {Rate(rates.dropped_pps), rates.dropped_pps > 0 ? Tone::kBad : Tone::kPlain},
               rates.active ? std::string(rates.worst_drop) : rates.reason});
  }
  return table.empty() ? "no session\n" : table.Render(style);
}

std::string InterfacesText(const std::vector<InterfaceRates>& interfaces, const TableStyle& style) {
  Table table({{"INTERFACE"},
               {"LINK"},
               Right("RECEIVED/s"),
               Right("BITS/s"),
               Right("FORWARDED/s"),
               Right("LOST/s"),
               Right("COPIES/s"),
               Right("BITS/s"),
               Right("MIRROR-IN/s"),
               Right("MIRROR-OUT/s"),
               Right("SKIP-IN/s"),
               Right("SKIP-OUT/s")});
  for (const InterfaceRates& rates : interfaces) {
    const auto bad = [](double rate) { return Cell(Rate(rate), rate > 0 ? Tone::kBad : Tone::kPlain); };
    table.Add({rates.name, LinkCell(rates.up), Rate(rates.received_pps), Rate(rates.received_bps),
               Rate(rates.forwarded_pps), bad(rates.lost_pps), Rate(rates.copies_pps), Rate(rates.copies_bps),
               Rate(rates.mirror_in_pps), Rate(rates.mirror_out_pps), bad(rates.skip_in_pps), bad(rates.skip_out_pps)});
  }
  return table.empty() ? "no interface\n" : table.Render(style);
}

Json SessionJson(const SessionRates& rates) {
  Json json{{"name", rates.name}, {"active", rates.active}};
  if (!rates.reason.empty()) json["reason"] = rates.reason;
  json["matchedPacketsPerSecond"] = rates.matched_pps;
  json["sentPacketsPerSecond"] = rates.sent_pps;
  json["sentBitsPerSecond"] = rates.sent_bps;
  json["droppedPacketsPerSecond"] = rates.dropped_pps;
  if (!rates.worst_drop.empty()) json["mostlyDroppedBy"] = rates.worst_drop;
  return json;
}

Json InterfaceJson(const InterfaceRates& rates, const Snapshot& after) {
  return {{"name", rates.name},
          {"link", rates.up ? "up" : "down"},
          {"receivedPacketsPerSecond", rates.received_pps},
          {"receivedBitsPerSecond", rates.received_bps},
          {"forwardedPacketsPerSecond", rates.forwarded_pps},
          {"lostPacketsPerSecond", rates.lost_pps},
          {"copiesPerSecond", rates.copies_pps},
          {"copiesBitsPerSecond", rates.copies_bps},
          {"mirrorInPacketsPerSecond", rates.mirror_in_pps},
          {"mirrorInBitsPerSecond", rates.mirror_in_bps},
          {"mirrorOutPacketsPerSecond", rates.mirror_out_pps},
          {"mirrorOutBitsPerSecond", rates.mirror_out_bps},
          {"skipInPacketsPerSecond", rates.skip_in_pps},
          {"skipInBitsPerSecond", rates.skip_in_bps},
          {"skipOutPacketsPerSecond", rates.skip_out_pps},
          {"skipOutBitsPerSecond", rates.skip_out_bps},
          {"counters", MirrorCountersJson(MirrorCountersOf(after, rates.name))}};
}

}  // namespace

std::string TopText(const Snapshot& after, const Rates& rates, const TopOptions& options, const TableStyle& style) {
  const auto active = std::count_if(rates.sessions.begin(), rates.sessions.end(),
                                    [](const SessionRates& session) { return session.active; });
  std::string text;
  if (style.headers) {
    text = fmt::format("{}  generation {}  {} of {} sessions active\n", LocalTime(after.time_ns), after.generation,
                       active, rates.sessions.size());
    if (rates.seconds == 0) text += "the card's clock was set back: rates follow with the next interval\n";
  }
  return text + (options.interfaces ? InterfacesText(rates.interfaces, style)
                                    : SessionsText(rates.sessions, options.sort, style));
}

Json TopJson(const Snapshot& after, const Rates& rates) {
  Json json{{"time", Rfc3339(after.time_ns)},
            {"generation", after.generation},
            {"intervalSeconds", rates.seconds},
            {"sessions", Json::array()},
            {"interfaces", Json::array()}};
  for (const SessionRates& session : rates.sessions) json["sessions"].push_back(SessionJson(session));
  for (const InterfaceRates& interface : rates.interfaces) {
    json["interfaces"].push_back(InterfaceJson(interface, after));
  }
  return json;
}

int Top(const TopOptions& options, Streams streams) {
  const auto interval_ms = ParseIntervalMs(options.interval);
  if (!interval_ms.ok()) return Fail(interval_ms.status(), streams);
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  if (const Status found = CheckSession(**card, options.session); !found.ok()) return Fail(found, streams);
  const TableStyle style = StyleOf(options.output, streams.out);
  const bool json = options.output.format == Format::kJson;
  std::unique_ptr<Screen> screen;
  if (!json && options.count == 0 && IsTerminal(streams.out) && Screen::Possible()) {
    screen = std::make_unique<Screen>();
    screen->Draw("waiting for the first interval (q ends)\n");
  }
  std::optional<Snapshot> before;
  std::uint32_t shown = 0;
  const WatchOptions watch{.interval_ms = *interval_ms,
                           .count = options.count == 0 ? 0 : options.count + 1,
                           .session = options.session,
                           .timeout_s = options.card.timeout_s};
  const Status status = WatchCard(**card, watch, [&](const Snapshot& after) {
    if (before) {
      const Rates rates = RatesBetween(*before, after);
      if (json) {
        streams.out << JsonLine(TopJson(after, rates)) << std::flush;
      } else if (screen != nullptr) {
        screen->Draw(TopText(after, rates, options, style));
      } else {
        streams.out << (shown > 0 ? "\n" : "") << TopText(after, rates, options, style) << std::flush;
      }
      ++shown;
    }
    before = after;
    return streams.out.good() && (options.count == 0 || shown < options.count);
  });
  screen.reset();  // before anything is said on it
  return status.ok() ? kDone : Fail(status, streams);
}

}  // namespace heliostat::helioctl
