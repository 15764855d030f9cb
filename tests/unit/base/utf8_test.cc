#include "base/utf8.h"

#include <gtest/gtest.h>

namespace heliostat {
namespace {

TEST(IsText, TakesUtf8WithoutNul) {
  const auto is_text = [](std::string_view text) {
    return IsText({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  for (std::string_view good :
       {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xed\x9f\xbf", "\xf0\x9f\x94\xad", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_text(good)) << good;
  }
  for (std::string_view bad :
       {std::string_view("\0", 1), std::string_view("\x80"), std::string_view("\xc1\xbf"),
        std::string_view("\xe0\x9f\xbf"), std::string_view("\xed\xa0\x80"), std::string_view("\xf0\x8f\xbf\xbf"),
        std::string_view("\xf4\x90\x80\x80"), std::string_view("\xf5\x80\x80\x80"), std::string_view("a\xc3")}) {
    EXPECT_FALSE(is_text(bad));
  }
}

TEST(CutText, CutsAtACharacter) {
  EXPECT_EQ(CutText("abc", 3), "abc");
  EXPECT_EQ(CutText("abc", 2), "ab");
  EXPECT_EQ(CutText("abc", 0), "");
  EXPECT_EQ(CutText("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
  EXPECT_EQ(CutText("a\xe2\x82\xac", 3), "a");
}

TEST(CutText, SaysWhereBytesAreNoText) {
  EXPECT_EQ(CutText("a\xc3", 9), "a?");
  EXPECT_EQ(CutText(std::string_view("\0b\xff", 3), 9), "?b?");
}

}  // namespace
}  // namespace heliostat
