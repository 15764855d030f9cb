#include "helioctl/change/change_report.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "codec/control.h"
#include "config/difference.h"
#include "helioctl/card/listing.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/cli/table.h"
#include "helioctl/yaml/locate.h"

namespace heliostat::helioctl {
namespace {

using Outcomes = std::map<ResourceName, std::string_view>;

std::uint32_t SecondsOf(const std::string& text) {
  const auto ms = ParseDurationMs(text);
  if (!ms.ok()) throw CLI::ValidationError("--confirm-within", ms.status().reason() + "; " + ms.status().fix());
  if (*ms < 1000 || *ms > codec::kMaxConfirmSeconds * std::uint64_t{1000}) {
    throw CLI::ValidationError("--confirm-within", fmt::format("\"{}\" is out of range; give 1s to {}h",
                                                               Printable(text), codec::kMaxConfirmSeconds / 3600));
  }
  return static_cast<std::uint32_t>((*ms + 999) / 1000);
}

Outcomes OutcomesOf(const CardChange& change, const std::vector<ResourceName>& mentioned, std::string_view removed) {
  Outcomes outcomes;
  for (const ResourceName& name : mentioned) outcomes.emplace(name, "unchanged");
  for (const config::Difference& difference : config::Compare(change.before.config, change.after)) {
    const ResourceName name{difference.kind, *difference.name};
    outcomes[name] = difference.added() ? "created" : difference.removed() ? removed : "configured";
  }
  return outcomes;
}

// `2 created, 3 unchanged`.
std::string Counts(const Outcomes& outcomes, std::string_view removed) {
  std::string text;
  for (const std::string_view outcome :
       {std::string_view("created"), std::string_view("configured"), removed, std::string_view("unchanged")}) {
    const auto count =
        std::count_if(outcomes.begin(), outcomes.end(), [&](const auto& entry) { return entry.second == outcome; });
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, outcome);
  }
  return text;
}

Json ReportJson(const CardChange& change, const Outcomes& outcomes) {
  Json json{{"generation", change.committed ? change.committed->generation() : change.before.generation},
            {"committed", change.committed && !change.committed->dry_run()},
            {"dryRun", change.committed && change.committed->dry_run()},
            {"resources", Json::array()}};
  for (const auto& [name, outcome] : outcomes) {
    json["resources"].push_back({{"kind", WordsOf(name.kind).yaml}, {"name", name.name}, {"outcome", outcome}});
  }
  if (!change.committed || change.answer_lost) return json;
  json["sessions"] = change.committed->sessions();
  json["activeSessions"] = change.committed->active_sessions();
  json["inactive"] = Json::array();
  for (const v1::SessionState& session : change.committed->inactive()) {
    json["inactive"].push_back({{"name", session.name()}, {"reason", session.reason()}});
  }
  if (change.committed->confirm_within_s() != 0) json["confirmWithinSeconds"] = change.committed->confirm_within_s();
  return json;
}

void PrintLines(const CardChange& change, const Outcomes& outcomes, std::string_view removed,
                const OutputOptions& output, Streams streams) {
  const bool color = UsesColor(output, streams.out);
  const bool dry_run = change.committed && change.committed->dry_run();
  for (const auto& [name, outcome] : outcomes) {
    const Tone tone = outcome == "created"      ? Tone::kGood
                      : outcome == "configured" ? Tone::kWarning
                      : outcome == "unchanged"  ? Tone::kFaint
                                                : Tone::kBad;
    streams.out << name.ToString() << " " << Colored(outcome, tone, color) << (dry_run ? " (dry run)" : "") << "\n";
  }
  if (!change.committed) {
    streams.out << fmt::format("nothing to change: generation {} stays\n", change.before.generation);
    return;
  }
  streams.out << fmt::format("{}generation {}: {}; {}\n", dry_run ? "dry run, would be " : "",
                             change.committed->generation(), Counts(outcomes, removed),
                             ActiveText(*change.committed, change.answer_lost));
}

}  // namespace

void AddCommitOptions(CLI::App& command, CommitOptions& options) {
  command.add_flag("--dry-run", options.dry_run, "let the card check everything, and change nothing");
  command
      .add_option_function<std::string>(
          "--confirm-within", [&options](const std::string& text) { options.confirm_within_s = SecondsOf(text); },
          "the card undoes it by itself unless `helioctl confirm` comes in that time: 30s, 5m, 1h")
      ->type_name("TIME");
  command.add_option("--comment", options.comment, "why, for the list of generations and the audit log")
      ->type_name("TEXT");
}

void AddChangeOptions(CLI::App& command, ChangeOptions& options) {
  AddCommitOptions(command, options.commit);
  AddOutputOptions(command, options.output, {Format::kTable, Format::kName, Format::kJson});
  AddCardOptions(command, options.card);
}

int Report(const CardChange& change, const std::vector<ResourceName>& mentioned, std::string_view removed,
           const ChangeOptions& options, Streams streams) {
  if (!change.unknown.ok()) return FailUnknown(change.unknown, streams);
  const Outcomes outcomes = OutcomesOf(change, mentioned, removed);
  switch (options.output.format) {
    case Format::kJson: streams.out << JsonText(ReportJson(change, outcomes)); return kDone;
    case Format::kName:
      for (const auto& [name, outcome] : outcomes) {
        if (outcome != "unchanged") streams.out << name.ToString() << "\n";
      }
      break;
    default: PrintLines(change, outcomes, removed, options.output, streams); break;
  }
  if (change.committed) ReportCommitted(*change.committed, options.output, streams);
  return kDone;
}

std::string ActiveText(const v1::Committed& committed, bool answer_lost) {
  return answer_lost ? "the card's answer was lost, but it has it"
                     : fmt::format("{} of {} sessions active", committed.active_sessions(), committed.sessions());
}

void ReportCommitted(const v1::Committed& committed, const OutputOptions& output, Streams streams) {
  const auto shown = static_cast<std::uint32_t>(committed.inactive_size());
  for (const v1::SessionState& session : committed.inactive()) {
    streams.err << Printable(fmt::format("note: session/{} is not active: {}", session.name(), session.reason()))
                << "\n";
  }
  if (shown == 16) streams.err << "note: further sessions may not be active: helioctl get sessions\n";
  if (committed.confirm_within_s() == 0 || committed.dry_run() || output.format != Format::kTable) return;
  streams.out << fmt::format("undone in {} unless confirmed: helioctl confirm {}\n",
                             Duration(committed.confirm_within_s()), committed.generation());
}

int FailAtPlace(const Status& status, const std::vector<Resource>& resources, Streams streams) {
  const auto located = Locate(resources, status.subject());
  if (!located || located->place.file.empty()) return Fail(status, streams);
  const Problem problem{located->place, Status(status.code(), located->subject, status.reason(), status.fix())};
  streams.err << Printable(problem.ToString()) << "\n";
  return kFailed;
}

Status NotOnCard(CardClient& client, const ResourceName& name) {
  const auto listed = FetchNames(client, WordsOf(name.kind).wire);
  if (!listed.ok()) return listed.status();
  const std::vector<std::string>& names = *listed;
  // Interfaces are there with or without settings; of the rest there is nothing but what is configured.
  if (name.kind == config::Kind::kInterface && std::find(names.begin(), names.end(), name.name) != names.end()) {
    return Status(
        Code::kNotFound, name.Subject(), "has no settings",
        fmt::format("`helioctl edit interface {0}`, or `helioctl set interface {0} --owner OWNER`, gives it some",
                    name.name));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view nearest = Nearest(name.name, views);
  const std::string fix = nearest.empty()
                              ? fmt::format("`helioctl get {}` lists those that are", WordsOf(name.kind).plural)
                              : fmt::format("did you mean {}?", nearest);
  return Status(Code::kNotFound, name.Subject(), "is not on the card", fix);
}

}  // namespace heliostat::helioctl
