#include "control/name_pattern.h"

namespace heliostat::control {

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return true;
  std::size_t p = 0;
  std::size_t n = 0;
  // Only the last star is ever tried again: what an earlier one could give, a later one can too.
  std::size_t star = std::string_view::npos;
  std::size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace heliostat::control
