// The verdict of the software: a burst of keys in, a burst of verdicts out.
//
// A Policy is the compiled form of a tuple of filters seen in one direction: slot i is the i-th session (ascending
// number) of any interface that shares the tuple. It knows no interface, session or target. Immutable after
// Compile; any number of threads may call Classify.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "config/config.h"
#include "packet/flow_key.h"

namespace heliostat::rules {

class FilterTable;

enum class Outcome : std::uint8_t { kNone = 0, kAccept = 1, kReject = 2 };

struct Verdict {
  Outcome outcome = Outcome::kNone;
  std::uint8_t slot = 0;   // which filter of the tuple decided
  std::uint32_t rule = 0;  // index in FilterTable::origins() of that filter
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Where a compiled rule came from: for hit counters and explanations. A network service is one rule, whatever it
// takes to match it.
struct RuleOrigin {
  std::uint16_t number = 0;   // 0: a network service
  config::Service service{};  // when number is 0
  friend bool operator==(const RuleOrigin&, const RuleOrigin&) = default;
};

class Policy {
 public:
  static constexpr std::size_t kMaxSlots = 256;

  // By slot, at most kMaxSlots. Other policies may share them.
  explicit Policy(std::vector<std::shared_ptr<const FilterTable>> tables) : tables_(std::move(tables)) {}

  // `verdicts` has at least as many elements as `keys`. A runt key gets Outcome::kNone.
  void Classify(std::span<const packet::FlowKey> keys, std::span<Verdict> verdicts) const;
  // Of a verdict of this policy that is not Outcome::kNone.
  [[nodiscard]] const RuleOrigin& OriginOf(const Verdict& verdict) const;
  // Of this policy alone, without the filters' tables.
  [[nodiscard]] std::size_t MemoryBytes() const { return sizeof *this + tables_.capacity() * sizeof(tables_[0]); }

 private:
  [[nodiscard]] Verdict Judge(const packet::FlowKey& key) const;

  std::vector<std::shared_ptr<const FilterTable>> tables_;
};

}  // namespace heliostat::rules
