// Files in and out. Sizes are bounded; nothing here throws.
#pragma once

#include <cstddef>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>
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

// Writes whole or not at all: a file is replaced by renaming, and its permissions stay. "-" is `standard_output`.
[[nodiscard]] Status WriteFile(const std::string& path, const std::string& bytes, std::ostream& standard_output);

// Into what is open already, closing it; `path` is for the error. kUnavailable, also when `descriptor` is -1 (errno
// says why).
[[nodiscard]] Status WriteInto(int descriptor, const std::string& path, std::string_view bytes);

// As WriteFile for a file that is kept for long: in the file system before this returns, and with just these
// permissions (less what the umask takes) from its first byte on.
[[nodiscard]] Status KeepFile(const std::string& path, const std::string& bytes, unsigned mode);
// Of a file or folder that was renamed: the same.
[[nodiscard]] Status KeepNameOf(const std::string& path);

// A file or folder kept for this run alone, among those that ask for the same lock, until it goes out of scope.
class FileLock {
 public:
  // Opens it with these flags of open(), and waits for whoever else has it. kUnavailable.
  [[nodiscard]] static Result<FileLock> Take(const std::string& path, int flags);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace heliostat::helioctl
