#include "datapath/verdict_cache.h"

#include <type_traits>

namespace heliostat::datapath {
namespace {

using packet::FlowKey;

static_assert(std::has_unique_object_representations_v<FlowKey>, "keys compare as bytes");

// The multipliers are odd and without structure.
constexpr std::array<std::uint64_t, 8> kMultipliers{0x9e3779b97f4a7c15U, 0xbf58476d1ce4e5b9U, 0x94d049bb133111ebU,
                                                    0xd6e8feb86659fd93U, 0xff51afd7ed558ccdU, 0xc4ceb9fe1a85ec53U,
                                                    0xa0761d6478bd642fU, 0xe7037ed1a0b428dbU};

bool Equal(const std::array<std::uint64_t, 8>& a, const std::array<std::uint64_t, 8>& b) {
  std::uint64_t different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) different |= a[i] ^ b[i];
  return different == 0;
}

}  // namespace

// The products do not wait for each other; the last one brings every bit to the upper end, which chooses the set.
std::uint64_t VerdictCache::Hash(const Words& key) {
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < key.size(); ++i) hash += (key[i] ^ key[i] >> 32U) * kMultipliers[i];
  return (hash ^ hash >> 32U) * kMultipliers[0];
}

const rules::Verdict* VerdictCache::Find(const Words& key, std::uint64_t hash) const {
  const std::size_t set = SetOf(hash);
  for (std::size_t way = 0; way < kWays; ++way) {
    const Tag& tag = tags_[set].way[way];
    if (tag.value == hash && Equal(keys_[set].way[way], key)) return &tag.verdict;
  }
  return nullptr;
}

void VerdictCache::Remember(const Words& key, std::uint64_t hash, const rules::Verdict& verdict) {
  const std::size_t way = turn_++ % kWays;
  tags_[SetOf(hash)].way[way] = {hash, verdict};
  keys_[SetOf(hash)].way[way] = key;
}

void VerdictCache::Classify(const rules::Policy& policy, std::span<const FlowKey> keys,
                            std::span<rules::Verdict> verdicts) {
  // One key has a verdict in each of up to ten policies (four tiers and an excluded filter, at two ends). Each of them
  // has a set of its own: in one they would drive each other out.
  const std::uint64_t scatter = policy.identity() * kMultipliers[1];
  std::array<std::uint64_t, kMaxBurst> hashes;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    hashes[i] = Hash(std::bit_cast<Words>(keys[i])) + scatter;
    __builtin_prefetch(&tags_[SetOf(hashes[i])]);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto key = std::bit_cast<Words>(keys[i]);
    if (const rules::Verdict* known = Find(key, hashes[i])) {
      verdicts[i] = *known;
      continue;
    }
    policy.Classify(keys.subspan(i, 1), verdicts.subspan(i, 1));
    Remember(key, hashes[i], verdicts[i]);
  }
}

}  // namespace heliostat::datapath
