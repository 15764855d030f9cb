// The cache never says anything but what the policy would.
#include "datapath/verdict_cache.h"

#include <gtest/gtest.h>

#include <random>

namespace heliostat::datapath {
namespace {

using config::Direction;
using packet::FlowKey;
using rules::Outcome;
using rules::Verdict;

// Accepts by a rule that the key names, so that every key has a verdict of its own.
class NamingPolicy final : public rules::Policy {
 public:
  explicit NamingPolicy(std::uint8_t slot = 0) : slot_(slot) {}
  void Classify(std::span<const FlowKey> keys, std::span<Verdict> verdicts) const override {
    for (std::size_t i = 0; i < keys.size(); ++i) verdicts[i] = Of(keys[i]);
    asked += keys.size();
  }
  [[nodiscard]] Verdict Of(const FlowKey& key) const {
    return {Outcome::kAccept, slot_, std::uint32_t{key.source_port} << 16U | key.destination_port};
  }
  [[nodiscard]] std::span<const rules::RuleOrigin> rules() const override { return {}; }
  [[nodiscard]] std::size_t MemoryBytes() const override { return 0; }

  mutable std::size_t asked = 0;

 private:
  std::uint8_t slot_;
};

FlowKey KeyOf(std::uint32_t flow) {
  FlowKey key;
  key.source_port = static_cast<std::uint16_t>(flow >> 16U);
  key.destination_port = static_cast<std::uint16_t>(flow);
  return key;
}

Verdict Ask(VerdictCache& cache, const rules::Policy& policy, VerdictScope scope, const FlowKey& key) {
  Verdict verdict;
  cache.Classify(policy, scope, {&key, 1}, {&verdict, 1});
  return verdict;
}

const VerdictScope kScope(1, 0, Direction::kInbound);

TEST(VerdictCache, AsksThePolicyOnceForOneFlow) {
  VerdictCache cache;
  const NamingPolicy policy;
  for (int packet = 0; packet < 100; ++packet) EXPECT_EQ(Ask(cache, policy, kScope, KeyOf(7)), policy.Of(KeyOf(7)));
  EXPECT_EQ(policy.asked, 1U);
}

TEST(VerdictCache, KnowsNoKeyAtFirstNotEvenTheEmptyOne) {
  VerdictCache cache;
  const NamingPolicy policy;
  EXPECT_EQ(Ask(cache, policy, kScope, FlowKey{}).outcome, Outcome::kAccept);
  EXPECT_EQ(policy.asked, 1U);
}

TEST(VerdictCache, AsksAnewInEveryOtherScope) {
  VerdictCache cache;
  std::uint8_t slot = 0;
  for (const VerdictScope& scope :
       {kScope, VerdictScope(2, 0, Direction::kInbound), VerdictScope(1, 1, Direction::kInbound),
        VerdictScope(1, 0, Direction::kOutbound)}) {
    const NamingPolicy policy(slot++);
    EXPECT_EQ(Ask(cache, policy, scope, KeyOf(7)), policy.Of(KeyOf(7)));
  }
}

TEST(VerdictCache, TellsKeysApartThatDifferInOneByte) {
  VerdictCache cache;
  const NamingPolicy policy;
  const FlowKey key = KeyOf(7);
  for (std::size_t byte = 0; byte < sizeof key; ++byte) {
    FlowKey other = key;
    reinterpret_cast<std::uint8_t*>(&other)[byte] ^= 1U;
    EXPECT_EQ(Ask(cache, policy, kScope, other), policy.Of(other)) << "byte " << byte;
  }
  EXPECT_EQ(policy.asked, sizeof key);
}

TEST(VerdictCache, GivesThePolicysVerdictHoweverManyFlowsThereAre) {
  VerdictCache cache;
  const NamingPolicy policy;
  std::mt19937 random(1);
  std::array<FlowKey, VerdictCache::kMaxBurst> keys;
  std::array<Verdict, VerdictCache::kMaxBurst> verdicts;
  for (int burst = 0; burst < 3000; ++burst) {
    for (FlowKey& key : keys)
      key = KeyOf(static_cast<std::uint32_t>(random()) % 50'000);  // three times what the cache holds
    cache.Classify(policy, kScope, keys, verdicts);
    for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(verdicts[i], policy.Of(keys[i])) << "burst " << burst;
  }
  EXPECT_LT(policy.asked, 3000 * keys.size()) << "some were known";
}

}  // namespace
}  // namespace heliostat::datapath
