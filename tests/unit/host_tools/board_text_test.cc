#include "helioctl/yaml/board_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;

constexpr const char* kBoard = R"(name: "demo"
lcores: "0,1"
ports {
  name: "guest0"
  kind: VM
  number: 1
  device: "net_ring0"
  mac: "02:00:00:00:00:01"
  primary_ipv4: "10.0.0.1"
}
ports { name: "wire0" kind: EDGE number: 2 device: "net_ring1" mtu: 9000 }
wires { first: "guest0" second: "wire0" }
)";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(ReadBoardText, GivesTheBoardAndItsBytes) {
  std::vector<Problem> problems;
  const auto board = ReadBoardText({"b.textproto", kBoard}, problems);
  ASSERT_TRUE(board) << problems.at(0).ToString();
  EXPECT_FALSE(board->bytes.empty());
  const config::Card card = CardOf(board->board);
  EXPECT_TRUE(card.interfaces_known);
  ASSERT_EQ(card.interfaces.size(), 2U);
  EXPECT_EQ(card.interfaces[0].name, "guest0");
  EXPECT_EQ(card.interfaces[0].mac.ToString(), "02:00:00:00:00:01");
  EXPECT_EQ(card.interfaces[0].primary_ipv4.ToString(), "10.0.0.1");
  EXPECT_EQ(card.interfaces[0].mtu, 1500);
  EXPECT_EQ(card.interfaces[1].kind, config::InterfaceKind::kEdge);
  EXPECT_EQ(card.interfaces[1].mtu, 9000);
}

TEST(ReadBoardText, NamesTheLineOfEachError) {
  struct Row {
    std::string from, to, place, text;
  };
  const std::vector<Row> kRows{
      {"device: \"net_ring0\"", "devise: \"x\"", "b:7:", "did you mean device?"},
      {"kind: VM", "kind: GUEST", "b:6:", "GUEST"},
      {"02:00:00:00:00:01", "01:00:00:00:00:01", "b:8:", "unicast"},
      {"02:00:00:00:00:01", "02:00:00", "b:8:", "02:00:00"},
      {"primary_ipv4: \"10.0.0.1\"", "primary_ipv4: \"fd00::1\"", "b:9:", "primary_ipv4"},
      {"second: \"wire0\"", "second: \"wire9\"", "b:12:", "wire9"},
      {"number: 2", "number: 1", "b:11:", "number"},
      {"lcores: \"0,1\"", "", "b", "lcores"},
  };
  for (const Row& row : kRows) {
    std::vector<Problem> problems;
    EXPECT_FALSE(ReadBoardText({"b", Replaced(kBoard, row.from, row.to)}, problems)) << row.to;
    ASSERT_FALSE(problems.empty()) << row.to;
    EXPECT_THAT(problems[0].ToString(), testing::StartsWith(row.place)) << row.to;
    EXPECT_THAT(problems[0].ToString(), HasSubstr(row.text)) << row.to;
  }
}

}  // namespace
}  // namespace heliostat::helioctl
