// Who changed what, and when, as generations and audit records carry it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "storage/fields.h"

namespace heliostat::storage {

inline constexpr std::size_t kMaxNameBytes = 64;
inline constexpr std::size_t kMaxTextBytes = 128;

struct Provenance {
  std::uint64_t time_ns = 0;  // since 1970-01-01 UTC, by the card's clock
  std::uint8_t role = 0;      // of whoever made it
  std::string user{};         // at most kMaxNameBytes each of user, owner, address, action
  std::string owner{};
  std::string address{};
  std::string action{};
  std::string summary{};  // at most kMaxTextBytes each of summary, comment
  std::string comment{};
  friend bool operator==(const Provenance&, const Provenance&) = default;
};

// kInvalidArgument: one of the texts is too long.
[[nodiscard]] Status CheckTexts(const Provenance& value);
// The six texts, in their order above.
void WriteTexts(const Provenance& value, FieldWriter& writer);
void ReadTexts(FieldReader& reader, Provenance& value);

}  // namespace heliostat::storage
