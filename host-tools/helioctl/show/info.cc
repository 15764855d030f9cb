#include "helioctl/show/info.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "helioctl/card/card_change.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/fields.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/show/audit.h"

namespace heliostat::helioctl {
namespace {

Result<v1::Info> ReadInfo(CardClient& client) {
  v1::Request request;
  request.mutable_get_info();
  auto response = client.Call(std::move(request));
  if (!response.ok()) return response.status();
  return response->info();
}

struct UsageLine {
  const char* name;  // in a table
  const char* key;   // in JSON
  std::uint32_t used;
  std::uint32_t limit;
};

std::vector<UsageLine> UsageOf(const v1::Info& info) {
  const v1::Usage& usage = info.usage();
  const v1::Limits& limits = info.limits();
  return {{"sessions", "sessions", usage.sessions(), limits.sessions()},
          {"targets", "targets", usage.targets(), limits.targets()},
          {"filters", "filters", usage.filters(), limits.filters()},
          {"rules", "rules", usage.rules(), limits.rules()},
          {"session sources", "sessionSources", usage.session_sources(), limits.session_sources()},
          {"interfaces", "interfaces", usage.interfaces(), limits.interfaces()}};
}

Tone ToneOfShare(std::uint64_t used, std::uint64_t limit) {
  if (used >= limit && limit > 0) return Tone::kBad;
  return used >= limit / 10 * 9 && used > 0 ? Tone::kWarning : Tone::kPlain;
}

std::string UsageText(const v1::Info& info, const TableStyle& style) {
  Table table({{"LIMIT"}, {"USED", Align::kRight}, {"OF", Align::kRight}, {"SHARE", Align::kRight}});
  for (const UsageLine& line : UsageOf(info)) {
    table.Add({line.name,
               std::to_string(line.used),
               std::to_string(line.limit),
               {Percent(line.used, line.limit), ToneOfShare(line.used, line.limit)}});
  }
  const v1::Limits& limits = info.limits();
  const auto bound = [&table](const char* name, std::uint32_t limit) { table.Add({name, "", std::to_string(limit)}); };
  bound("rules per list", limits.rules_per_list());
  bound("sessions per source", limits.sessions_per_source());
  bound("sources per session", limits.sources_per_session());
  bound("members per group", limits.members_per_group());
  return table.Render(style);
}

Result<std::uint64_t> WantedTimeNs(const std::string& value) {
  if (value != "now") return ParseRfc3339(value);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

int PrintTime(std::uint64_t time_ns, const TimeOptions& options, Streams streams) {
  const Json json{{"time", Rfc3339(time_ns)}};
  switch (options.output.format) {
    case Format::kJson: streams.out << JsonText(json); break;
    case Format::kYaml: streams.out << YamlText(json); break;
    default: streams.out << LocalTime(time_ns) << "\n"; break;
  }
  return kDone;
}

}  // namespace

std::string InfoText(const v1::Info& info, const v1::Welcome& welcome, const TableStyle& style) {
  Fields fields;
  fields.Add("Card", info.card());
  fields.Add("Board", info.description().empty() ? info.board() : info.board() + " (" + info.description() + ")");
  fields.Add("Firmware", info.firmware());
  fields.Add("You", fmt::format("{}, {}{}", welcome.user(), RoleWord(welcome.role()),
                                welcome.owner().empty() ? "" : " of " + welcome.owner()));
  fields.Add("Time", LocalTime(info.time_ns()));
  fields.Add("Uptime", Duration(info.uptime_s()));
  fields.Add("Workers", std::to_string(info.workers()));
  fields.Add("Hardware ID", std::to_string(info.hardware_id()));
  fields.Add("Generation", info.oldest_generation() == 0 || info.oldest_generation() == info.generation()
                               ? std::to_string(info.generation())
                               : fmt::format("{} (kept from {})", info.generation(), info.oldest_generation()));
  if (info.confirm_left_s() > 0) {
    fields.Add("Unconfirmed",
               fmt::format("undone in {} unless confirmed: helioctl confirm", Duration(info.confirm_left_s())),
               Tone::kWarning);
  }
  if (info.flash_bytes() > 0) {
    fields.Add("Flash", fmt::format("{} of {} ({})", ByteSize(info.flash_used_bytes()), ByteSize(info.flash_bytes()),
                                    Percent(info.flash_used_bytes(), info.flash_bytes())));
  }
  fields.Add("Peak memory", ByteSize(info.peak_memory_bytes()) + ", packet buffers left out");
  fields.Add("Connections", std::to_string(info.connections()));
  for (int i = 0; i < info.remarks_size(); ++i) {
    fields.Add(i == 0 ? "Remarks" : "", info.remarks(i), Tone::kWarning);
  }
  return fields.Render(style) + "\n" + UsageText(info, style);
}

Json InfoJson(const v1::Info& info, const v1::Welcome& welcome) {
  Json json{{"card", info.card()},
            {"board", info.board()},
            {"description", info.description()},
            {"firmware", info.firmware()},
            {"hardwareId", info.hardware_id()},
            {"workers", info.workers()},
            {"time", Rfc3339(info.time_ns())},
            {"uptimeSeconds", info.uptime_s()},
            {"generation", info.generation()},
            {"oldestGeneration", info.oldest_generation()},
            {"confirmLeftSeconds", info.confirm_left_s()}};
  for (const UsageLine& line : UsageOf(info)) {
    json["limits"][line.key] = line.limit;
    json["usage"][line.key] = line.used;
  }
  json["limits"]["rulesPerList"] = info.limits().rules_per_list();
  json["limits"]["sessionsPerSource"] = info.limits().sessions_per_source();
  json["limits"]["sourcesPerSession"] = info.limits().sources_per_session();
  json["limits"]["membersPerGroup"] = info.limits().members_per_group();
  json["flash"] = {{"bytes", info.flash_bytes()}, {"usedBytes", info.flash_used_bytes()}};
  json["peakMemoryBytes"] = info.peak_memory_bytes();
  json["connections"] = info.connections();
  json["remarks"] = info.remarks();
  json["you"] = {{"user", welcome.user()}, {"role", RoleWord(welcome.role())}, {"owner", welcome.owner()}};
  return json;
}

int ShowInfo(const InfoOptions& options, Streams streams) {
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  const auto info = ReadInfo(**card);
  if (!info.ok()) return Fail(info.status(), streams);
  switch (options.output.format) {
    case Format::kJson: streams.out << JsonText(InfoJson(*info, (*card)->welcome())); break;
    case Format::kYaml: streams.out << YamlText(InfoJson(*info, (*card)->welcome())); break;
    default: streams.out << InfoText(*info, (*card)->welcome(), StyleOf(options.output, streams.out)); break;
  }
  return kDone;
}

int ShowTime(const TimeOptions& options, Streams streams) {
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  const auto info = ReadInfo(**card);
  if (!info.ok()) return Fail(info.status(), streams);
  return PrintTime(info->time_ns(), options, streams);
}

int SetTime(const TimeOptions& options, Streams streams) {
  // Read before the connection is made, which takes time; what is typed wrong needs no card.
  const auto checked = WantedTimeNs(options.value);
  if (!checked.ok()) return Fail(checked.status(), streams);
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  v1::Request request;
  request.mutable_set_time()->set_time_ns(*WantedTimeNs(options.value));
  const auto response = (*card)->Call(std::move(request));
  if (!response.ok()) return FailToSet(response.status(), (*card)->broken(), "helioctl time", streams);
  return PrintTime(response->time().time_ns(), options, streams);
}

}  // namespace heliostat::helioctl
