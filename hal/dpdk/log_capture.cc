#include "dpdk/log_capture.h"

#include <rte_log.h>

#include <algorithm>

namespace heliostat::hal::dpdk {
namespace {
constexpr std::size_t kMaxBytes = 16'384;
}  // namespace

LogCapture::LogCapture() {
  stream_ = fopencookie(this, "w", {.read = nullptr, .write = &LogCapture::Write, .seek = nullptr, .close = nullptr});
  if (stream_ != nullptr) rte_openlog_stream(stream_);
}

LogCapture::~LogCapture() {
  rte_openlog_stream(nullptr);
  if (stream_ != nullptr) std::fclose(stream_);
}

ssize_t LogCapture::Write(void* cookie, const char* text, size_t bytes) {
  std::string& kept = static_cast<LogCapture*>(cookie)->text_;
  if (kept.size() < kMaxBytes) kept.append(text, std::min(bytes, kMaxBytes - kept.size()));
  return static_cast<ssize_t>(bytes);
}

std::string LogCapture::Reason() const {
  std::string text = text_;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const auto line = text.rfind('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  // DPDK's lines are "LAYER: function(): reason"; the layer and the function say nothing to a user.
  const auto function = text.find("(): ");
  if (function != std::string::npos) text.erase(0, function + 4);
  if (text.starts_with("EAL: ")) text.erase(0, 5);
  return text;
}

}  // namespace heliostat::hal::dpdk
