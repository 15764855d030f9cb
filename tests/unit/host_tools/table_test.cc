#include "helioctl/cli/table.h"

#include <gtest/gtest.h>

namespace heliostat::helioctl {
namespace {

TEST(DisplayWidth, CountsTerminalColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth(""), 0U);
  EXPECT_EQ(DisplayWidth("web"), 3U);
  EXPECT_EQ(DisplayWidth("Zürich"), 6U);
  EXPECT_EQ(DisplayWidth("Zu\u0308rich"), 6U);  // a mark on the letter before
  EXPECT_EQ(DisplayWidth("東京"), 4U);
  EXPECT_EQ(DisplayWidth("\U0001f600"), 2U);
  EXPECT_EQ(DisplayWidth("\xff\xc3"), 2U);  // each broken byte is shown as one character
}

TEST(Printable, KeepsTextAndDefusesTheRest) {
  EXPECT_EQ(Printable("Zürich 東京"), "Zürich 東京");
  EXPECT_EQ(Printable("a\x1b[2Jb\n\tc\x7f"), "a?[2Jb??c?");
  EXPECT_EQ(Printable("a\u009bb"), "a?b");          // C1: a control sequence in one character
  EXPECT_EQ(Printable("a\u202eb"), "a?b");          // right to left from here
  EXPECT_EQ(Printable("a\xff\xc0\x80z"), "a???z");  // not UTF-8, and NUL written too long
  EXPECT_EQ(Printable("\xed\xa0\x80"), "???");      // half of a UTF-16 pair
  EXPECT_EQ(Printable("\xe6\x9d"), "??");           // cut short
}

TEST(Table, AlignsColumnsWithoutSpacesAtTheEnd) {
  Table table({{"NAME"}, {"RULES", Align::kRight}, {"OWNER"}});
  table.Add({"web", "7", ""});
  table.Add({"東京", "12345", "red"});
  table.Add({"only-a-name"});
  EXPECT_EQ(table.Render(),
            "NAME         RULES  OWNER\n"
            "web              7\n"
            "東京         12345  red\n"
            "only-a-name\n");
}

TEST(Table, LeavesTitlesOutWhenAsked) {
  Table table({{"A VERY LONG TITLE"}, {"B"}});
  table.Add({"x", "y"});
  EXPECT_EQ(table.Render({.headers = false}), "x  y\n");
  EXPECT_EQ(Table({{"NAME"}}).Render({.headers = false}), "");
}

TEST(Table, IndentsEveryLine) {
  Table table({{"A"}});
  table.Add({"1"});
  EXPECT_EQ(table.Render({.indent = 4}), "    A\n    1\n");
}

TEST(Table, ColoursDoNotMoveColumns) {
  Table table({{"STATE"}, {"NAME"}});
  table.Add({{"ok", Tone::kGood}, "a"});
  table.Add({{"down", Tone::kBad}, "b"});
  EXPECT_EQ(table.Render({.color = true}), "STATE  NAME\n\x1b[32mok\x1b[0m     a\n\x1b[31mdown\x1b[0m   b\n");
  EXPECT_EQ(table.Render({.color = false}), "STATE  NAME\nok     a\ndown   b\n");
}

TEST(Table, SortsByAColumnAndKeepsEqualRowsInOrder) {
  Table table({{"NAME"}, {"N"}});
  table.Add({"b", "1"});
  table.Add({"a", "2"});
  table.Add({"b", "0"});
  table.SortBy(0);
  EXPECT_EQ(table.Render({.headers = false}), "a  2\nb  1\nb  0\n");
}

TEST(Table, ShowsNoCellThatDrivesATerminal) {
  Table table({{"NAME"}});
  table.Add({"\x1b]0;title\x07"});
  EXPECT_EQ(table.Render({.headers = false}), "?]0;title?\n");
}

}  // namespace
}  // namespace heliostat::helioctl
