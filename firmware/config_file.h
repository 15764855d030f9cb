// A configuration that comes from a file, for tests and rigs: read at the start and whenever the file has changed.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace heliostat {

// Returns the `error` of decoding `bytes` of the file at `path`. When they are text, which people write, it names the
// helioctl command that makes the card's file of it.
[[nodiscard]] Status NotDecoded(Status error, const std::string& path, std::string_view bytes,
                                std::string_view command);

class ConfigFile {
 public:
  ConfigFile(std::string path, const config::Limits& limits) : path_(std::move(path)), limits_(limits) {}

  [[nodiscard]] Result<std::shared_ptr<const config::Config>> Read();
  // Was it replaced or rewritten since the last Read?
  [[nodiscard]] bool Changed() const;

 private:
  struct Stamp {
    ino_t inode = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    off_t bytes = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  [[nodiscard]] Stamp Look() const;

  std::string path_;
  config::Limits limits_;
  Stamp stamp_;
  std::vector<config::PickedId> picked_ids_;  // for the file that was read last
};

}  // namespace heliostat
