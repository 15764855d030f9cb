#include "helioctl/cli/text_diff.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace heliostat::helioctl {
namespace {

std::vector<std::string> LinesOf(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// What `patch` does, and what it refuses.
std::string Patched(const std::string& before, const std::string& diff) {
  const std::vector<std::string> old_lines = LinesOf(before);
  std::string out;
  std::size_t at = 0;
  for (const std::string& line : LinesOf(diff)) {
    if (line.starts_with("@@")) {
      std::size_t first = std::stoul(line.substr(4));
      const bool empty = line.find(",0 +") != std::string::npos;
      if (!empty) --first;
      for (; at < first; ++at) out += old_lines.at(at) + "\n";
      continue;
    }
    if (line.front() != '+') {
      EXPECT_EQ(old_lines.at(at), line.substr(1));
      ++at;
    }
    if (line.front() != '-') out += line.substr(1) + "\n";
  }
  for (; at < old_lines.size(); ++at) out += old_lines[at] + "\n";
  return out;
}

TEST(UnifiedDiff, IsEmptyForTheSameText) { EXPECT_EQ(UnifiedDiff("a\nb\n", "a\nb\n"), ""); }

TEST(UnifiedDiff, ShowsAChangedLineInItsContext) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(UnifiedDiff, NumbersAnEmptySideByTheLineBeforeIt) {
  EXPECT_EQ(UnifiedDiff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(UnifiedDiff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
}

TEST(UnifiedDiff, PatchesOneTextIntoTheOther) {
  std::mt19937_64 random(42);
  for (int i = 0; i < 2000; ++i) {
    std::string before;
    std::string after;
    for (int line = 0; line < 40; ++line) {
      const std::string text = std::to_string(random() % 12) + "\n";
      const auto fate = random() % 8;
      if (fate != 0) before += text;
      if (fate != 1) after += fate == 2 ? "new\n" : text;
    }
    const std::string diff = UnifiedDiff(before, after);
    ASSERT_EQ(Patched(before, diff), after) << before << "--\n" << after << "--\n" << diff;
    ASSERT_EQ(diff.empty(), before == after);
  }
}

TEST(UnifiedDiff, StaysQuickWhenNothingIsTheSame) {
  std::string before;
  std::string after;
  for (int i = 0; i < 20'000; ++i) {
    before += "old " + std::to_string(i) + "\n";
    after += "new " + std::to_string(i) + "\n";
  }
  EXPECT_EQ(Patched(before, UnifiedDiff(before, after)), after);
}

}  // namespace
}  // namespace heliostat::helioctl
