// Remembers the verdicts of recent keys: a flow is judged by its rules once, then recognised, however many rules there
// are.
//
// A policy's verdict depends on the key alone, so what is remembered is exact: whole keys are compared. One worker's
// own.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.h"
#include "packet/flow_key.h"
#include "rules/classifier.h"

namespace heliostat::datapath {

// Whose verdicts: those of the policy of one (port, direction) in one generation, which is not 0.
class VerdictScope {
 public:
  VerdictScope(std::uint64_t generation, std::uint16_t port, config::Direction direction)
      : value_(generation << 17U | std::uint64_t{port} << 1U | static_cast<std::uint64_t>(direction)) {}
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_;
};

class VerdictCache {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  VerdictCache() : tags_(kSets), keys_(kSets) {}

  // As policy.Classify, for at most kMaxBurst keys. `policy` is the one of `scope`.
  void Classify(const rules::Policy& policy, VerdictScope scope, std::span<const packet::FlowKey> keys,
                std::span<rules::Verdict> verdicts);

 private:
  static constexpr unsigned kSetBits = 12;
  static constexpr std::size_t kSets = std::size_t{1} << kSetBits;
  static constexpr std::size_t kWays = 4;
  using Words = std::array<std::uint64_t, 8>;

  // The key's hash, and whose: equal keys have equal tags only in one scope. 0: nothing is remembered here.
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
  // Null: unknown.
  [[nodiscard]] const rules::Verdict* Find(const Words& key, std::uint64_t hash, VerdictScope scope) const;
  void Remember(const Words& key, std::uint64_t hash, VerdictScope scope, const rules::Verdict& verdict);

  std::vector<Tags> tags_;  // 256 KiB
  std::vector<Keys> keys_;  // 1 MiB
  // Which way is overwritten next. Sets share it: flows that crowd one set do not chase each other for ever.
  std::size_t turn_ = 0;
};

}  // namespace heliostat::datapath
