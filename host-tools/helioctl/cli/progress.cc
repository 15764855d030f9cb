#include "helioctl/cli/progress.h"

#include <fmt/format.h>

#include "helioctl/cli/output.h"

namespace heliostat::helioctl {
namespace {

constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kInterval{100};
constexpr const char* kWipeLine = "\r\033[K";

}  // namespace

Progress::Progress(std::ostream& stream) : stream_(stream), terminal_(IsTerminal(stream)) {}

Progress::~Progress() { Clear(); }

void Progress::Tell(const std::string& what, std::size_t done, std::size_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - start_ < kPatience || now - told_ < kInterval) return;
  told_ = now;
  shown_ = true;
  stream_ << kWipeLine << what;
  if (total > 0) stream_ << fmt::format(": {} of {}", done, total);
  stream_.flush();
}

void Progress::Clear() {
  if (shown_) stream_ << kWipeLine << std::flush;
  shown_ = false;
}

}  // namespace heliostat::helioctl
