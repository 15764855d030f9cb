#include "control/name_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace heliostat::control {
namespace {

TEST(NamePattern, MatchesStarsAndQuestionMarks) {
  const struct {
    const char* pattern;
    const char* name;
    bool matches;
  } rows[] = {
      {"", "anything", true}, {"web", "web", true},    {"web", "web1", false},      {"web", "we", false},
      {"web*", "web", true},  {"web*", "web-1", true}, {"*web", "my-web", true},    {"*web", "web-1", false},
      {"w?b", "wab", true},   {"w?b", "wb", false},    {"*a*b*", "xxaxxbxx", true}, {"*a*b*", "xxbxxaxx", false},
      {"*", "", true},        {"?", "", false},        {"a*b*c", "abcbc", true},    {"a*b*c", "abcb", false},
      {"**a", "a", true}};
  for (const auto& row : rows) {
    EXPECT_EQ(MatchesPattern(row.pattern, row.name), row.matches) << row.pattern << " on " << row.name;
  }
}

TEST(NamePattern, TakesNoLongerForManyStars) {
  std::string pattern;
  for (int i = 0; i < 31; ++i) pattern += "*a";
  EXPECT_FALSE(MatchesPattern(pattern + "b", std::string(63, 'a')));
}

}  // namespace
}  // namespace heliostat::control
