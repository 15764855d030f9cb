#include "base/address.h"

#include <gtest/gtest.h>

namespace heliostat {
namespace {

TEST(MacAddress, ReadsColonsAndDashes) {
  EXPECT_EQ(MacAddress::Parse("02:aB:00:00:00:ff")->ToString(), "02:ab:00:00:00:ff");
  EXPECT_EQ(MacAddress::Parse("02-ab-00-00-00-ff")->ToString(), "02:ab:00:00:00:ff");
}

TEST(MacAddress, RefusesWhatIsNotSixOctets) {
  for (const char* text :
       {"", "02:ab:00:00:00", "02:ab:00:00:00:fg", "02:ab:00:00:00:ff:00", "02:ab-00:00:00:ff", "02ab000000ff0:0:0"}) {
    EXPECT_FALSE(MacAddress::Parse(text)) << text;
  }
}

TEST(IpPrefix, ReadsBothFamiliesAndBareAddresses) {
  EXPECT_EQ(IpPrefix::Parse("10.0.0.0/8")->ToString(), "10.0.0.0/8");
  EXPECT_EQ(IpPrefix::Parse("2001:db8::/32")->ToString(), "2001:db8::/32");
  EXPECT_EQ(IpPrefix::Parse("10.1.2.3")->length, 32);
  EXPECT_EQ(IpPrefix::Parse("::1")->length, 128);
}

TEST(IpPrefix, RefusesWhatIsNoPrefix) {
  for (const char* text : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "10.0.0/8", "/8"}) {
    EXPECT_FALSE(IpPrefix::Parse(text)) << text;
  }
}

TEST(IpPrefix, ContainsToTheBit) {
  const auto prefix = *IpPrefix::Parse("10.128.0.0/9");
  EXPECT_TRUE(prefix.Contains(*IpAddress::Parse("10.128.0.0")));
  EXPECT_TRUE(prefix.Contains(*IpAddress::Parse("10.255.255.255")));
  EXPECT_FALSE(prefix.Contains(*IpAddress::Parse("10.127.255.255")));
  EXPECT_FALSE(prefix.Contains(*IpAddress::Parse("::ffff:10.128.0.0")));
  EXPECT_TRUE(IpPrefix::Parse("0.0.0.0/0")->Contains(*IpAddress::Parse("1.2.3.4")));
  EXPECT_FALSE(IpPrefix::Parse("0.0.0.0/0")->Contains(*IpAddress::Parse("::1")));
}

TEST(IpPrefix, KnowsHostBits) {
  EXPECT_TRUE(IpPrefix::Parse("10.0.0.1/24")->HasHostBits());
  EXPECT_FALSE(IpPrefix::Parse("10.0.0.0/24")->HasHostBits());
  EXPECT_TRUE(IpPrefix::Parse("2001:db8::1/127")->HasHostBits());
  EXPECT_FALSE(IpPrefix::Parse("10.0.0.1/32")->HasHostBits());
}

}  // namespace
}  // namespace heliostat
