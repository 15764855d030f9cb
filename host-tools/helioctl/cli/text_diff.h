// What differs between two texts, line by line, as `diff -u` writes it.
#pragma once

#include <string>
#include <string_view>

namespace heliostat::helioctl {

// Hunks with three lines of context and without file names; empty when the texts are the same. As few changed lines as
// possible, unless they are thousands: then whole stretches.
[[nodiscard]] std::string UnifiedDiff(std::string_view before, std::string_view after);

// Removed lines red, added ones green, hunks' heads faint.
[[nodiscard]] std::string ColoredDiff(std::string_view diff);

}  // namespace heliostat::helioctl
