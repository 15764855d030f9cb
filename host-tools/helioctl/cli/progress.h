// What takes longer than a second is told on a terminal, on one line that goes away again.
#pragma once

#include <chrono>
#include <cstddef>
#include <ostream>
#include <string>

namespace heliostat::helioctl {

class Progress {
 public:
  // Silent unless `stream` is a terminal.
  explicit Progress(std::ostream& stream);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `sending changes: 48 of 120`; without a total only what is being done.
  void Tell(const std::string& what, std::size_t done = 0, std::size_t total = 0);
  // Wipes the line, so that something else can be written.
  void Clear();

 private:
  std::ostream& stream_;
  bool terminal_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point told_{};
  bool shown_ = false;
};

}  // namespace heliostat::helioctl
