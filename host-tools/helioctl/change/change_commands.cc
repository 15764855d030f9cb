#include "helioctl/change/change_commands.h"

#include <fmt/ranges.h>

#include <array>
#include <memory>

#include "helioctl/change/apply.h"
#include "helioctl/change/edit.h"
#include "helioctl/change/export.h"
#include "helioctl/change/generations.h"
#include "helioctl/change/one_liner.h"
#include "helioctl/change/removal.h"
#include "helioctl/yaml/rule_text.h"

namespace heliostat::helioctl {
namespace {

constexpr const char* kExitCodes =
    "\nExit codes: 0 done, 1 an error (nothing was changed unless it says so), 3 the card's answer was lost: whether "
    "it\n"
    "was done is unknown, see `helioctl generations`.";
constexpr const char* kExitCodesOfReading = "\nExit codes: 0 done, 1 an error.";

std::string RuleFooter() {
  return fmt::format(R"(
A rule: NUMBER accept|reject [PROTOCOL] [FROM -> TO] [FIELD=VALUE ...]
  "10 accept"                                        everything
  "10 accept tcp any -> any:443"                     FROM, TO: any, a prefix, :PORTS or PREFIX:PORTS
  "20 reject udp 10.0.0.0/8:1000-2000 -> any"        IPv6 with ports: [2001:db8::/32]:443
  "30 accept icmp icmpType=8 description=\"echo\""
  "40 accept tcp tcpFlags=0x02/0x12"                 VALUE/MASK
Fields: {}; `helioctl explain rule`
)",
                     fmt::join(RuleTextFields(), ", "));
}

// A command whose options live as long as the parser, and what it does with them.
template <typename Options>
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     const std::shared_ptr<Options>& options, Invocation& invocation,
                     int (*action)(const Options&, Streams)) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->callback(
      [=, &invocation] { invocation.run = [=, &invocation] { return action(*options, invocation.streams); }; });
  command->footer(kExitCodes);
  return command;
}

CLI::Option* AddFiles(CLI::App& command, std::vector<std::string>& files, bool positional) {
  return command
      .add_option(positional ? "-f,--file,files" : "-f,--file", files,
                  "YAML files, directories of *.yaml and *.yml, or - for stdin")
      ->type_name("PATH")
      ->take_all();
}

// Returns --prune.
CLI::Option* AddPruneOptions(CLI::App& command, PruneOptions& options, const std::string& prune,
                             const std::string& all_owners) {
  CLI::Option* flag = command.add_flag("--prune", options.prune, prune);
  command.add_flag("--all-owners", options.all_owners, all_owners)->needs(flag);
  return flag;
}

void AddApply(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<ApplyOptions>();
  CLI::App* apply = AddCommand(app, "apply", "create and update resources from YAML", options, invocation, Apply);
  AddFiles(*apply, options->files, true)->required();
  AddPruneOptions(
      *apply, options->prune,
      "remove the caller's own targets, filters and sessions that the files do not name; an admin's own are "
      "those without an owner",
      "with --prune: those of every owner, too");
  AddChangeOptions(*apply, options->change);
}

void AddDiff(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<DiffOptions>();
  CLI::App* diff = AddCommand(app, "diff", "what apply, or rollback, would change", options, invocation, Diff);
  CLI::Option* files = AddFiles(*diff, options->files, true);
  CLI::Option* generation =
      diff->add_option("--generation", options->generation, "a generation that is kept, in the place of files")
          ->type_name("NUMBER")
          ->check(GenerationNumber())
          ->excludes(files);
  AddPruneOptions(*diff, options->prune, "as apply --prune", "as apply --prune --all-owners")->excludes(generation);
  diff->add_option("--color", options->output.color, "auto (on a terminal, unless $NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
  AddCardOptions(*diff, options->card);
  diff->callback([=, &invocation] {
    if (files->count() == 0 && generation->count() == 0) throw CLI::RequiredError("--file or --generation");
    invocation.run = [=, &invocation] { return Diff(*options, invocation.streams); };
  });
  diff->footer("\nExit codes: 0 nothing differs, 2 something does, 1 an error.");
}

void AddOneLiners(CLI::App& app, Invocation& invocation, const std::string& verb, const std::string& description,
                  bool change, int (*action)(const OneLinerOptions&, Streams)) {
  CLI::App* parent = app.add_subcommand(verb, description);
  parent->require_subcommand(1);
  for (const config::Kind kind :
       {config::Kind::kTarget, config::Kind::kFilter, config::Kind::kSession, config::Kind::kInterface}) {
    // An interface is made by the board.
    if (kind == config::Kind::kInterface && !change) continue;
    const KindWords& words = WordsOf(kind);
    const auto options = std::make_shared<OneLinerOptions>();
    options->kind = kind;
    CLI::App* command = AddCommand(*parent, std::string(words.singular),
                                   (change ? "change fields of one " : "make a ") + std::string(words.singular),
                                   options, invocation, action);
    command->alias(std::string(words.plural))->alias(std::string(words.short_name));
    command->add_option("name", options->name, "its name")->required()->type_name("NAME");
    AddResourceFlags(*command, kind, change, options->fields);
    AddChangeOptions(*command, options->change);
    if (kind == config::Kind::kFilter) command->footer(RuleFooter() + kExitCodes);
  }
}

void AddEdit(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<EditOptions>();
  CLI::App* edit = AddCommand(app, "edit", "change a resource's YAML in an editor", options, invocation, Edit);
  edit->add_option("resource", options->names, "KIND NAME, or KIND/NAME")->required()->type_name("RESOURCE");
  AddChangeOptions(*edit, options->change);
  edit->footer(
      std::string(
          "\nThe editor is $VISUAL, else $EDITOR, else vi. It comes back with the errors while there are some.\n") +
      kExitCodes);
}

void AddDelete(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<DeleteOptions>();
  CLI::App* remove = AddCommand(app, "delete", "remove resources that nobody uses", options, invocation, Delete);
  CLI::Option* names = remove->add_option("resource", options->names, "KIND NAME..., or KIND/NAME...");
  names->type_name("RESOURCE");
  CLI::Option* files = AddFiles(*remove, options->files, false)->excludes(names);
  remove->add_flag("--ignore-not-found", options->ignore_not_found, "what is not there is no error");
  AddChangeOptions(*remove, options->change);
  remove->callback([=, &invocation] {
    if (names->count() == 0 && files->count() == 0) throw CLI::RequiredError("KIND NAME, or --file");
    invocation.run = [=, &invocation] { return Delete(*options, invocation.streams); };
  });
}

void AddSwitches(CLI::App& app, Invocation& invocation) {
  for (const bool enabled : {true, false}) {
    const auto options = std::make_shared<SwitchOptions>();
    options->enabled = enabled;
    CLI::App* command = AddCommand(app, enabled ? "enable" : "disable",
                                   enabled ? "let sessions mirror again" : "let sessions mirror nothing, for now",
                                   options, invocation, Switch);
    command->add_option("session", options->names, "session NAME..., or session/NAME...")
        ->required()
        ->type_name("RESOURCE");
    AddChangeOptions(*command, options->change);
  }
}

void AddExport(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* command =
      AddCommand(app, "export", "the card's configuration as YAML that apply takes", options, invocation, Export);
  command->add_option("resource", options->names, "KIND, KIND NAME... or KIND/NAME...; without: everything")
      ->type_name("RESOURCE");
  command->add_option("--generation", options->generation, "as it was in a generation that is kept")
      ->check(GenerationNumber())
      ->type_name("NUMBER");
  command->add_option("-o,--output", options->file, "file to write, or - for stdout")
      ->type_name("FILE")
      ->capture_default_str();
  AddCardOptions(*command, options->card);
  command->footer(kExitCodesOfReading);
}

void AddGenerationCommands(CLI::App& app, Invocation& invocation) {
  const auto listed = std::make_shared<GenerationsOptions>();
  CLI::App* generations =
      AddCommand(app, "generations", "the configurations that the card keeps", listed, invocation, ListGenerations);
  AddOutputOptions(*generations, listed->output, {Format::kTable, Format::kJson, Format::kYaml});
  AddCardOptions(*generations, listed->card);
  generations->footer(kExitCodesOfReading);

  const auto back = std::make_shared<RollbackOptions>();
  CLI::App* rollback =
      AddCommand(app, "rollback", "a new generation with the content of an older one", back, invocation, Rollback);
  rollback
      ->add_option("generation", back->generation,
                   "which one; without: the one before the current one, unless that goes back itself")
      ->type_name("NUMBER")
      ->check(GenerationNumber());
  AddChangeOptions(*rollback, back->change);

  const auto confirmed = std::make_shared<ConfirmOptions>();
  CLI::App* confirm =
      AddCommand(app, "confirm", "keep what --confirm-within would undo", confirmed, invocation, Confirm);
  confirm->add_option("generation", confirmed->generation, "which one; without: the current one")
      ->type_name("NUMBER")
      ->check(GenerationNumber());
  AddCardOptions(*confirm, confirmed->card);
}

}  // namespace

void AddChangeCommands(CLI::App& app, Invocation& invocation) {
  AddApply(app, invocation);
  AddDiff(app, invocation);
  AddOneLiners(app, invocation, "create", "make a target, filter or session without YAML", false, Create);
  AddOneLiners(app, invocation, "set", "change fields of a target, filter, session or interface", true, Set);
  AddEdit(app, invocation);
  AddDelete(app, invocation);
  AddSwitches(app, invocation);
  AddExport(app, invocation);
  AddGenerationCommands(app, invocation);
}

}  // namespace heliostat::helioctl
