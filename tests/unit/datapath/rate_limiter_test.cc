#include "datapath/rate_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace heliostat::datapath {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStart = 1'700'000'000 * kSecond;  // as if since the epoch

RateLimiterSpec Packets(std::uint64_t per_second, std::uint64_t burst = 0) {
  return {.packets_per_second = per_second, .bits_per_second = 0, .burst = burst, .largest_copy_bytes = 9'050};
}

RateLimiterSpec Bits(std::uint64_t per_second, std::uint64_t burst = 0, std::uint32_t largest = 9'050) {
  return {.packets_per_second = 0, .bits_per_second = per_second, .burst = burst, .largest_copy_bytes = largest};
}

int PassAtOnce(RateLimiter& limiter, std::uint64_t now, std::uint32_t bytes = 100) {
  int passed = 0;
  while (passed < 1'000'000 && limiter.Take(now, bytes)) ++passed;
  return passed;
}

TEST(RateLimiter, StartsWithItsWholeBurst) {
  RateLimiter configured(Packets(1'000, 7), kStart);
  EXPECT_EQ(PassAtOnce(configured, kStart), 7);
  RateLimiter by_default(Packets(10'000), kStart);
  EXPECT_EQ(PassAtOnce(by_default, kStart), 100) << "10 ms of the rate";
  RateLimiter slow(Packets(1), kStart);
  EXPECT_EQ(PassAtOnce(slow, kStart), 1) << "at least one copy";
}

TEST(RateLimiter, CountsEncapsulatedBits) {
  RateLimiter limiter(Bits(80'000'000), kStart);  // 10 ms: 100,000 bytes
  EXPECT_EQ(PassAtOnce(limiter, kStart, 1'000), 100);
  EXPECT_FALSE(limiter.Take(kStart + 99'999, 1'000));
  EXPECT_TRUE(limiter.Take(kStart + 100'000, 1'000)) << "1,000 bytes are 100 us of the rate";
}

TEST(RateLimiter, AlwaysHasRoomForOneLargestCopy) {
  for (const std::uint64_t burst : {std::uint64_t{0}, std::uint64_t{8}}) {
    RateLimiter limiter(Bits(1'000, burst), kStart);
    EXPECT_FALSE(limiter.Take(kStart, 9'051));
    EXPECT_TRUE(limiter.Take(kStart, 9'050));
    EXPECT_FALSE(limiter.Take(kStart, 1));
    EXPECT_TRUE(limiter.Take(kStart + 73 * kSecond, 9'050)) << "9,050 bytes are 72.4 s of the rate";
  }
}

TEST(RateLimiter, TakesNothingForWhatDoesNotFit) {
  RateLimiter limiter(Bits(8'000, 8'000, 1'000), kStart);
  ASSERT_TRUE(limiter.Take(kStart, 600));
  for (int i = 0; i < 10; ++i) ASSERT_FALSE(limiter.Take(kStart, 401));
  EXPECT_TRUE(limiter.Take(kStart, 400));
}

TEST(RateLimiter, LetsASmallCopyPassBehindOneThatDoesNotFit) {
  RateLimiter limiter(Bits(8'000, 8'000, 1'000), kStart);
  const std::array<std::uint32_t, 4> bytes{600, 500, 300, 200};
  EXPECT_EQ(limiter.TakeBurst(kStart, bytes), 0b0101U);
}

TEST(RateLimiter, JudgesABurstAsItsCopiesOneByOne) {
  std::mt19937_64 random(1);
  RateLimiter whole(Bits(100'000'000), kStart);
  RateLimiter single(Bits(100'000'000), kStart);
  std::uint64_t now = kStart;
  for (int round = 0; round < 2'000; ++round) {
    now += random() % 1'000'000;
    std::vector<std::uint32_t> bytes(random() % (RateLimiter::kMaxBurst + 1));
    for (auto& b : bytes) b = static_cast<std::uint32_t>(64 + random() % 9'000);
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (single.Take(now, bytes[i])) expected |= std::uint64_t{1} << i;
    }
    ASSERT_EQ(whole.TakeBurst(now, bytes), expected) << "round " << round;
  }
}

TEST(RateLimiter, GathersNoMoreThanTheBurstWhileIdle) {
  RateLimiter limiter(Packets(1'000, 5), kStart);
  // An idle time of years passes the point where the ticks wrap around.
  for (const std::uint64_t idle_days : {1U, 100U, 500U, 800U, 1'000U, 4'000U}) {
    const std::uint64_t now = kStart + idle_days * 86'400 * kSecond;
    EXPECT_EQ(PassAtOnce(limiter, now), 5) << idle_days << " days";
  }
}

TEST(RateLimiter, RefusesNothingForeverWithExtremeNumbers) {
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  RateLimiter fastest(Packets(kMax, kMax), kStart);
  EXPECT_TRUE(fastest.Take(kStart, 100));
  RateLimiter widest(Bits(kMax, kMax), kStart);
  EXPECT_TRUE(widest.Take(kStart, 65'535));
  RateLimiter slowest(Bits(1, 0, 65'535), kStart);
  EXPECT_TRUE(slowest.Take(kStart, 65'535));
  EXPECT_FALSE(slowest.Take(kStart + 524'279 * kSecond, 65'535));
  EXPECT_TRUE(slowest.Take(kStart + 524'281 * kSecond, 65'535));
}

struct Passed {
  std::uint64_t time_ns;
  std::uint64_t amount;  // packets or bits
};

// Over every window that starts and ends with a passed copy: amount <= burst + rate * window.
void ExpectBound(const std::vector<Passed>& passed, long double rate, long double burst) {
  // The worst window ending at i is the one in which (sum before it - rate * start) is least.
  long double sum = 0;
  long double least = 0;
  for (std::size_t i = 0; i < passed.size(); ++i) {
    const long double filled = rate * static_cast<long double>(passed[i].time_ns - kStart) / kSecond;
    least = i == 0 ? sum - filled : std::min(least, sum - filled);
    sum += static_cast<long double>(passed[i].amount);
    ASSERT_LE(sum - filled - least, burst + 1e-6L) << "copy " << i;
  }
}

struct RateCase {
  const char* name;
  RateLimiterSpec spec;
  std::uint64_t mean_gap_ns;  // asks for about three times the rate
};

class RateLimiterRates : public ::testing::TestWithParam<RateCase> {};

TEST_P(RateLimiterRates, NeverPassesMoreThanBurstAndRateAndKeepsTheRate) {
  const RateCase& c = GetParam();
  const bool by_packets = c.spec.packets_per_second != 0;
  const auto rate = static_cast<long double>(by_packets ? c.spec.packets_per_second : c.spec.bits_per_second);
  const long double asked = c.spec.burst != 0 ? static_cast<long double>(c.spec.burst) : rate / 100;
  const long double burst = by_packets ? std::max(asked, 1.0L) : std::max(asked, 8.0L * c.spec.largest_copy_bytes) + 8;
  constexpr std::uint64_t kSeed = 42;
  std::mt19937_64 random(kSeed);
  RateLimiter limiter(c.spec, kStart);
  std::vector<Passed> passed;
  std::uint64_t now = kStart;
  long double total = 0;
  for (int i = 0; i < 300'000; ++i) {
    now += random() % (2 * c.mean_gap_ns + 1);
    const auto bytes = static_cast<std::uint32_t>(64 + random() % 1'437);
    if (!limiter.Take(now, bytes)) continue;
    passed.push_back({now, by_packets ? 1U : 8U * bytes});
    total += static_cast<long double>(passed.back().amount);
  }
  ExpectBound(passed, rate, burst);
  const long double expected = rate * static_cast<long double>(now - kStart) / kSecond;
  EXPECT_GE(total, expected * 0.99L) << "seed " << kSeed;
  EXPECT_LE(total, expected * 1.01L + burst) << "seed " << kSeed;
}

INSTANTIATE_TEST_SUITE_P(Rates, RateLimiterRates,
                         ::testing::Values(RateCase{"slow_packets", Packets(3, 5), 100'000'000},
                                           RateCase{"packets", Packets(100'000), 3'333},
                                           RateCase{"line_rate_packets", Packets(148'809'523), 2},
                                           RateCase{"slow_bits", Bits(9'600), 200'000'000},
                                           RateCase{"bits", Bits(1'000'000'000), 2'000},
                                           RateCase{"line_rate_bits", Bits(400'000'000'000), 5}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RateLimiter, KeepsOneBoundForSeveralWorkers) {
  constexpr int kWorkers = 4;
  constexpr std::uint64_t kSteps = 20'000;
  constexpr std::uint64_t kStepNs = 1'000;
  RateLimiter limiter(Packets(1'000'000, 50), kStart);
  std::array<std::uint64_t, kWorkers> passed{};
  {
    std::vector<std::thread> workers;
    for (std::size_t w = 0; w < kWorkers; ++w) {
      workers.emplace_back([&limiter, &passed, w] {
        // Each has a clock of its own, a little behind the others' or ahead.
        for (std::uint64_t step = 0; step < kSteps; ++step) {
          const std::array<std::uint32_t, 2> bytes{64, 64};
          const std::uint64_t kept = limiter.TakeBurst(kStart + step * kStepNs + w * 100, bytes);
          passed[w] += static_cast<std::uint64_t>(std::popcount(kept));
        }
      });
    }
    for (auto& worker : workers) worker.join();
  }
  std::uint64_t total = 0;
  for (const std::uint64_t p : passed) total += p;
  // The bucket gains one packet a step; together the workers asked for eight.
  EXPECT_LE(total, 50 + kSteps);
  EXPECT_GE(total, kSteps - kSteps / 100);
}

}  // namespace
}  // namespace heliostat::datapath
