// Files in and out. Sizes are bounded; nothing here throws.
#pragma once

#include <cstddef>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "base/status.h"

namespace heliostat::helioctl {

// "-" in errors.
inline constexpr const char* kStandardInput = "<stdin>";

struct TextFile {
  std::string name;  // as errors call it
  std::string text;
};

// A file, or `standard_input` for "-".
[[nodiscard]] Result<TextFile> ReadFile(const std::string& path, std::istream& standard_input);

// The files that `paths` name: a directory stands for its *.yaml and *.yml (not those in folders within), by name.
[[nodiscard]] Result<std::vector<TextFile>> ReadYamlFiles(const std::vector<std::string>& paths,
                                                          std::istream& standard_input);

// Writes whole or not at all: a file is replaced by renaming. "-" is `standard_output`.
[[nodiscard]] Status WriteFile(const std::string& path, const std::string& bytes, std::ostream& standard_output);

// The same for a file that is kept for long: in the file system before this returns, and with just these permissions
// (less what the umask takes) from its first byte on.
[[nodiscard]] Status KeepFile(const std::string& path, const std::string& bytes, unsigned mode);

}  // namespace heliostat::helioctl
