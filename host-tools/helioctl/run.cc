#include "helioctl/run.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <optional>
#include <string_view>

#include "config/check.h"
#include "helioctl/command_tree.h"
#include "helioctl/completion_commands.h"
#include "helioctl/spelling.h"
#include "helioctl/version.h"

namespace heliostat::helioctl {
namespace {

constexpr int kFailed = 1;

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

Exit codes: 0 done, 1 an error (on standard error; nothing was changed), 2 diff: something differs.)";

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

int Parse(const std::vector<std::string>& arguments, Streams streams) {
  CLI::App app("Configures a Heliostat card: mirrors packets to analysers.", "helioctl");
  Invocation invocation{streams, {}};
  AddCommands(app, invocation);
  app.set_version_flag("--version", std::string("helioctl ") + kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  if (!arguments.empty() && arguments.front() == kCompleteCommand) {
    return CompleteLine(app, {arguments.begin() + 1, arguments.end()}, streams);
  }
  if (const auto code = CheckCommand(app, arguments, streams)) return *code;
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them last first
  } catch (const CLI::ParseError& error) {
    return app.exit(error, streams.out, streams.err) == 0 ? 0 : kFailed;
  }
  return invocation.run();
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
