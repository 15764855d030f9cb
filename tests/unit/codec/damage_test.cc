// Bytes that were damaged on their way: an error or a configuration, never anything else.
#include <gtest/gtest.h>

#include <random>

#include "codec/codec.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

TEST(DecodeConfig, RefusesEveryTruncation) {
  const std::string stream = Stream(SampleUnits());
  ASSERT_TRUE(DecodeConfig(Bytes(stream), {}).ok());
  for (std::size_t length = 0; length < stream.size(); ++length) {
    // The copy has just that size, so that the address sanitizer sees a read behind it.
    const std::vector<std::uint8_t> cut(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(length));
    const Result<config::Config> config = DecodeConfig(cut, {});
    ASSERT_FALSE(config.ok()) << length;
    EXPECT_EQ(config.status().code(), Code::kDataLoss) << length << " " << config.status().ToString();
  }
}

TEST(DecodeConfig, RefusesAUnitCutWithinItsLength) {
  const std::string unit = SampleUnits()[7].SerializeAsString();
  const std::string header = SampleUnits()[0].SerializeAsString();
  for (std::size_t length = 0; length < unit.size(); ++length) {
    ConfigDecoder decoder({});
    ASSERT_TRUE(decoder.Put(Bytes(header)).ok());
    const std::vector<std::uint8_t> cut(unit.begin(), unit.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(decoder.Put(cut).ok()) << length;
  }
}

TEST(DecodeConfig, SurvivesFlippedBytes) {
  constexpr std::uint32_t kSeed = 20'230'501;
  std::mt19937 random(kSeed);
  const std::string stream = Stream(SampleUnits());
  std::size_t refused = 0;
  constexpr std::size_t kRuns = 20'000;
  for (std::size_t run = 0; run < kRuns; ++run) {
    std::vector<std::uint8_t> bytes(stream.begin(), stream.end());
    const std::size_t flips = 1 + random() % 4;
    for (std::size_t i = 0; i < flips; ++i) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    const Result<config::Config> config = DecodeConfig(bytes, {});
    if (config.ok()) continue;
    ++refused;
    EXPECT_FALSE(config.status().reason().empty()) << "seed " << kSeed << " run " << run;
  }
  EXPECT_GT(refused, kRuns / 4) << "seed " << kSeed;
}

TEST(DecodeConfig, SurvivesNoise) {
  constexpr std::uint32_t kSeed = 7;
  std::mt19937 random(kSeed);
  const std::string header = Stream({SampleUnits()[0]});
  for (int run = 0; run < 5'000; ++run) {
    std::vector<std::uint8_t> bytes(header.begin(), header.end());
    bytes.push_back(40);  // a length that makes the noise one unit
    for (int i = 0; i < 40; ++i) bytes.push_back(static_cast<std::uint8_t>(random() % (i % 2 == 0 ? 32U : 256U)));
    (void)DecodeConfig(bytes, {}).ok();
  }
}

}  // namespace
}  // namespace heliostat::codec
