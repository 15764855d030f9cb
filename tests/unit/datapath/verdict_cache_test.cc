// The cache never says anything but what the policy would.
#include "datapath/verdict_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "rules/compile.h"

namespace heliostat::datapath {
namespace {

using config::Direction;
using packet::FlowKey;
using rules::Outcome;
using rules::Verdict;

constexpr std::uint64_t kIdentity = 1;

std::shared_ptr<const rules::Policy> PolicyOf(std::vector<config::Filter> filters, std::uint64_t identity = kIdentity) {
  std::vector<const config::Filter*> tuple;
  for (const config::Filter& filter : filters) tuple.push_back(&filter);
  return rules::CompilePolicy(tuple, Direction::kInbound, identity);
}

// Says the same of every frame, by its slot `slot`.
std::shared_ptr<const rules::Policy> Always(config::Action action, std::size_t slot = 0,
                                            std::uint64_t identity = kIdentity) {
  std::vector<config::Filter> filters(slot + 1);
  filters[slot].inbound.resize(1);
  filters[slot].inbound[0].action = action;
  return PolicyOf(std::move(filters), identity);
}

FlowKey KeyOf(std::uint16_t flow) {
  FlowKey key;
  key.flags = FlowKey::kDestinationPort;
  key.destination_port = flow;
  return key;
}

// What the policy says when it is asked directly.
Verdict Says(const rules::Policy& policy, const FlowKey& key) {
  Verdict verdict;
  policy.Classify({&key, 1}, {&verdict, 1});
  return verdict;
}

Verdict Ask(VerdictCache& cache, const rules::Policy& policy, const FlowKey& key) {
  Verdict verdict;
  cache.Classify(policy, {&key, 1}, {&verdict, 1});
  return verdict;
}

const auto kAccepts = Always(config::Action::kAccept);
// It has the identity of `kAccepts`, as no other policy may: a key whose verdict is remembered is still accepted.
const auto kRejects = Always(config::Action::kReject);

TEST(VerdictCache, AsksThePolicyOnceForOneFlow) {
  VerdictCache cache;
  EXPECT_EQ(Ask(cache, *kAccepts, KeyOf(7)).outcome, Outcome::kAccept);
  for (int packet = 0; packet < 100; ++packet) {
    EXPECT_EQ(Ask(cache, *kRejects, KeyOf(7)).outcome, Outcome::kAccept);
  }
}

TEST(VerdictCache, KnowsNoKeyAtFirstNotEvenTheEmptyOne) {
  VerdictCache cache;
  EXPECT_EQ(Ask(cache, *kAccepts, FlowKey{}).outcome, Outcome::kAccept);
}

TEST(VerdictCache, AsksAnewForEveryOtherIdentity) {
  VerdictCache cache;
  std::size_t slot = 0;
  for (const std::uint64_t identity : {1U, 2U, 3U, 1U << 17U}) {
    EXPECT_EQ(Ask(cache, *Always(config::Action::kAccept, slot, identity), KeyOf(7)).slot, slot);
    ++slot;
  }
}

// Four tiers and an excluded filter, at both ends: more policies than a set has ways.
TEST(VerdictCache, RemembersOneFlowUnderTenPoliciesAtOnce) {
  VerdictCache cache;
  for (std::uint64_t identity = 1; identity <= 10; ++identity) {
    EXPECT_EQ(Ask(cache, *Always(config::Action::kAccept, 0, identity), KeyOf(7)).outcome, Outcome::kAccept);
  }
  for (std::uint64_t identity = 1; identity <= 10; ++identity) {
    EXPECT_EQ(Ask(cache, *Always(config::Action::kReject, 0, identity), KeyOf(7)).outcome, Outcome::kAccept)
        << "identity " << identity << " was asked anew";
  }
}

TEST(VerdictCache, TellsKeysApartThatDifferInOneByte) {
  VerdictCache cache;
  const FlowKey key = KeyOf(7);
  EXPECT_EQ(Ask(cache, *kAccepts, key).outcome, Outcome::kAccept);
  for (std::size_t byte = 0; byte < sizeof key; ++byte) {
    FlowKey other = key;
    reinterpret_cast<std::uint8_t*>(&other)[byte] ^= 1U;
    EXPECT_EQ(Ask(cache, *kRejects, other), Says(*kRejects, other)) << "byte " << byte;
  }
}

// A policy that gives each of `flows` flows a verdict of its own.
std::shared_ptr<const rules::Policy> RuleForEach(std::uint16_t flows) {
  std::vector<config::Filter> filters(1);
  for (std::uint16_t flow = 0; flow < flows; ++flow) {
    config::Rule& rule = filters[0].inbound.emplace_back();
    rule.number = static_cast<std::uint16_t>(flow + 1);
    rule.action = flow % 2 == 0 ? config::Action::kAccept : config::Action::kReject;
    rule.destination_ports = config::PortRange{flow, flow};
  }
  return PolicyOf(std::move(filters));
}

TEST(VerdictCache, GivesThePolicysVerdictHoweverManyFlowsThereAre) {
  constexpr std::uint16_t kFlows = 50'000;  // three times what the cache holds
  VerdictCache cache;
  const auto policy = RuleForEach(kFlows);
  std::mt19937 random(1);
  std::array<FlowKey, VerdictCache::kMaxBurst> keys;
  std::array<Verdict, VerdictCache::kMaxBurst> verdicts;
  for (int burst = 0; burst < 3000; ++burst) {
    for (FlowKey& key : keys) key = KeyOf(static_cast<std::uint16_t>(random() % kFlows));
    cache.Classify(*policy, keys, verdicts);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_EQ(verdicts[i], (Verdict{keys[i].destination_port % 2 == 0 ? Outcome::kAccept : Outcome::kReject, 0,
                                      keys[i].destination_port}))
          << "burst " << burst;
    }
  }
}

}  // namespace
}  // namespace heliostat::datapath
