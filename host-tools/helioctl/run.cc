#include "helioctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <string_view>

#include "helioctl/command_tree.h"
#include "helioctl/spelling.h"
#include "helioctl/version.h"

namespace heliostat::helioctl {
namespace {

constexpr int kFailed = 1;

constexpr const char* kFooter = R"(
Examples:
  helioctl validate mirror.yaml                        check a configuration
  helioctl validate configs/ --board board.textproto   and its interfaces against a board
  helioctl compile -f mirror.yaml -o config.bin        write it as the card takes it
  helioctl board board.textproto                       check a board's description
  helioctl counters readings.bin                       what was mirrored, and what was not

Exit codes: 0 done, 1 an error (on standard error; nothing was changed).)";

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// CLI11 says only that a word was not expected.
int UnknownCommand(const std::string& word, const std::vector<std::string>& names, Streams streams) {
  const std::vector<std::string_view> views(names.begin(), names.end());
  streams.err << "helioctl: there is no command \"" << word << "\"; " << Suggestion(word, views, "the commands are")
              << "\n";
  return kFailed;
}

int Parse(const std::vector<std::string>& arguments, Streams streams) {
  CLI::App app("Configures a Heliostat card: mirrors packets to analysers.", "helioctl");
  Invocation invocation{streams, {}};
  AddCommands(app, invocation);
  app.set_version_flag("--version", std::string("helioctl ") + kVersion);
  app.require_subcommand(1);
  app.footer(kFooter);
  if (arguments.empty()) {
    streams.err << app.help();
    return kFailed;
  }
  const std::string& first = arguments.front();
  if (const auto names = CommandNames(app);
      !first.starts_with("-") && std::find(names.begin(), names.end(), first) == names.end()) {
    return UnknownCommand(first, names, streams);
  }
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
