#include "helioctl/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "helioctl/card/counters.h"
#include "helioctl/card/open_card.h"
#include "helioctl/card/snapshot.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/files.h"
#include "helioctl/cli/output.h"
#include "helioctl/yaml/board_text.h"
#include "helioctl/yaml/configuration.h"

namespace heliostat::helioctl {
namespace {

// The card that the configuration is for. Nothing when the board is wrong.
std::optional<config::Card> ReadCard(const std::string& board_path, Streams streams, std::vector<Problem>& problems) {
  if (board_path.empty()) {
    config::Card card;
    card.interfaces_known = false;
    return card;
  }
  const auto file = ReadFile(board_path, streams.in);
  if (!file.ok()) {
    problems.push_back({{}, file.status()});
    return std::nullopt;
  }
  const auto board = ReadBoardText(*file, problems);
  return board ? std::optional(CardOf(board->board)) : std::nullopt;
}

Configuration ReadChecked(const ConfigurationOptions& options, Streams streams, std::vector<Problem>& problems) {
  const auto card = ReadCard(options.board, streams, problems);
  Configuration configuration = ReadConfiguration(options.files, streams.in, problems);
  if (problems.empty() && card) CheckAsCard(configuration, *card, problems);
  return configuration;
}

Result<CounterReading> CountersOfFile(const std::string& path, Streams streams) {
  const auto file = ReadFile(path, streams.in);
  if (!file.ok()) return file.status();
  auto reading = ReadCounters(file->text);
  if (!reading.ok()) return reading.status().Within(file->name);
  return reading;
}

Result<CounterReading> CountersOfCard(const CardOptions& options) {
  const auto card = OpenCard(options);
  if (!card.ok()) return card.status();
  auto snapshot = ReadSnapshot(**card, "");
  if (!snapshot.ok()) return snapshot.status();
  return std::move(snapshot->counters);
}

}  // namespace

int Compile(const ConfigurationOptions& options, Streams streams) {
  std::vector<Problem> problems;
  const Configuration configuration = ReadChecked(options, streams, problems);
  if (!problems.empty()) return Fail(problems, ", nothing written", streams);
  const Status written = WriteFile(options.output, configuration.bytes, streams.out);
  return written.ok() ? kDone : Fail(written, streams);
}

int Validate(const ConfigurationOptions& options, Streams streams) {
  std::vector<Problem> problems;
  const Configuration configuration = ReadChecked(options, streams, problems);
  if (!problems.empty()) return Fail(problems, "", streams);
  streams.out << "ok: " << Summary(configuration) << "\n";
  if (options.board.empty() && NamesInterfaces(configuration)) {
    streams.out << "note: whether a card has these interfaces was not checked; --board FILE does\n";
  }
  return kDone;
}

int Board(const BoardOptions& options, Streams streams) {
  const auto file = ReadFile(options.file, streams.in);
  if (!file.ok()) return Fail(file.status(), streams);
  std::vector<Problem> problems;
  const auto board = ReadBoardText(*file, problems);
  if (!board) return Fail(problems, options.output.empty() ? "" : ", nothing written", streams);
  if (options.output.empty()) {
    streams.out << fmt::format("ok: board \"{}\", {} ports\n", board->board.name, board->board.ports.size());
    return kDone;
  }
  const Status written = WriteFile(options.output, board->bytes, streams.out);
  return written.ok() ? kDone : Fail(written, streams);
}

int Counters(const CountersOptions& options, Streams streams) {
  const auto reading = options.file.empty() ? CountersOfCard(options.card) : CountersOfFile(options.file, streams);
  if (!reading.ok()) return Fail(reading.status(), streams);
  if (options.output.format == Format::kJson) {
    streams.out << CountersJson(*reading);
  } else {
    const bool wide = options.output.format == Format::kWide;
    streams.out << CountersTable(*reading, wide ? CounterColumns::kAll : CounterColumns::kNonZero,
                                 StyleOf(options.output, streams.out));
  }
  return Balances(*reading) ? kDone : kFailed;
}

}  // namespace heliostat::helioctl
