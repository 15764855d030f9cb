#include "helioctl/cli/invocation.h"

#include <charconv>
#include <limits>

#include "config/check.h"

namespace heliostat::helioctl {

// CLI11 would take -1 for the largest number, and 010 for 8.
CLI::Validator WholeNumber(std::uint64_t least, std::uint64_t most, const std::string& error) {
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        std::uint64_t number = 0;
        const char* end = text.data() + text.size();
        const auto [stop, failed] = std::from_chars(text.data(), end, number);
        const bool plain = failed == std::errc{} && stop == end && (text.size() == 1 || text.front() != '0');
        return plain && number >= least && number <= most ? "" : config::Quoted(text) + " " + error;
      },
      "");
}

CLI::Validator GenerationNumber() {
  return WholeNumber(1, std::numeric_limits<std::uint64_t>::max(), "is no generation; see `helioctl generations`");
}

}  // namespace heliostat::helioctl
