#include "helioctl/completion.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "config/check.h"
#include "helioctl/card/context.h"
#include "helioctl/yaml/explain.h"
#include "helioctl/yaml/kinds.h"

namespace heliostat::helioctl {
namespace {

// What has been written so far, read as the parser would.
struct Line {
  const CommandText* command = nullptr;
  const CommandText* parent = nullptr;
  const OptionText* pending = nullptr;   // an option that waits for its value
  std::vector<std::string> arguments{};  // of the command
  std::set<const OptionText*> used{};
  std::vector<std::string> card_options{};
  bool options_ended = false;  // by --
  std::string word{};          // being written
  std::string in_front{};      // of each candidate: `--output=`
};

void TakeValue(Line& line, const OptionText& option, const std::string& value) {
  if (option.group != kCardOptionsGroup || option.Has("--timeout")) return;
  line.card_options.push_back(option.names.back());
  line.card_options.push_back(value);
}

void TakeOption(Line& line, const std::string& word) {
  const auto equals = word.find('=');
  const OptionText* option = line.command->FindOption(word.substr(0, equals));
  if (option == nullptr) return;
  line.used.insert(option);
  if (equals != std::string::npos) {
    TakeValue(line, *option, word.substr(equals + 1));
  } else if (option->takes_value()) {
    line.pending = option;
  }
}

void Take(Line& line, const std::string& word) {
  if (line.pending != nullptr) {
    if (word == "=") return;  // as bash splits
    TakeValue(line, *line.pending, word);
    line.pending = nullptr;
  } else if (word == "--") {
    line.options_ended = true;
  } else if (!line.options_ended && word.starts_with("-") && word.size() > 1) {
    TakeOption(line, word);
  } else if (const CommandText* command = line.arguments.empty() ? line.command->Find(word) : nullptr) {
    line.parent = line.command;
    line.command = command;
  } else {
    line.arguments.push_back(word);
  }
}

Line Read(const CommandText& program, const std::vector<std::string>& words) {
  Line line;
  line.command = &program;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) Take(line, words[i]);
  if (!words.empty()) line.word = words.back();
  if (line.pending != nullptr && line.word == "=") line.word.clear();
  const auto equals = line.word.find('=');
  if (line.pending == nullptr && !line.options_ended && line.word.starts_with("--") && equals != std::string::npos) {
    line.pending = line.command->FindOption(line.word.substr(0, equals));
    line.in_front = line.word.substr(0, equals + 1);
    line.word.erase(0, equals + 1);
  }
  return line;
}

class Completer {
 public:
  Completer(const Line& line, const CompletionSources& sources) : line_(line), sources_(sources) {}

  Completion Complete() {
    if (line_.pending != nullptr) {
      Values(*line_.pending);
    } else if (line_.word.starts_with("-") && !line_.options_ended) {
      Options();
    } else {
      if (line_.arguments.empty()) {
        for (const CommandText& command : line_.command->commands) Offer(command.name, command.description);
      }
      if (const OptionText* argument = Argument()) Values(*argument);
    }
    return std::move(completion_);
  }

 private:
  void Offer(const std::string& word, const std::string& description = {}) {
    if (word.starts_with(line_.word)) completion_.candidates.push_back({line_.in_front + word, description});
  }

  void Options() {
    for (const OptionText& option : line_.command->options) {
      if (line_.used.contains(&option) && option.most == 1) continue;
      for (const std::string& name : option.names) {
        if (name.starts_with("--") || option.names.size() == 1) Offer(name, option.description);
      }
    }
  }

  // The argument whose turn it is.
  [[nodiscard]] const OptionText* Argument() const {
    std::size_t left = line_.arguments.size();
    for (const OptionText& argument : line_.command->arguments) {
      if (line_.used.contains(line_.command->FindOption(argument.names.empty() ? "" : argument.names.back()))) continue;
      if (left < argument.most) return &argument;
      left -= argument.most;
    }
    return nullptr;
  }

  // What a type says of its values: `all|inbound|outbound`, names of a kind, one or several (`TARGET,...`).
  void TypedValues(std::string type) {
    std::string earlier;  // of several, those that are whole
    if (constexpr std::string_view kSeveral = ",..."; type.ends_with(kSeveral)) {
      type.resize(type.size() - kSeveral.size());
      earlier = line_.word.substr(0, line_.word.rfind(',') + 1);
    }
    constexpr std::pair<std::string_view, const char*> kNamed[] = {
        {"SESSION", "session"}, {"TARGET", "target"}, {"FILTER", "filter"}, {"INTERFACE", "interface"}};
    for (const auto& [name, kind] : kNamed) {
      if (type == name) OfferNames(kind, earlier);
    }
    if (type.empty() || type.front() < 'a' || type.front() > 'z') return;  // `NAME|SERIAL`
    for (std::size_t at = 0; at <= type.size();) {
      const auto bar = std::min(type.find('|', at), type.size());
      Offer(earlier + type.substr(at, bar - at));
      at = bar + 1;
    }
  }

  // Of the kind that the command is about: `set session --unset FIELD`.
  [[nodiscard]] std::string FieldsToUnset() const {
    const auto kind = ParseKind(line_.command->name);
    std::string type;
    if (!kind.ok()) return type;
    for (const std::string_view field : NamesToUnset(*kind)) type += (type.empty() ? "" : "|") + std::string(field);
    return type + ",...";
  }

  void Values(const OptionText& option) {
    for (const std::string& choice : option.choices) Offer(choice);
    if (!option.choices.empty()) return;
    if (option.type == "FILE" || option.type == "PATH") completion_.paths = Paths::kFiles;
    if (option.type == "DIR") completion_.paths = Paths::kFolders;
    if (option.type == "CONTEXT") {
      for (const std::string& name : sources_.contexts()) Offer(name);
    }
    if (option.type == "KIND") {
      for (const KindWords& kind : AllKinds()) Offer(std::string(kind.plural));
      Offer("rules");
      Offer("all");
    }
    if (option.type == "KIND.FIELD") {
      for (const std::string& path : PathsLike(line_.word)) Offer(path);
    }
    TypedValues(option.type == "FIELD" ? FieldsToUnset() : option.type);
    if (option.type == "RESOURCE") Resources();
    if (option.type == "NAME") Names();
  }

  // `KIND NAME...` or `KIND/NAME...`.
  void Resources() {
    if (const auto slash = line_.word.find('/'); slash != std::string::npos) {
      OfferNames(line_.word.substr(0, slash), line_.word.substr(0, slash + 1));
    } else if (line_.arguments.empty()) {
      for (const KindWords& kind : AllKinds()) OfferKind(kind, "");
    } else if (line_.arguments.front().find('/') == std::string::npos) {
      OfferNames(line_.arguments.front(), "");
    } else {
      for (const KindWords& kind : AllKinds()) OfferKind(kind, "/");
    }
  }

  void OfferKind(const KindWords& kind, const std::string& behind) {
    const bool switches = line_.command->name == "enable" || line_.command->name == "disable";
    if (!switches || kind.kind == config::Kind::kSession) Offer(std::string(kind.singular) + behind);
  }

  // A name behind a kind: `get sessions NAME`, `set session NAME`.
  void Names() {
    const auto& arguments = line_.command->arguments;
    if (!line_.arguments.empty() && arguments.front().type == "KIND") OfferNames(line_.arguments.front(), "");
    if (line_.parent != nullptr && line_.parent->name == "set") OfferNames(line_.command->name, "");
  }

  void OfferNames(const std::string& kind_word, const std::string& in_front) {
    const auto kind = IsRule(kind_word) ? Result<config::Kind>(config::Kind::kFilter) : ParseKind(kind_word);
    if (!kind.ok()) return;
    for (const std::string& name : sources_.names(WordsOf(*kind).singular, line_.card_options)) {
      const bool given = line_.pending == nullptr && std::find(line_.arguments.begin(), line_.arguments.end(),
                                                               in_front + name) != line_.arguments.end();
      // What comes from a card gets on a command line only as a plain name.
      if (config::IsName(name) && !given) Offer(in_front + name);
    }
  }

  const Line& line_;
  const CompletionSources& sources_;
  Completion completion_;
};

constexpr std::string_view kBash = R"sh(# bash completion for helioctl: eval "$(helioctl completion bash)"
_helioctl() {
  local line current=${COMP_WORDS[COMP_CWORD]}
  [[ $current == "=" ]] && current=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
        ;;
      :folders)
        compopt -o filenames 2>/dev/null
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current")
        ;;
      */) compopt -o nospace 2>/dev/null; COMPREPLY+=("$line") ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${1/#\~/$HOME}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _helioctl helioctl
)sh";

constexpr std::string_view kZsh = R"sh(#compdef helioctl
# zsh completion for helioctl: source <(helioctl completion zsh), or as _helioctl in a folder of $fpath
_helioctl() {
  local line
  local -a candidates open
  for line in "${(@f)$(${~words[1]} __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      */) open+=("$line") ;;
      *$'\t'*) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
      *) candidates+=("${line//:/\\:}") ;;
    esac
  done
  (( $#candidates )) && _describe -t values helioctl candidates
  (( $#open )) && compadd -S '' -- "${open[@]}"
  return 0
}
if [[ ${funcstack[1]-} == _helioctl ]]; then _helioctl "$@"; else compdef _helioctl helioctl; fi
)sh";

constexpr std::string_view kFish = R"sh(# fish completion for helioctl: helioctl completion fish | source
function __helioctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program __complete -- $words "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':folders'
                __fish_complete_directories "$current"
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c helioctl -f -a '(__helioctl_complete)'
)sh";

}  // namespace

Completion Complete(const CommandText& program, const std::vector<std::string>& words,
                    const CompletionSources& sources) {
  return Completer(Read(program, words), sources).Complete();
}

std::string CompletionLines(const Completion& completion) {
  std::string lines;
  for (const Candidate& candidate : completion.candidates) {
    lines += candidate.word;
    if (!candidate.description.empty()) lines += "\t" + candidate.description;
    lines += "\n";
  }
  if (completion.paths == Paths::kFiles) lines += ":files\n";
  if (completion.paths == Paths::kFolders) lines += ":folders\n";
  return lines;
}

std::string CompletionScript(std::string_view shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  return shell == "fish" ? std::string(kFish) : std::string();
}

}  // namespace heliostat::helioctl
