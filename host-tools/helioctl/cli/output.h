// How commands show what they read: `-o table|wide|json|yaml|name`, `--no-headers`, `--color`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "helioctl/cli/streams.h"
#include "helioctl/cli/table.h"

namespace CLI {
class App;
}

namespace heliostat::helioctl {

using Json = nlohmann::ordered_json;  // keys stay in the order they are documented in

enum class Format : std::uint8_t { kTable, kWide, kJson, kYaml, kName };

struct OutputOptions {
  Format format = Format::kTable;
  bool no_headers = false;
  std::string color = "auto";  // auto, always, never
};

// Adds -o, --no-headers and --color. `formats` are those that the command has; the first is the default.
void AddOutputOptions(CLI::App& command, OutputOptions& options, std::vector<Format> formats);

// Standard output or standard error of this process, and a terminal.
bool IsTerminal(const std::ostream& stream);

// `auto`: on a terminal that is not `dumb`, unless $NO_COLOR is set to something.
bool UsesColor(const OutputOptions& options, const std::ostream& stream);

TableStyle StyleOf(const OutputOptions& options, const std::ostream& stream);

// Indented by two, a line break at the end. Text that is not UTF-8 is replaced, never an error.
std::string JsonText(const Json& json);
// On one line.
std::string JsonLine(const Json& json);
// An object as YAML that helioctl reads back: see yaml_layout.h.
std::string YamlText(const Json& json);

// `helioctl: resource field: reason; fix` on standard error; the exit code 1.
int Fail(const Status& status, Streams streams);
// The same of a change that was asked for and may have been made: the exit code 3.
int FailUnknown(const Status& status, Streams streams);

}  // namespace heliostat::helioctl
