#include "pki/der.h"

#include <gtest/gtest.h>

namespace heliostat::pki::der {
namespace {

using namespace std::string_literals;

TEST(Der, WritesLengthsInTheShortestForm) {
  EXPECT_EQ(Element(kOctetString, std::string(0x7f, 'x')).substr(0, 2), "\x04\x7f");
  EXPECT_EQ(Element(kOctetString, std::string(0x80, 'x')).substr(0, 3), "\x04\x81\x80");
  EXPECT_EQ(Element(kOctetString, std::string(0x100, 'x')).substr(0, 4), "\x04\x82\x01\x00"s);
  EXPECT_EQ(Element(kOctetString, ""), "\x04\x00"s);
}

TEST(Der, WritesIntegersInTheShortestFormAndNeverNegative) {
  EXPECT_EQ(Integer(std::uint64_t{0}), "\x02\x01\x00"s);
  EXPECT_EQ(Integer(std::uint64_t{127}), "\x02\x01\x7f");
  EXPECT_EQ(Integer(std::uint64_t{128}), "\x02\x02\x00\x80"s);
  EXPECT_EQ(Integer("\x00\x00\x01\x02"s), "\x02\x02\x01\x02");
  EXPECT_EQ(Integer("\xff"), "\x02\x02\x00\xff"s);
}

TEST(Der, WritesTimesAsUtcTimeBefore2050AndGeneralizedTimeFromThenOn) {
  EXPECT_EQ(Time(0),
            "\x17\x0d"
            "700101000000Z");
  EXPECT_EQ(Time(2524607999),
            "\x17\x0d"
            "491231235959Z");
  EXPECT_EQ(Time(2524608000),
            "\x18\x0f"
            "20500101000000Z");
  EXPECT_EQ(Time(253402300799),
            "\x18\x0f"
            "99991231235959Z");
}

}  // namespace
}  // namespace heliostat::pki::der
