#include "helioctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <string_view>

#include "helioctl/commands.h"
#include "helioctl/spelling.h"
#include "helioctl/version.h"

namespace heliostat::helioctl {
namespace {

constexpr int kFailed = 1;
constexpr std::array<std::string_view, 4> kCommands{"compile", "validate", "board", "counters"};

constexpr const char* kFooter = R"(
Examples:
  helioctl validate mirror.yaml                        check a configuration
  helioctl validate configs/ --board board.textproto   and its interfaces against a board
  helioctl compile -f mirror.yaml -o config.bin        write it as the card takes it
  helioctl board board.textproto                       check a board's description
  helioctl counters readings.bin                       what was mirrored, and what was not

Exit codes: 0 done, 1 an error (on standard error; nothing was written).)";

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

struct Options {
  ConfigurationOptions configuration;
  BoardOptions board;
  CountersOptions counters{{}, "table"};
};

void Describe(CLI::App& app, Options& options) {
  app.set_version_flag("--version", std::string("helioctl ") + kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);

  CLI::App* validate = app.add_subcommand("validate", "check a configuration as the card would");
  AddConfigurationOptions(*validate, options.configuration);

  CLI::App* compile = app.add_subcommand("compile", "check a configuration and write it as the card takes it");
  AddConfigurationOptions(*compile, options.configuration);
  compile->add_option("-o,--output", options.configuration.output, "file to write, or - for stdout")
      ->required()
      ->type_name("FILE");

  CLI::App* board = app.add_subcommand("board", "check a board.textproto and write it as the card takes it");
  board->add_option("-f,--file,file", options.board.file, "the board, or - for stdin")->required()->type_name("FILE");
  board->add_option("-o,--output", options.board.output, "file to write, or - for stdout; without it: only check")
      ->type_name("FILE");
  board->footer("\nExit codes: 0 done, 1 an error; each names file, line, field, reason and fix.");

  CLI::App* counters = app.add_subcommand("counters", "show a file of counters that a card wrote");
  counters->add_option("-f,--file,file", options.counters.file, "the card's file, or - for stdin")
      ->required()
      ->type_name("FILE");
  counters->add_option("-o,--output", options.counters.format, "table (drops that happened), wide (all) or json")
      ->check(CLI::IsMember({"table", "wide", "json"}))
      ->type_name("FORMAT")
      ->capture_default_str();
  counters->footer(
      "\nmatched = sent + drops must hold for every session, interface and direction, in packets and bytes.\n\n"
      "Exit codes: 0 it does, 1 it does not, or the file can't be read.");
}

// CLI11 says only that a word was not expected.
int UnknownCommand(const std::string& word, Streams streams) {
  streams.err << "helioctl: there is no command \"" << word << "\"; " << Suggestion(word, kCommands, "the commands are")
              << "\n";
  return kFailed;
}

int Parse(const std::vector<std::string>& arguments, Streams streams) {
  CLI::App app("Configures a Heliostat card: mirrors packets to analysers.", "helioctl");
  Options options;
  Describe(app, options);
  if (arguments.empty()) {
    streams.err << app.help();
    return kFailed;
  }
  const std::string& first = arguments.front();
  if (!first.starts_with("-") && std::find(kCommands.begin(), kCommands.end(), first) == kCommands.end()) {
    return UnknownCommand(first, streams);
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them last first
  } catch (const CLI::ParseError& error) {
    return app.exit(error, streams.out, streams.err) == 0 ? 0 : kFailed;
  }
  if (app.got_subcommand("compile")) return Compile(options.configuration, streams);
  if (app.got_subcommand("validate")) return Validate(options.configuration, streams);
  if (app.got_subcommand("board")) return Board(options.board, streams);
  return Counters(options.counters, streams);
}

}  // namespace

// The libraries beneath throw; nothing gets past here.
int Run(const std::vector<std::string>& arguments, Streams streams) {
  try {
    const int code = Parse(arguments, streams);
    if (!streams.out.flush()) {
      streams.err << "helioctl: standard output can't be written\n";
      return kFailed;
    }
    return code;
  } catch (const std::exception& error) {
    streams.err << "helioctl: internal error: " << error.what() << "; please report it with the input\n";
    return kFailed;
  }
}

}  // namespace heliostat::helioctl
