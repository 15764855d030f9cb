#include "helioctl/cli/spelling.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace heliostat::helioctl {
namespace {

constexpr std::array<std::string_view, 5> kFields{"number", "sourcePorts", "destinationPorts", "icmpType", "icmpCode"};

TEST(Nearest, SeesThroughCaseAndUnderscores) {
  EXPECT_EQ(Nearest("destination_ports", kFields), "destinationPorts");
  EXPECT_EQ(Nearest("DESTINATIONPORTS", kFields), "destinationPorts");
}

TEST(Nearest, FindsWordWithSlips) {
  EXPECT_EQ(Nearest("destinatoinPort", kFields), "destinationPorts");
  EXPECT_EQ(Nearest("nubmer", kFields), "number");
  EXPECT_EQ(Nearest("icmpCod", kFields), "icmpCode");
}

TEST(Nearest, GivesNothingForForeignWord) {
  EXPECT_EQ(Nearest("colour", kFields), "");
  EXPECT_EQ(Nearest("", kFields), "");
  EXPECT_EQ(Nearest(std::string(100'000, 'n'), kFields), "");
}

TEST(Suggestion, ListsKnownWordsWhenNoneIsNear) {
  constexpr std::array<std::string_view, 3> kWords{"dns", "dhcp", "ntp"};
  EXPECT_EQ(Suggestion("dnss", kWords, "give"), "did you mean dns?");
  EXPECT_EQ(Suggestion("printer", kWords, "give"), "give dns, dhcp or ntp");
}

}  // namespace
}  // namespace heliostat::helioctl
