#include "linux/process_memory.h"

#include <charconv>
#include <string>
#include <string_view>

#include "base/file.h"

namespace heliostat::hal::linux_os {
namespace {

constexpr std::size_t kMaxStatusBytes = 64 * 1024;

// Reads a line such as `VmHWM:\t   12345 kB`; returns 0 when it is not there.
std::uint64_t KibOf(std::string_view status, std::string_view name) {
  const std::size_t at = status.find("\n" + std::string(name) + ":");
  if (at == std::string_view::npos) return 0;
  std::string_view rest = status.substr(at + name.size() + 2);
  const std::size_t digit = rest.find_first_of("0123456789\n");
  if (digit == std::string_view::npos) return 0;
  rest = rest.substr(digit);
  std::uint64_t kib = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), kib);
  return kib;
}

}  // namespace

std::uint64_t PeakMemoryBytes() {
  const Result<std::string> status = ReadFile("/proc/self/status", kMaxStatusBytes);
  if (!status.ok()) return 0;
  const std::uint64_t peak = KibOf(*status, "VmHWM");
  const std::uint64_t shared = KibOf(*status, "RssShmem");
  return peak > shared ? (peak - shared) * 1024 : 0;
}

}  // namespace heliostat::hal::linux_os
