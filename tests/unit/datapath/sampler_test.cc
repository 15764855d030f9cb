#include "datapath/sampler.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace heliostat::datapath {
namespace {

constexpr std::uint64_t kSeed = 0x5eed'0001;
constexpr int kDraws = 1'000'000;

int KeptOf(PacketSampler& sampler, std::uint16_t hundredths, int draws) {
  int kept = 0;
  for (int i = 0; i < draws; ++i) kept += sampler.Keep(SampleShare(hundredths)) ? 1 : 0;
  return kept;
}

TEST(SampleShare, KeepsNoDrawAtZeroAndEveryDrawAtAll) {
  for (const std::uint32_t draw : {0U, 1U, 0x7fffffffU, 0xffffffffU}) {
    EXPECT_FALSE(SampleShare(0).Keeps(draw)) << draw;
    EXPECT_TRUE(SampleShare(10'000).Keeps(draw)) << draw;
    EXPECT_TRUE(SampleShare(10'001).Keeps(draw)) << draw;
  }
  EXPECT_TRUE(SampleShare(0).KeepsNone());
  EXPECT_FALSE(SampleShare(1).KeepsNone());
  EXPECT_TRUE(SampleShare(10'000).KeepsAll());
  EXPECT_FALSE(SampleShare(9'999).KeepsAll());
}

TEST(SampleShare, CutsTheDrawsAtItsShare) {
  EXPECT_TRUE(SampleShare(5'000).Keeps(0x7fffffff));
  EXPECT_FALSE(SampleShare(5'000).Keeps(0x80000000));
  EXPECT_TRUE(SampleShare(1).Keeps(429'495));  // 2^32 / 10000 = 429496.7
  EXPECT_FALSE(SampleShare(1).Keeps(429'496));
}

TEST(PacketSampler, KeepsItsShareOfPackets) {
  PacketSampler sampler(kSeed, 0);
  EXPECT_EQ(KeptOf(sampler, 0, 10'000), 0);
  EXPECT_EQ(KeptOf(sampler, 10'000, 10'000), 10'000);
  // Five standard deviations.
  EXPECT_NEAR(KeptOf(sampler, 3'000, kDraws), 300'000, 2'300);
  EXPECT_NEAR(KeptOf(sampler, 1, kDraws), 100, 50);
  EXPECT_NEAR(KeptOf(sampler, 9'999, kDraws), kDraws - 100, 50);
}

TEST(PacketSampler, RepeatsItselfWithTheSameSeed) {
  PacketSampler one(kSeed, 3);
  PacketSampler other(kSeed, 3);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(one.Keep(SampleShare(5'000)), other.Keep(SampleShare(5'000))) << i;
}

TEST(PacketSampler, DrawsIndependentlyInEachWorker) {
  for (std::uint32_t worker = 1; worker < 8; ++worker) {
    PacketSampler first(kSeed, 0);
    PacketSampler other(kSeed, worker);
    int alike = 0;
    for (int i = 0; i < 10'000; ++i) {
      alike += first.Keep(SampleShare(5'000)) == other.Keep(SampleShare(5'000)) ? 1 : 0;
    }
    EXPECT_NEAR(alike, 5'000, 250) << "worker " << worker;
  }
}

TEST(FlowSampler, JudgesAFlowAlikeForEver) {
  const FlowSampler one(kSeed);
  const FlowSampler other(kSeed);
  for (std::uint32_t hash = 0; hash < 1'000; ++hash) {
    EXPECT_EQ(one.Keep(SampleShare(5'000), hash), other.Keep(SampleShare(5'000), hash));
  }
}

TEST(FlowSampler, KeepsItsShareOfFlowsEvenOfNeighbouringHashes) {
  const FlowSampler sampler(kSeed);
  for (const std::uint32_t step : {1U, 0x10000U, 0x01010101U}) {
    int kept = 0;
    for (std::uint32_t i = 0; i < 100'000; ++i) kept += sampler.Keep(SampleShare(3'000), i * step) ? 1 : 0;
    // Steps that divide 2^32 repeat hashes; the share stands all the same, only less sharply.
    EXPECT_NEAR(kept, 30'000, step == 0x10000U ? 1'000 : 800) << "step " << step;
  }
  EXPECT_FALSE(sampler.Keep(SampleShare(0), 7));
  EXPECT_TRUE(sampler.Keep(SampleShare(10'000), 7));
}

TEST(FlowSampler, KeepsMoreFlowsOfAGreaterShareAndNeverLosesOne) {
  const FlowSampler sampler(kSeed);
  for (std::uint32_t hash = 0; hash < 10'000; ++hash) {
    if (sampler.Keep(SampleShare(1'000), hash)) {
      EXPECT_TRUE(sampler.Keep(SampleShare(1'001), hash));
    }
  }
}

TEST(FlowSampler, ChoosesIndependentlyOfTheSeedAndOfEveryBitOfTheHash) {
  const FlowSampler sampler(kSeed);
  const FlowSampler reseeded(kSeed + 1);
  int alike = 0;
  for (std::uint32_t hash = 0; hash < 20'000; ++hash) {
    alike += sampler.Keep(SampleShare(5'000), hash) == reseeded.Keep(SampleShare(5'000), hash) ? 1 : 0;
  }
  EXPECT_NEAR(alike, 10'000, 360);

  // A member or port taken from any bit of the hash sees the same share of both halves.
  for (unsigned bit = 0; bit < 32; ++bit) {
    int kept_with_bit = 0;
    std::uint32_t hash = 1;
    for (int i = 0; i < 20'000; ++i) {
      hash = hash * 1'664'525U + 1'013'904'223U;
      kept_with_bit += sampler.Keep(SampleShare(5'000), hash | 1U << bit) ? 1 : 0;
    }
    EXPECT_NEAR(kept_with_bit, 10'000, 500) << "bit " << bit;
  }
}

}  // namespace
}  // namespace heliostat::datapath
