#include "helioctl/cli/quantity.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <random>

namespace heliostat::helioctl {
namespace {

TEST(Rfc3339, WritesUtcWithTheFractionThatThereIs) {
  EXPECT_EQ(Rfc3339(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(Rfc3339(1'795'316'429ULL * kNsPerSecond), "2026-11-22T03:00:29Z");
  EXPECT_EQ(Rfc3339(1'795'316'429ULL * kNsPerSecond + 120'000'000), "2026-11-22T03:00:29.12Z");
}

TEST(Rfc3339, IsReadBack) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t time_ns = random() >> 1U;  // years to 2262
    const auto parsed = ParseRfc3339(Rfc3339(time_ns));
    ASSERT_TRUE(parsed.ok()) << Rfc3339(time_ns);
    EXPECT_EQ(*parsed, time_ns);
  }
}

TEST(Rfc3339, TakesOffsets) {
  EXPECT_EQ(*ParseRfc3339("2026-11-22T04:00:29+01:00"), 1'795'316'429ULL * kNsPerSecond);
  EXPECT_EQ(*ParseRfc3339("2026-11-21T21:30:29-05:30"), 1'795'316'429ULL * kNsPerSecond);
  EXPECT_EQ(*ParseRfc3339("2026-11-22 03:00:29.5z"), 1'795'316'429ULL * kNsPerSecond + 500'000'000);
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2026-11-22", "2026-11-22T03:00:29", "2026-13-01T00:00:00Z", "2026-06-31T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22T03:00:29.Z", "2026-11-22T03:00:29ZZ",
        "2026-11-22T03:00:29+1:00", "1969-12-31T23:59:59Z", "1970-01-01T00:30:00+01:00", "+026-11-22T03:00:29Z"}) {
    const auto parsed = ParseRfc3339(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument);
    EXPECT_NE(parsed.status().fix(), "");
  }
}

TEST(Duration, ShowsTheTwoLargestUnits) {
  EXPECT_EQ(Duration(0), "0s");
  EXPECT_EQ(Duration(59), "59s");
  EXPECT_EQ(Duration(310), "5m10s");
  EXPECT_EQ(Duration(3600), "1h0m");
  EXPECT_EQ(Duration(9 * 86400 + 4 * 3600 + 59), "9d4h");
}

TEST(ParseDurationMs, TakesUnitsAndFractions) {
  EXPECT_EQ(*ParseDurationMs("90"), 90'000U);
  EXPECT_EQ(*ParseDurationMs("1s"), 1'000U);
  EXPECT_EQ(*ParseDurationMs("1.5s"), 1'500U);
  EXPECT_EQ(*ParseDurationMs("200ms"), 200U);
  EXPECT_EQ(*ParseDurationMs("2m"), 120'000U);
  EXPECT_EQ(*ParseDurationMs("1h"), 3'600'000U);
  for (const char* text : {"", "s", "-1s", "1 s", "1d", "1.2.3s", "1e3s", "99999h", "inf", "0x10"}) {
    EXPECT_FALSE(ParseDurationMs(text).ok()) << text;
  }
}

TEST(ByteSize, RoundsToThreeDigitsOrSo) {
  EXPECT_EQ(ByteSize(0), "0 B");
  EXPECT_EQ(ByteSize(1023), "1023 B");
  EXPECT_EQ(ByteSize(1024), "1 KiB");
  EXPECT_EQ(ByteSize(1536), "1.5 KiB");
  EXPECT_EQ(ByteSize(64ULL << 20U), "64 MiB");
  EXPECT_EQ(ByteSize(~0ULL), "16384 PiB");
}

TEST(Rate, KeepsThreeDigits) {
  EXPECT_EQ(Rate(0), "0");
  EXPECT_EQ(Rate(-1), "0");
  EXPECT_EQ(Rate(0.01), "<0.1");
  EXPECT_EQ(Rate(0.4), "0.4");
  EXPECT_EQ(Rate(2), "2");
  EXPECT_EQ(Rate(99.94), "99.9");
  EXPECT_EQ(Rate(999), "999");
  EXPECT_EQ(Rate(999.6), "1.00k");
  EXPECT_EQ(Rate(1'210), "1.21k");
  EXPECT_EQ(Rate(14'880'000), "14.9M");
  EXPECT_EQ(Rate(1e11), "100G");
}

TEST(Percent, IsNeitherNothingNorAllUnlessItIs) {
  EXPECT_EQ(Percent(0, 10'000), "0%");
  EXPECT_EQ(Percent(1, 10'000), "1%");
  EXPECT_EQ(Percent(9'999, 10'000), "99%");
  EXPECT_EQ(Percent(10'000, 10'000), "100%");
  EXPECT_EQ(Percent(3, 0), "-");
}

}  // namespace
}  // namespace heliostat::helioctl
