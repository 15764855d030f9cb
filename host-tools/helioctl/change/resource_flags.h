// Fields of a resource as options of a command: `--percent 10` for `percent: 10`. What they are worth, the YAML reader
// judges, so that its errors are the same ones.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/difference.h"
#include "helioctl/cli/problem.h"

namespace CLI {
class App;
}  // namespace CLI

namespace heliostat::helioctl {

// By flag, as they were typed.
using FlagValues = std::map<std::string, std::vector<std::string>>;

// Adds the fields of a kind (any but an underlay) as options. With `change` also those that make sense only for
// what is there: --unset, --add-source, --remove-rule, ...
void AddResourceFlags(CLI::App& command, config::Kind kind, bool change, FlagValues& values);

// Lays what was typed over a document (yaml_writer.h). kInvalidArgument, with the flag as the subject's first word.
[[nodiscard]] Status LayFlags(config::Kind kind, const FlagValues& values, nlohmann::ordered_json& document);

// The flag that an error of the YAML reader or the card is about, or that is missing: `--percent`. Empty: none.
[[nodiscard]] std::string FlagOf(config::Kind kind, const FlagValues& values, const Status& error);

}  // namespace heliostat::helioctl
