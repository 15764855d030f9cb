#include "helioctl/cli/spelling.h"

#include <algorithm>
#include <vector>

namespace heliostat::helioctl {
namespace {

// Longer words are nobody's slip of the finger; bounds the work for hostile input.
constexpr std::size_t kLongestWord = 64;

// Optimal string alignment: insert, delete, replace, swap neighbours.
std::size_t Distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> cost((a.size() + 1) * width);
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i * width] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = cost[(i - 1) * width + j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      std::size_t best = std::min({replace, cost[(i - 1) * width + j] + 1, cost[i * width + j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        best = std::min(best, cost[(i - 2) * width + j - 2] + 1);
      }
      cost[i * width + j] = best;
    }
  }
  return cost.back();
}

}  // namespace

std::string Folded(std::string_view word) {
  std::string folded;
  for (const char c : word) {
    if (c == '_' || c == '-') continue;
    folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return folded;
}

std::string_view Nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > kLongestWord) return {};
  const std::string folded = Folded(word);
  std::string_view nearest;
  std::size_t nearest_distance = std::max<std::size_t>(1, folded.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = Distance(folded, Folded(candidate));
    if (distance < nearest_distance && distance < candidate.size()) {
      nearest = candidate;
      nearest_distance = distance;
    }
  }
  return nearest;
}

std::string Alternatives(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string Suggestion(std::string_view word, std::span<const std::string_view> known, std::string_view otherwise) {
  const std::string_view nearest = Nearest(word, known);
  if (!nearest.empty()) return "did you mean " + std::string(nearest) + "?";
  return std::string(otherwise) + " " + Alternatives(known);
}

}  // namespace heliostat::helioctl
