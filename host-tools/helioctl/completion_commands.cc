#include "helioctl/completion_commands.h"

#include <memory>
#include <sstream>

#include "helioctl/card/context_file.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/command_tree.h"
#include "helioctl/completion.h"
#include "helioctl/man_page.h"
#include "helioctl/run.h"

namespace heliostat::helioctl {
namespace {

constexpr const char* kFooter = R"text(
Examples:
  eval "$(helioctl completion bash)"         in ~/.bashrc
  source <(helioctl completion zsh)          in ~/.zshrc, behind compinit
  helioctl completion fish | source          in ~/.config/fish/config.fish

Names of resources come from the card that the line means; when it can't be reached in 2 s there are none.

Exit codes: 0 done, 1 an error.)text";

// As somebody would type it; whatever goes wrong, there are no names.
std::vector<std::string> NamesFromCard(std::string_view kind, const std::vector<std::string>& card_options) {
  std::vector<std::string> arguments{"__names", std::string(kind), "--timeout", "2s"};
  arguments.insert(arguments.end(), card_options.begin(), card_options.end());
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  std::vector<std::string> names;
  if (Run(arguments, {in, out, err}) != 0) return names;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) names.push_back(line);
  return names;
}

std::vector<std::string> ContextNames() {
  const auto file = ReadContextFile();
  std::vector<std::string> names;
  if (!file.ok()) return names;
  for (const std::string_view name : file->Names()) names.emplace_back(name);
  return names;
}

}  // namespace

int CompleteLine(const CLI::App& app, const std::vector<std::string>& arguments, Streams streams) {
  const bool marked = !arguments.empty() && arguments.front() == "--";
  const std::vector<std::string> words(arguments.begin() + (marked ? 1 : 0), arguments.end());
  streams.out << CompletionLines(Complete(DescribeCommands(app), words, {NamesFromCard, ContextNames}));
  return kDone;
}

void AddCompletionCommands(CLI::App& app, Invocation& invocation) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* completion = app.add_subcommand("completion", "the shell completes commands, options and names");
  completion->add_option("shell", *shell, "which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL");
  completion->footer(kFooter);
  completion->callback([=, &invocation] {
    invocation.run = [=, &invocation] {
      invocation.streams.out << CompletionScript(*shell);
      return kDone;
    };
  });

  CLI::App* man = app.add_subcommand("man", "the manual page, for man -l -");
  man->footer("\nExample:\n  helioctl man | man -l -\n\nExit codes: 0 done, 1 an error.");
  man->callback([&app, &invocation] {
    invocation.run = [&app, &invocation] {
      invocation.streams.out << ManPage(DescribeCommands(app));
      return kDone;
    };
  });
}

}  // namespace heliostat::helioctl
