// UTF-8 (RFC 3629), character by character.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace heliostat {

// The length of the character that `bytes` begin with; 0: they begin with none, or with NUL.
[[nodiscard]] std::size_t CharacterBytes(std::span<const std::uint8_t> bytes);

// UTF-8 without NUL.
[[nodiscard]] bool IsText(std::span<const std::uint8_t> bytes);

// Copies as much of the text as goes into `out`, cut at a character, and returns its bytes; what is not UTF-8 becomes
// `?`.
std::size_t CutText(std::string_view text, std::span<char> out);
[[nodiscard]] std::string CutText(std::string_view text, std::size_t most_bytes);

}  // namespace heliostat
