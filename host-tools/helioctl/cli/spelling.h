// What did the writer mean? The nearest of the words that are known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace heliostat::helioctl {

// Without what people get wrong alike: letter case, '_' and '-'.
std::string Folded(std::string_view word);

// The known word nearest to `word` (as folded; a swap of neighbours is one edit), or empty when
// none is near.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> known);

// `a, b or c`.
std::string Alternatives(std::span<const std::string_view> words);

// `did you mean x?`, or `<otherwise> a, b or c`.
std::string Suggestion(std::string_view word, std::span<const std::string_view> known, std::string_view otherwise);

}  // namespace heliostat::helioctl
