#include "helioctl/generations.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "helioctl/open_card.h"
#include "helioctl/quantity.h"
#include "helioctl/table.h"

namespace heliostat::helioctl {
namespace {

constexpr int kDone = 0;

Result<std::vector<v1::Generation>> ReadGenerations(CardClient& client) {
  v1::Request request;
  request.mutable_list_generations();
  auto response = client.Call(std::move(request));
  if (!response.ok()) return response.status();
  const auto& listed = response->generations().generations();
  return std::vector<v1::Generation>(listed.begin(), listed.end());
}

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

// Where to go back to, checked against what is kept, so that the error can say what there is.
Result<std::uint64_t> RollbackTo(std::uint64_t wanted, const std::vector<v1::Generation>& generations,
                                 const v1::Generation& current) {
  const v1::Generation* before = nullptr;
  for (const v1::Generation& generation : generations) {
    if (generation.number() == wanted) return wanted;
    if (generation.number() < current.number()) before = &generation;  // oldest first
  }
  if (wanted == 0 && before != nullptr) return before->number();
  if (wanted == 0) {
    return Status(Code::kNotFound, "generation", fmt::format("there is none before {}", current.number()),
                  "apply a configuration");
  }
  return Status(Code::kNotFound, fmt::format("generation {}", wanted), "is not kept",
                fmt::format("the card has {} to {}; `helioctl generations` lists them", generations.front().number(),
                            generations.back().number()));
}

Json CommittedJson(const v1::Committed& committed, std::uint64_t content_of) {
  return {{"generation", committed.generation()},
          {"contentOf", content_of},
          {"dryRun", committed.dry_run()},
          {"sessions", committed.sessions()},
          {"activeSessions", committed.active_sessions()},
          {"confirmWithinSeconds", committed.confirm_within_s()}};
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

int Rollback(const RollbackOptions& options, Streams streams) {
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return Fail(client.status(), streams);
  const auto generations = ReadGenerations(**client);
  if (!generations.ok()) return Fail(generations.status(), streams);
  const v1::Generation* current = Current(*generations);
  if (current == nullptr) {
    return Fail(Status(Code::kNotFound, "generation", "the card has none yet", "apply a configuration"), streams);
  }
  const auto to = RollbackTo(options.generation, *generations, *current);
  if (!to.ok()) return Fail(to.status(), streams);
  v1::Request request;
  v1::Rollback& rollback = *request.mutable_rollback();
  rollback.set_generation(*to);
  rollback.set_expected_generation(current->number());
  rollback.set_confirm_within_s(options.change.commit.confirm_within_s);
  rollback.set_comment(options.change.commit.comment);
  rollback.set_dry_run(options.change.commit.dry_run);
  const auto response = CallWhenFree(**client, request, streams.err);
  if (!response.ok()) return Fail(response.status(), streams);
  const v1::Committed& committed = response->committed();
  if (options.change.output.format == Format::kJson) {
    streams.out << JsonText(CommittedJson(committed, *to));
    return kDone;
  }
  streams.out << fmt::format("{}generation {}, with the content of {}; {} of {} sessions active\n",
                             committed.dry_run() ? "dry run, would be " : "", committed.generation(), *to,
                             committed.active_sessions(), committed.sessions());
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
  if (!response.ok()) return Fail(response.status(), streams);
  streams.out << fmt::format("generation {} confirmed\n", generation);
  return kDone;
}

}  // namespace heliostat::helioctl
