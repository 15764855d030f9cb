#include "support/traffic/sides.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>
#include <vector>

namespace heliostat::traffic {
namespace {

using Frame = std::vector<std::uint8_t>;

// Stations are named by one letter; '*' is everybody.
Frame FromTo(char from, char to) {
  Frame frame(14);
  for (std::size_t i = 0; i < 6; ++i) frame[i] = to == '*' ? 0xff : 0x02;
  if (to != '*') frame[5] = static_cast<std::uint8_t>(to);
  frame[6] = 0x02;
  for (std::size_t i = 7; i < 11; ++i) frame[i] = 0x02;
  frame[11] = static_cast<std::uint8_t>(from);
  return frame;
}

Sides After(std::initializer_list<std::pair<char, char>> frames) {
  Sides sides;
  for (const auto& [from, to] : frames) sides.Learn(FromTo(from, to));
  return sides;
}

TEST(Sides, PutsFirstSenderOnTheGuestSideAndItsPeerOpposite) {
  const Sides sides = After({{'a', 'b'}, {'b', 'a'}});
  EXPECT_EQ(sides.Of(FromTo('a', 'b')), Side::kGuest);
  EXPECT_EQ(sides.Of(FromTo('b', 'a')), Side::kWire);
}

TEST(Sides, PutsAllPeersOfARouterOnOneSide) {
  const Sides sides = After({{'r', 'a'}, {'r', 'b'}, {'c', 'r'}});
  EXPECT_EQ(sides.Of(FromTo('r', 'a')), Side::kGuest);
  for (const char peer : {'a', 'b', 'c'}) EXPECT_EQ(sides.Of(FromTo(peer, 'r')), Side::kWire) << peer;
}

TEST(Sides, JoinsTwoGroupsWithoutMovingTheOlder) {
  // The younger group is the larger one: sizes must not decide.
  const Sides sides = After({{'a', 'b'}, {'c', 'd'}, {'c', 'e'}, {'c', 'f'}, {'a', 'c'}});
  EXPECT_EQ(sides.Of(FromTo('a', '*')), Side::kGuest);
  EXPECT_EQ(sides.Of(FromTo('b', '*')), Side::kWire);
  EXPECT_EQ(sides.Of(FromTo('c', '*')), Side::kWire);
  for (const char peer : {'d', 'e', 'f'}) EXPECT_EQ(sides.Of(FromTo(peer, '*')), Side::kGuest) << peer;
}

TEST(Sides, KeepsTheEarlierConversationsWhenThreeTalkWithEachOther) {
  const Sides sides = After({{'a', 'b'}, {'b', 'c'}, {'c', 'a'}});
  EXPECT_EQ(sides.Of(FromTo('a', 'c')), Side::kGuest);
  EXPECT_EQ(sides.Of(FromTo('b', 'c')), Side::kWire);
  EXPECT_EQ(sides.Of(FromTo('c', 'a')), Side::kGuest);
}

TEST(Sides, GivesMulticastToTheSideOfItsSender) {
  const Sides sides = After({{'a', '*'}, {'a', 'b'}, {'b', '*'}});
  EXPECT_EQ(sides.Of(FromTo('a', '*')), Side::kGuest);
  EXPECT_EQ(sides.Of(FromTo('b', '*')), Side::kWire);
}

TEST(Sides, LetsTheFirstSenderCountEvenWhenItOnlySentMulticast) {
  const Sides sides = After({{'b', '*'}, {'a', 'b'}});
  EXPECT_EQ(sides.Of(FromTo('b', 'a')), Side::kGuest);
  EXPECT_EQ(sides.Of(FromTo('a', 'b')), Side::kWire);
}

TEST(Sides, GivesAFrameWithoutASenderToTheGuestSide) {
  Sides sides;
  const Frame cut(11, 0x02);
  sides.Learn(cut);
  sides.Learn({});
  EXPECT_EQ(sides.Of(cut), Side::kGuest);
  EXPECT_EQ(sides.Of({}), Side::kGuest);
}

TEST(Sides, TakesAStationThatTalksWithItself) {
  const Sides sides = After({{'a', 'a'}, {'a', 'b'}});
  EXPECT_EQ(sides.Of(FromTo('a', 'a')), Side::kGuest);
  EXPECT_EQ(sides.Of(FromTo('b', 'b')), Side::kWire);
}

}  // namespace
}  // namespace heliostat::traffic
