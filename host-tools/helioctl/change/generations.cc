#include "helioctl/change/generations.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/cli/table.h"

namespace heliostat::helioctl {
namespace {

const v1::Generation* Current(const std::vector<v1::Generation>& generations) {
  const auto found =
      std::find_if(generations.begin(), generations.end(), [](const v1::Generation& g) { return g.current(); });
  return found == generations.end() ? nullptr : &*found;
}

std::string StateOf(const v1::Generation& generation) {
  if (!generation.current()) return "";
  if (generation.confirm_left_s() == 0) return "current";
  return "current, undone in " + Duration(generation.confirm_left_s()) + " unless confirmed";
}

Json GenerationJson(const v1::Generation& generation) {
  Json json{{"generation", generation.number()}, {"time", Rfc3339(generation.time_ns())},
            {"user", generation.user()},         {"changes", generation.summary()},
            {"comment", generation.comment()},   {"current", generation.current()}};
  if (generation.confirm_left_s() != 0) json["confirmLeftSeconds"] = generation.confirm_left_s();
  return json;
}

void PrintTable(const std::vector<v1::Generation>& generations, const OutputOptions& output, Streams streams) {
  Table table({{"GENERATION", Align::kRight}, {"TIME"}, {"USER"}, {"CHANGES"}, {"STATE"}, {"COMMENT"}});
  for (const v1::Generation& generation : generations) {
    const Tone tone = generation.confirm_left_s() != 0 ? Tone::kWarning : Tone::kGood;
    table.Add({std::to_string(generation.number()), LocalTime(generation.time_ns()), Printable(generation.user()),
               Printable(generation.summary()), Cell(StateOf(generation), tone), Printable(generation.comment())});
  }
  streams.out << table.Render(StyleOf(output, streams.out));
}

// A rollback, or what the card did by itself: their summaries begin so.
bool GoesBack(const v1::Generation& generation) { return generation.summary().starts_with("to "); }

// The one before the current one.
Result<std::uint64_t> RollbackByDefault(const std::vector<v1::Generation>& generations, const v1::Generation& current) {
  const v1::Generation* before = nullptr;
  for (const v1::Generation& generation : generations) {
    if (generation.number() < current.number()) before = &generation;  // oldest first
  }
  // The empty configuration of a new card, while its first generation can still be undone.
  if (before == nullptr && current.confirm_left_s() != 0) return 0;
  if (before == nullptr) {
    return Status(Code::kNotFound, "generation", fmt::format("there is none before {}", current.number()),
                  "apply a configuration");
  }
  // Done twice, it would bring back what the first was to get rid of.
  if (GoesBack(current)) {
    return Status(Code::kFailedPrecondition, fmt::format("generation {}", current.number()),
                  fmt::format("goes back itself ({})", current.summary()),
                  fmt::format("give the number of the one that you want: the content of the one before is `helioctl "
                              "rollback {}`; `helioctl generations` lists them",
                              before->number()));
  }
  return before->number();
}

// Where to go back to, checked against what is kept, so that the error can say what there is.
Result<std::uint64_t> RollbackTo(std::uint64_t wanted, const std::vector<v1::Generation>& generations,
                                 const v1::Generation& current) {
  if (wanted == 0) return RollbackByDefault(generations, current);
  for (const v1::Generation& generation : generations) {
    if (generation.number() == wanted) return wanted;
  }
  return Status(Code::kNotFound, fmt::format("generation {}", wanted), "is not kept",
                fmt::format("the card has {} to {}; `helioctl generations` lists them", generations.front().number(),
                            generations.back().number()));
}

Json RolledBackJson(const RolledBack& done) {
  const v1::Committed& committed = done.answer.committed;
  Json json{{"generation", committed.generation()},
            {"contentOf", done.content_of},
            {"committed", !done.same && !committed.dry_run()},
            {"dryRun", committed.dry_run()}};
  if (!done.answer.lost) {
    json["sessions"] = committed.sessions();
    json["activeSessions"] = committed.active_sessions();
  }
  json["confirmWithinSeconds"] = committed.confirm_within_s();
  return json;
}

// After a confirmation without an answer.
bool IsConfirmed(CardClient& client, std::uint64_t generation) {
  if (!client.Reconnect().ok()) return false;
  const auto generations = ReadGenerations(client);
  const v1::Generation* current = generations.ok() ? Current(*generations) : nullptr;
  return current != nullptr && current->number() == generation && current->confirm_left_s() == 0;
}

}  // namespace

int ListGenerations(const GenerationsOptions& options, Streams streams) {
  const auto client = OpenCard(options.card);
  if (!client.ok()) return Fail(client.status(), streams);
  const auto generations = ReadGenerations(**client);
  if (!generations.ok()) return Fail(generations.status(), streams);
  Json json = Json::array();
  for (const v1::Generation& generation : *generations) json.push_back(GenerationJson(generation));
  switch (options.output.format) {
    case Format::kJson: streams.out << JsonText(json); break;
    case Format::kYaml: streams.out << YamlText(json); break;
    default: PrintTable(*generations, options.output, streams); break;
  }
  return kDone;
}

Result<RolledBack> RollBack(CardClient& client, std::uint64_t generation, const CommitOptions& options,
                            std::ostream& err) {
  const auto generations = ReadGenerations(client);
  if (!generations.ok()) return generations.status();
  const v1::Generation* current = Current(*generations);
  if (current == nullptr) {
    return Status(Code::kNotFound, "generation", "the card has none yet", "apply a configuration");
  }
  const auto to = RollbackTo(generation, *generations, *current);
  if (!to.ok()) return to.status();
  v1::Request request;
  v1::Rollback& rollback = *request.mutable_rollback();
  rollback.set_generation(*to);
  rollback.set_expected_generation(current->number());
  rollback.set_confirm_within_s(options.confirm_within_s);
  rollback.set_comment(options.comment);
  rollback.set_dry_run(options.dry_run);
  auto answer = CallForCommit(client, request, current->number(), fmt::format("to {}: ", *to), err);
  if (!answer.ok()) return answer.status();
  const bool same = answer->committed.generation() == current->number();
  return RolledBack{std::move(*answer), *to, same};
}

int Rollback(const RollbackOptions& options, Streams streams) {
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return Fail(client.status(), streams);
  const auto done = RollBack(**client, options.generation, options.change.commit, streams.err);
  if (!done.ok()) return Fail(done.status(), streams);
  if (!done->answer.unknown.ok()) return FailUnknown(done->answer.unknown, streams);
  if (options.change.output.format == Format::kJson) {
    streams.out << JsonText(RolledBackJson(*done));
    return kDone;
  }
  const v1::Committed& committed = done->answer.committed;
  if (done->same) {
    streams.out << fmt::format("nothing to change: generation {} stays\n", committed.generation());
    return kDone;
  }
  streams.out << fmt::format("{}generation {}, with the content of {}; {}\n",
                             committed.dry_run() ? "dry run, would be " : "", committed.generation(), done->content_of,
                             ActiveText(committed, done->answer.lost));
  ReportCommitted(committed, options.change.output, streams);
  return kDone;
}

int Confirm(const ConfirmOptions& options, Streams streams) {
  const auto client = OpenCard(options.card);
  if (!client.ok()) return Fail(client.status(), streams);
  std::uint64_t generation = options.generation;
  if (generation == 0) {
    const auto generations = ReadGenerations(**client);
    if (!generations.ok()) return Fail(generations.status(), streams);
    const v1::Generation* current = Current(*generations);
    if (current == nullptr || current->confirm_left_s() == 0) {
      return Fail(Status(Code::kFailedPrecondition, "generation", "nothing waits to be confirmed",
                         "`helioctl generations` shows what the card has"),
                  streams);
    }
    generation = current->number();
  }
  v1::Request request;
  request.mutable_confirm()->set_generation(generation);
  const auto response = (*client)->Call(std::move(request));
  const bool lost = (*client)->broken();
  if (!response.ok() && !(lost && IsConfirmed(**client, generation))) {
    return FailToSet(response.status(), lost, "helioctl generations", streams);
  }
  streams.out << fmt::format("generation {} confirmed\n", generation);
  return kDone;
}

}  // namespace heliostat::helioctl
