// The command tree as plain values: what completion and the man page are made from.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace heliostat::helioctl {

struct OptionText {
  std::vector<std::string> names{};  // `-o`, `--output`; of an argument without an option: none
  std::string argument{};            // the name of an argument; empty: an option only
  std::string type{};                // `FILE`; empty: it takes no value
  std::vector<std::string> choices{};
  std::string description{};
  std::string default_value{};
  std::string environment{};
  std::string group{};
  bool required = false;
  std::size_t most = 1;  // values

  [[nodiscard]] bool takes_value() const { return !type.empty(); }
  [[nodiscard]] bool Has(std::string_view name) const;
};

struct CommandText {
  std::string name{};
  std::string path{};  // `helioctl pki init`
  std::string description{};
  std::string footer{};
  std::vector<OptionText> options{};
  std::vector<OptionText> arguments{};  // by position; one that is an option too is in both
  std::vector<CommandText> commands{};

  [[nodiscard]] const CommandText* Find(std::string_view command) const;
  [[nodiscard]] const OptionText* FindOption(std::string_view option) const;
};

// `app` and all below it but what is hidden.
CommandText DescribeCommands(const CLI::App& app);

}  // namespace heliostat::helioctl
