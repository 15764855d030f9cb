// Holds back what DPDK logs while something is opened, so that its reason becomes part of our one error line.
#pragma once

#include <cstdio>
#include <string>

namespace heliostat::hal::dpdk {

// From construction to destruction nothing reaches DPDK's own log. Not nested; one thread.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // Returns the last line that says why, without its function name; empty when nothing was logged.
  [[nodiscard]] std::string Reason() const;

 private:
  static ssize_t Write(void* cookie, const char* text, size_t bytes);

  std::string text_;
  std::FILE* stream_ = nullptr;
};

}  // namespace heliostat::hal::dpdk
