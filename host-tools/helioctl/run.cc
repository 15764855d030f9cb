#include "helioctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "config/check.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/command_tree.h"
#include "helioctl/completion_commands.h"
#include "helioctl/version.h"

namespace heliostat::helioctl {
namespace {

constexpr const char* kFooter = R"(
Examples:
  helioctl apply -f mirror.yaml                        let the card have it
  helioctl diff -f mirror.yaml                         what that would change
  helioctl rollback                                    back to what it had before
  helioctl validate mirror.yaml                        check a configuration
  helioctl validate configs/ --board board.textproto   and its interfaces against a board
  helioctl compile -f mirror.yaml -o config.bin        write it as the card takes it
  helioctl board board.textproto                       check a board's description
  helioctl counters readings.bin                       what was mirrored, and what was not

Exit codes: 0 done, 1 an error (on standard error; nothing was changed unless it says so), 2 diff: something differs, 3 the
card's answer to a change was lost: whether it was done is unknown, see `helioctl generations`.)";

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());  // else it is hidden
  }
  return names;
}

// CLI11 says only that a word was not expected.
int UnknownCommand(const std::string& path, const std::string& word, const CLI::App& app, Streams streams) {
  const auto names = CommandNames(app);
  const std::vector<std::string_view> views(names.begin(), names.end());
  streams.err << path << ": there is no command " << config::Quoted(word) << "; "
              << Suggestion(word, views, "the commands are") << "\n";
  return kFailed;
}

// The exit code when the words do not name a command, before their options are looked at.
std::optional<int> CheckCommand(const CLI::App& app, const std::vector<std::string>& arguments, Streams streams) {
  const CLI::App* command = &app;
  std::string path = app.get_name();
  for (const std::string& word : arguments) {
    if (command->get_require_subcommand_min() == 0 || word.starts_with("-")) return std::nullopt;
    const auto below = command->get_subcommands([&](const CLI::App* one) { return one->check_name(word); });
    if (below.empty()) return UnknownCommand(path, word, *command, streams);
    command = below.front();
    path += " " + command->get_name();
  }
  if (command->get_require_subcommand_min() == 0) return std::nullopt;
  const auto parent = path.find_last_of(' ');
  streams.err << command->help(parent == std::string::npos ? "" : path.substr(0, parent));
  return kFailed;
}

// `word` as an option of the command: null when it has none of that name.
const CLI::Option* OptionNamed(const CLI::App& command, const std::string& word) {
  return command.get_option_no_throw(word.substr(0, word.find('=')));
}

bool TakesAnotherWord(const CLI::Option& option, const std::string& word) {
  return option.get_expected_min() > 0 && word.find('=') == std::string::npos;
}

// The command that the words name, and how many words that takes.
std::pair<const CLI::App*, std::size_t> NamedCommand(const CLI::App& app, std::span<const std::string> words) {
  const CLI::App* command = &app;
  std::size_t count = 0;
  for (const std::string& word : words) {
    const auto below = command->get_subcommands([&](const CLI::App* one) { return one->check_name(word); });
    if (below.empty()) break;
    command = below.front();
    ++count;
  }
  return {command, count};
}

// `helioctl --card x get sessions` is `helioctl get --card x sessions`: as with kubectl and ip, the options that all
// commands have may stand before the command.
std::vector<std::string> WithOptionsBehind(const CLI::App& app, std::vector<std::string> arguments) {
  std::size_t options = 0;
  while (options < arguments.size() && arguments[options].starts_with("-")) {
    const std::string& word = arguments[options];
    if (OptionNamed(app, word) != nullptr) return arguments;  // --help, --version
    const CLI::Option* option = OptionNamed(*app.get_subcommand("get"), word);
    if (option == nullptr) return arguments;
    options += TakesAnotherWord(*option, word) ? 2 : 1;
  }
  if (options == 0 || options >= arguments.size()) return arguments;
  const auto command = arguments.begin() + static_cast<std::ptrdiff_t>(options);
  const auto [named, words] = NamedCommand(app, {command, arguments.end()});
  const bool whole = named->get_require_subcommand_min() == 0;  // else the word that is wrong comes first
  std::rotate(arguments.begin(), command, whole ? command + static_cast<std::ptrdiff_t>(words) : arguments.end());
  return arguments;
}

// CLI11 takes `--enabled=` for `--enabled`: what was to be filled in, and was not, would turn something on.
std::optional<int> CheckSwitches(const CLI::App& app, std::span<const std::string> arguments, Streams streams) {
  const auto [command, words] = NamedCommand(app, arguments);
  for (const std::string& word : arguments.subspan(words)) {
    if (word == "--") break;
    if (!word.starts_with("--") || word.find('=') != word.size() - 1) continue;
    const CLI::Option* option = OptionNamed(*command, word);
    if (option == nullptr || option->get_expected_max() > 0) continue;
    const std::string name = word.substr(0, word.size() - 1);
    streams.err << app.get_name() << ": " << word << " has no value; write " << name << " or " << name << "=false\n";
    return kFailed;
  }
  return std::nullopt;
}

std::string NoSuchOption(const CLI::App& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string_view> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& one : option->get_lnames()) known.push_back(one);
  }
  const std::string_view nearest = Nearest(name, known);
  return "there is no option " + name + (nearest.empty() ? "" : "; did you mean --" + std::string(nearest) + "?");
}

// In place of CLI11's: names the command, and for an option that is not there the one that may have been meant.
std::string WhatIsWrong(const CLI::App& app, std::span<const std::string> arguments, const CLI::ParseError& error) {
  const auto [command, words] = NamedCommand(app, arguments);
  std::string path = app.get_name();
  for (const std::string& word : arguments.first(words)) path += " " + word;
  std::string reason = error.what();
  if (words == 0 || error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    const auto rest = arguments.subspan(words);
    const auto wrong = std::find_if(rest.begin(), rest.end(), [&command = *command](const std::string& word) {
      return word.starts_with("-") && OptionNamed(command, word) == nullptr;
    });
    if (wrong != rest.end()) reason = NoSuchOption(*command, *wrong);
  }
  return path + ": " + reason + "\nTry `" + path + " --help`.\n";
}

int Parse(std::vector<std::string> arguments, Streams streams) {
  CLI::App app("Configures a Heliostat card: mirrors packets to analysers.", "helioctl");
  Invocation invocation{streams, {}};
  AddCommands(app, invocation);
  app.set_version_flag("--version", std::string("helioctl ") + kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  if (!arguments.empty() && arguments.front() == kCompleteCommand) {
    return CompleteLine(app, {arguments.begin() + 1, arguments.end()}, streams);
  }
  if (!arguments.empty() && arguments.front() == "version") arguments.front() = "--version";
  if (!arguments.empty() && arguments.front() == "help") {  // `help get` is `get --help`
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  arguments = WithOptionsBehind(app, std::move(arguments));
  if (const auto code = CheckCommand(app, arguments, streams)) return *code;
  if (const auto code = CheckSwitches(app, arguments, streams)) return *code;
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them last first
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, streams.out, streams.err);  // --help, --version
    streams.err << WhatIsWrong(app, arguments, error);
    return kFailed;
  }
  return invocation.run();
}

}  // namespace

// The libraries beneath throw; nothing gets past here.
int Run(const std::vector<std::string>& arguments, Streams streams) {
  try {
    const int code = Parse(arguments, streams);
    if (streams.out.flush() || code == kFailed || code == kUnknown) return code;
    streams.err << "helioctl: standard output can't be written; a change that was asked for is done all the same\n";
    return kFailed;
  } catch (const std::exception& error) {
    streams.err << "helioctl: internal error: " << error.what() << "; please report it with the input\n";
    return kFailed;
  }
}

}  // namespace heliostat::helioctl
