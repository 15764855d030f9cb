#include "helioctl/cli/text_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "helioctl/cli/table.h"

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kContextLines = 3;
// Time and memory of the search grow with the square of the differences.
constexpr int kMostDifferences = 2'000;

using Lines = std::vector<std::string_view>;

enum class Kind : std::uint8_t { kSame, kRemoved, kAdded };

struct Step {
  Kind kind;
  std::size_t before;  // line numbers from 0, of the next line on each side
  std::size_t after;
};

Lines SplitLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// E. Myers, An O(ND) Difference Algorithm and Its Variations, 1986: the furthest x on each diagonal after d
// differences, for every d, walked back from the end.
class Search {
 public:
  Search(const Lines& before, const Lines& after, std::size_t skip, std::size_t before_end, std::size_t after_end)
      : before_(before),
        after_(after),
        skip_(skip),
        n_(static_cast<int>(before_end - skip)),
        m_(static_cast<int>(after_end - skip)) {}

  std::vector<Step> Run() {
    const int most = std::min(n_ + m_, kMostDifferences);
    std::vector<int> furthest(static_cast<std::size_t>(2 * most + 3), 0);
    for (int d = 0; d <= most; ++d) {
      history_.emplace_back(furthest.begin() + (most + 1 - d), furthest.begin() + (most + 2 + d));
      for (int k = -d; k <= d; k += 2) {
        const auto at = static_cast<std::size_t>(k + most + 1);
        int x = k == -d || (k != d && furthest[at - 1] < furthest[at + 1]) ? furthest[at + 1] : furthest[at - 1] + 1;
        while (x < n_ && x - k < m_ && Same(x, x - k)) ++x;
        furthest[at] = x;
        if (x >= n_ && x - k >= m_) return WalkBack(d);
      }
    }
    return AllDifferent();
  }

 private:
  [[nodiscard]] bool Same(int x, int y) const {
    return before_[skip_ + static_cast<std::size_t>(x)] == after_[skip_ + static_cast<std::size_t>(y)];
  }

  [[nodiscard]] Step At(Kind kind, int x, int y) const {
    return {kind, skip_ + static_cast<std::size_t>(x), skip_ + static_cast<std::size_t>(y)};
  }

  std::vector<Step> WalkBack(int differences) const {
    std::vector<Step> steps;
    int x = n_;
    int y = m_;
    for (int d = differences; d > 0; --d) {
      // What `furthest` was before this round, for the diagonals -d..d.
      const std::vector<int>& row = history_[static_cast<std::size_t>(d)];
      const auto value = [&](int k) { return row[static_cast<std::size_t>(k + d)]; };
      const int k = x - y;
      const bool down = k == -d || (k != d && value(k - 1) < value(k + 1));
      const int from = down ? value(k + 1) : value(k - 1);
      const int from_y = from - (down ? k + 1 : k - 1);
      while (x > from + (down ? 0 : 1) && y > from_y + (down ? 1 : 0)) steps.push_back(At(Kind::kSame, --x, --y));
      steps.push_back(down ? At(Kind::kAdded, x, --y) : At(Kind::kRemoved, --x, y));
    }
    while (x > 0 && y > 0) steps.push_back(At(Kind::kSame, --x, --y));
    std::reverse(steps.begin(), steps.end());
    return steps;
  }

  [[nodiscard]] std::vector<Step> AllDifferent() const {
    std::vector<Step> steps;
    for (int x = 0; x < n_; ++x) steps.push_back(At(Kind::kRemoved, x, 0));
    for (int y = 0; y < m_; ++y) steps.push_back(At(Kind::kAdded, n_, y));
    return steps;
  }

  const Lines& before_;
  const Lines& after_;
  std::size_t skip_;
  int n_;
  int m_;
  std::vector<std::vector<int>> history_;
};

std::vector<Step> StepsBetween(const Lines& before, const Lines& after) {
  std::size_t head = 0;
  while (head < before.size() && head < after.size() && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < before.size() - head && tail < after.size() - head &&
         before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Step> steps;
  for (std::size_t i = 0; i < head; ++i) steps.push_back({Kind::kSame, i, i});
  const auto middle = Search(before, after, head, before.size() - tail, after.size() - tail).Run();
  steps.insert(steps.end(), middle.begin(), middle.end());
  for (std::size_t i = tail; i > 0; --i) steps.push_back({Kind::kSame, before.size() - i, after.size() - i});
  return steps;
}

// `-12,3`: an empty range names the line before it.
std::string RangeText(char sign, std::size_t first, std::size_t count) {
  const std::size_t line = count == 0 ? first : first + 1;
  return count == 1 ? fmt::format("{}{}", sign, line) : fmt::format("{}{},{}", sign, line, count);
}

void AppendHunk(const std::vector<Step>& steps, std::size_t from, std::size_t to, const Lines& before,
                const Lines& after, std::string& out) {
  std::size_t removed = 0;
  std::size_t added = 0;
  for (std::size_t i = from; i < to; ++i) {
    removed += steps[i].kind != Kind::kAdded ? 1 : 0;
    added += steps[i].kind != Kind::kRemoved ? 1 : 0;
  }
  out += fmt::format("@@ {} {} @@\n", RangeText('-', steps[from].before, removed),
                     RangeText('+', steps[from].after, added));
  for (std::size_t i = from; i < to; ++i) {
    const Step& step = steps[i];
    out += step.kind == Kind::kSame ? ' ' : step.kind == Kind::kRemoved ? '-' : '+';
    out += step.kind == Kind::kAdded ? after[step.after] : before[step.before];
    out += '\n';
  }
}

}  // namespace

std::string UnifiedDiff(std::string_view before, std::string_view after) {
  const Lines old_lines = SplitLines(before);
  const Lines new_lines = SplitLines(after);
  const std::vector<Step> steps = StepsBetween(old_lines, new_lines);
  std::string out;
  const auto differs = [](const Step& step) { return step.kind != Kind::kSame; };
  auto next = std::find_if(steps.begin(), steps.end(), differs);
  while (next != steps.end()) {
    const auto first = static_cast<std::size_t>(next - steps.begin());
    std::size_t last = first;  // of the hunk's differences
    for (std::size_t i = first; i < steps.size() && i <= last + 2 * kContextLines; ++i) {
      if (differs(steps[i])) last = i;
    }
    AppendHunk(steps, first - std::min(first, kContextLines), std::min(last + 1 + kContextLines, steps.size()),
               old_lines, new_lines, out);
    next = std::find_if(steps.begin() + static_cast<std::ptrdiff_t>(last) + 1, steps.end(), differs);
  }
  return out;
}

std::string ColoredDiff(std::string_view diff) {
  std::string out;
  for (const std::string_view line : SplitLines(diff)) {
    const Tone tone = line.starts_with('-')   ? Tone::kBad
                      : line.starts_with('+') ? Tone::kGood
                      : line.starts_with('@') ? Tone::kFaint
                                              : Tone::kPlain;
    out += Colored(line, tone, true) + "\n";
  }
  return out;
}

}  // namespace heliostat::helioctl
