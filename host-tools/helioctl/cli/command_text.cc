#include "helioctl/cli/command_text.h"

#include <algorithm>

namespace heliostat::helioctl {
namespace {

// `{auto,always,never}`, which is how CLI11 shows a closed set.
std::vector<std::string> ChoicesIn(const std::string& type) {
  std::vector<std::string> choices;
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return choices;
  std::string choice;
  for (const char c : type.substr(open + 1, close - open - 1) + ",") {
    if (c != ',') {
      choice += c;
      continue;
    }
    choices.push_back(choice);
    choice.clear();
  }
  return choices;
}

OptionText Describe(const CLI::Option& option) {
  OptionText text;
  for (const std::string& name : option.get_snames()) text.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) text.names.push_back("--" + name);
  if (option.get_positional()) text.argument = option.get_name(true);
  if (option.get_items_expected_max() > 0) {
    const std::string type = option.get_type_name();
    text.type = type.substr(0, type.find(':'));
    text.choices = ChoicesIn(type);
    text.default_value = option.get_default_str();
    text.most = static_cast<std::size_t>(option.get_items_expected_max());
    if (option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll) {
      text.most = std::numeric_limits<std::size_t>::max();
    }
  }
  text.description = option.get_description();
  text.environment = option.get_envname();
  text.group = option.get_group();
  text.required = option.get_required();
  return text;
}

CommandText Describe(const CLI::App& app, const std::string& parent) {
  CommandText text;
  text.name = app.get_name();
  text.path = parent.empty() ? text.name : parent + " " + text.name;
  text.description = app.get_description();
  text.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    if (option->nonpositional()) text.options.push_back(Describe(*option));
    if (option->get_positional()) text.arguments.push_back(Describe(*option));
  }
  for (const CLI::App* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) text.commands.push_back(Describe(*command, text.path));
  }
  return text;
}

}  // namespace

bool OptionText::Has(std::string_view name) const { return std::find(names.begin(), names.end(), name) != names.end(); }

const CommandText* CommandText::Find(std::string_view command) const {
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const auto& c) { return c.name == command; });
  return found == commands.end() ? nullptr : &*found;
}

const OptionText* CommandText::FindOption(std::string_view option) const {
  const auto found = std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.Has(option); });
  return found == options.end() ? nullptr : &*found;
}

CommandText DescribeCommands(const CLI::App& app) { return Describe(app, ""); }

}  // namespace heliostat::helioctl
