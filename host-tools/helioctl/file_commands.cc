// Commands that need no card, but for `counters`: they are about files.
#include <memory>
#include <nlohmann/json.hpp>

#include "helioctl/cli/exit_code.h"
#include "helioctl/command_tree.h"
#include "helioctl/commands.h"
#include "helioctl/yaml/explain.h"
#include "helioctl/yaml/schema.h"

namespace heliostat::helioctl {
namespace {

constexpr const char* kConfigurationFooter = R"(
A configuration is one or many YAML documents: Interface, Underlay, Target, Filter, Session.
Without --board the names of interfaces, and what depends on their kinds, are not checked.

Exit codes: 0 done, 1 an error; each names file, line, column, field, reason and fix.)";

void AddConfigurationOptions(CLI::App& command, ConfigurationOptions& options) {
  command.add_option("-f,--file,files", options.files, "YAML files, directories of *.yaml and *.yml, or - for stdin")
      ->required()
      ->type_name("PATH")
      ->take_all();
  command.add_option("--board", options.board, "check interfaces against this board.textproto")->type_name("FILE");
  command.footer(kConfigurationFooter);
}

void AddExplain(CLI::App& app, Invocation& invocation) {
  const auto path = std::make_shared<std::string>();
  CLI::App* explain = app.add_subcommand("explain", "the fields of a configuration, and what may stand in them");
  explain->add_option("field", *path, "KIND, KIND.FIELD or rule.FIELD; without: the kinds")->type_name("KIND.FIELD");
  explain->footer(R"text(
Examples:
  helioctl explain session
  helioctl explain session.rateLimit.burst
  helioctl explain rule.tcpFlags

Exit codes: 0 done, 1 an error.)text");
  explain->callback([path, &invocation] {
    invocation.run = [=, &invocation] {
      const Streams& streams = invocation.streams;
      const auto text = Explain(*path, StyleOf({}, streams.out));
      if (!text.ok()) return Fail(text.status(), streams);
      streams.out << *text;
      return kDone;
    };
  });
}

void AddSchema(CLI::App& app, Invocation& invocation) {
  CLI::App* schema = app.add_subcommand("schema", "the same as a JSON Schema, by which editors check and complete");
  schema->footer(R"text(
Example:
  helioctl schema > heliostat.schema.json
and as the first line of a configuration, for editors with yaml-language-server:
  # yaml-language-server: $schema=heliostat.schema.json

Exit codes: 0 done, 1 an error.)text");
  schema->callback([&invocation] {
    invocation.run = [&invocation] {
      invocation.streams.out << JsonText(ConfigurationSchema());
      return kDone;
    };
  });
}

}  // namespace

void AddFileCommands(CLI::App& app, Invocation& invocation) {
  const auto configuration = std::make_shared<ConfigurationOptions>();
  CLI::App* validate = app.add_subcommand("validate", "check a configuration as the card would");
  AddConfigurationOptions(*validate, *configuration);
  validate->callback([configuration, &invocation] {
    invocation.run = [=, &invocation] { return Validate(*configuration, invocation.streams); };
  });

  CLI::App* compile = app.add_subcommand("compile", "check a configuration and write it as the card takes it");
  AddConfigurationOptions(*compile, *configuration);
  compile->add_option("-o,--output", configuration->output, "file to write, or - for stdout")
      ->required()
      ->type_name("FILE");
  compile->callback([configuration, &invocation] {
    invocation.run = [=, &invocation] { return Compile(*configuration, invocation.streams); };
  });

  AddExplain(app, invocation);
  AddSchema(app, invocation);

  const auto board_options = std::make_shared<BoardOptions>();
  CLI::App* board = app.add_subcommand("board", "check a board.textproto and write it as the card takes it");
  board->add_option("-f,--file,file", board_options->file, "the board, or - for stdin")->required()->type_name("FILE");
  board->add_option("-o,--output", board_options->output, "file to write, or - for stdout; without it: only check")
      ->type_name("FILE");
  board->footer("\nExit codes: 0 done, 1 an error; each names file, line, field, reason and fix.");
  board->callback([board_options, &invocation] {
    invocation.run = [=, &invocation] { return Board(*board_options, invocation.streams); };
  });

  const auto counters_options = std::make_shared<CountersOptions>();
  CLI::App* counters = app.add_subcommand("counters", "show the counters of a card, or of a file that it wrote");
  counters->add_option("-f,--file,file", counters_options->file, "the card's file, or - for stdin; without: the card")
      ->type_name("FILE");
  // table: drops that happened; wide: all
  AddOutputOptions(*counters, counters_options->output, {Format::kTable, Format::kWide, Format::kJson});
  AddCardOptions(*counters, counters_options->card);
  counters->footer(
      "\nmatched = sent + drops must hold for every session, interface and direction, in packets and bytes.\n\n"
      "Exit codes: 0 it does, 1 it does not, or nothing could be read.");
  counters->callback([counters_options, &invocation] {
    invocation.run = [=, &invocation] { return Counters(*counters_options, invocation.streams); };
  });
}

}  // namespace heliostat::helioctl
