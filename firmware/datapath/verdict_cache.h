// The verdict cache remembers the verdicts of recent keys: a flow is judged by its rules once, then recognised, however
// many rules there are.
//
// A policy's verdict depends on the key alone, no two policies of a card share an identity, and whole keys are
// compared: so a remembered verdict is exact. It stays right across epochs, and for all interfaces that share the
// policy. Each worker has a cache of its own.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "packet/flow_key.h"
#include "rules/classifier.h"

namespace heliostat::datapath {

class VerdictCache {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  VerdictCache() : tags_(kSets), keys_(kSets) {}

  // Gives the verdicts that policy.Classify would give, for at most kMaxBurst keys.
  void Classify(const rules::Policy& policy, std::span<const packet::FlowKey> keys, std::span<rules::Verdict> verdicts);

 private:
  static constexpr unsigned kSetBits = 12;
  static constexpr std::size_t kSets = std::size_t{1} << kSetBits;
  static constexpr std::size_t kWays = 4;
  using Words = std::array<std::uint64_t, 8>;

  // `value` is the key's hash moved by the policy's identity, so that one key has different values under different
  // policies. It is 0 where nothing is remembered.
  struct Tag {
    std::uint64_t value = 0;
    rules::Verdict verdict;
  };
  struct alignas(64) Tags {
    std::array<Tag, kWays> way;
  };
  struct alignas(64) Keys {
    std::array<Words, kWays> way;
  };

  static std::uint64_t Hash(const Words& key);
  static std::size_t SetOf(std::uint64_t hash) { return hash >> (64U - kSetBits); }
  // Returns null when the verdict is not remembered.
  [[nodiscard]] const rules::Verdict* Find(const Words& key, std::uint64_t hash) const;
  void Remember(const Words& key, std::uint64_t hash, const rules::Verdict& verdict);

  std::vector<Tags> tags_;  // 256 KiB
  std::vector<Keys> keys_;  // 1 MiB
  // The way that is overwritten next. All sets share it, so that flows that crowd one set do not evict each other for
  // ever.
  std::size_t turn_ = 0;
};

}  // namespace heliostat::datapath
