#include "helioctl/cli/output.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <iostream>
#include <nlohmann/json.hpp>

#include "helioctl/cli/environment.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/cli/yaml_layout.h"

namespace heliostat::helioctl {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 5> kFormats{{{"table", Format::kTable},
                                                                       {"wide", Format::kWide},
                                                                       {"json", Format::kJson},
                                                                       {"yaml", Format::kYaml},
                                                                       {"name", Format::kName}}};

std::vector<std::string_view> NamesOf(const std::vector<Format>& formats) {
  std::vector<std::string_view> names;
  for (const Format format : formats) {
    for (const auto& [name, value] : kFormats) {
      if (value == format) names.push_back(name);
    }
  }
  return names;
}

// As CLI11 shows one in the help.
std::string ClosedSet(const std::vector<std::string_view>& names) {
  std::string set;
  for (const std::string_view name : names) set += (set.empty() ? "{" : ",") + std::string(name);
  return set + "}";
}

Format FormatOf(const std::string& word, const std::vector<Format>& formats) {
  const auto names = NamesOf(formats);
  for (const auto& [name, value] : kFormats) {
    if (name == word && std::find(formats.begin(), formats.end(), value) != formats.end()) return value;
  }
  throw CLI::ValidationError(
      "-o", "\"" + Printable(word) + "\" is no format of this command; " + Suggestion(word, names, "use"));
}

}  // namespace

void AddOutputOptions(CLI::App& command, OutputOptions& options, std::vector<Format> formats) {
  options.format = formats.front();
  const auto names = NamesOf(formats);
  command
      .add_option_function<std::string>(
          "-o,--output", [&options, formats](const std::string& word) { options.format = FormatOf(word, formats); },
          "how it is shown")
      ->check(CLI::Validator(ClosedSet(names)))  // judged above: this only says what there is
      ->type_name("FORMAT")
      ->default_str(std::string(names.front()));
  command.add_flag("--no-headers", options.no_headers, "tables without their first line");
  command.add_option("--color", options.color, "auto (on a terminal, unless $NO_COLOR is set), always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
}

bool IsTerminal(const std::ostream& stream) {
  return (&stream == &std::cout && isatty(STDOUT_FILENO) == 1) || (&stream == &std::cerr && isatty(STDERR_FILENO) == 1);
}

bool UsesColor(const OutputOptions& options, const std::ostream& stream) {
  if (options.color != "auto") return options.color == "always";
  if (!Environment("NO_COLOR").empty()) return false;  // https://no-color.org
  return IsTerminal(stream) && Environment("TERM") != "dumb";
}

TableStyle StyleOf(const OutputOptions& options, const std::ostream& stream) {
  return {.headers = !options.no_headers, .color = UsesColor(options, stream)};
}

std::string JsonText(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string JsonLine(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string YamlText(const Json& json) { return DocumentYaml(json); }

int Fail(const Status& status, Streams streams) {
  streams.err << "helioctl: " << Printable(status.ToString()) << "\n";
  return kFailed;
}

int FailUnknown(const Status& status, Streams streams) {
  Fail(status, streams);
  return kUnknown;
}

}  // namespace heliostat::helioctl
