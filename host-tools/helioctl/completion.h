// Completion of a command line: the shells' scripts ask `helioctl __complete -- WORD...`, which answers with lines.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "helioctl/cli/command_text.h"

namespace heliostat::helioctl {

struct Candidate {
  std::string word{};
  std::string description{};  // empty: none
};

enum class Paths : std::uint8_t { kNone, kFiles, kFolders };

struct Completion {
  std::vector<Candidate> candidates{};
  Paths paths = Paths::kNone;  // these too
};

// What a command line can name that the tree does not know. Each may answer with nothing, and does so quickly.
struct CompletionSources {
  // Names of the resources of a kind, from the card that `card_options` (`--context`, `lab`) mean.
  std::function<std::vector<std::string>(std::string_view kind, const std::vector<std::string>& card_options)> names;
  std::function<std::vector<std::string>()> contexts;
};

// `words` behind the program's name; the last is the one being written, maybe empty. Bash splits `--option=value` at
// its `=`; the others do not.
Completion Complete(const CommandText& program, const std::vector<std::string>& words,
                    const CompletionSources& sources);

// One candidate a line, its description behind a tab; then `:files` or `:folders`.
std::string CompletionLines(const Completion& completion);

// For bash, zsh or fish; empty for another one.
std::string CompletionScript(std::string_view shell);

}  // namespace heliostat::helioctl
