// What differs between two configurations, resource by resource. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace heliostat::config {

enum class Kind : std::uint8_t { kInterface = 1, kUnderlay = 2, kTarget = 3, kFilter = 4, kSession = 5 };

// `interface`, `underlay`, ...
[[nodiscard]] std::string_view KindName(Kind kind);

struct Difference {
  Kind kind = Kind::kSession;
  const std::string* name = nullptr;  // lies in one of the two configurations
  // The indices in both configurations' vectors of that kind; kNone where it is not there.
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t before = kNone;
  std::size_t after = kNone;
  [[nodiscard]] bool added() const { return before == kNone; }
  [[nodiscard]] bool removed() const { return after == kNone; }
};

// The differences are by kind, then name. Names must be sorted in both configurations, which must outlive the result.
[[nodiscard]] std::vector<Difference> Compare(const Config& before, const Config& after);

// Returns the owner of a resource of `config`; an underlay is the admin's.
[[nodiscard]] const std::string& OwnerOf(const Config& config, Kind kind, std::size_t index);

// Says `+3 sessions, ~1 filter, -2 targets`, or `nothing`; where that would take more than 128 bytes, `+30 ~2 -1
// resources`.
[[nodiscard]] std::string Summarize(const std::vector<Difference>& differences);

}  // namespace heliostat::config
