// The verdict of the software: a burst of keys in, a burst of verdicts out.
//
// A Policy is the compiled form of a tuple of filters seen in one direction: the sessions of one tier at one source, of
// which slot i is the i-th by number, or an interface's excluded filter alone. It knows no interface, session or
// target, so whatever has the same filters shares it. A tier is a policy of its own: a frame has one verdict in each,
// so at most kTiers at either end of its way. Immutable after Compile; any number of threads may call Classify.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "config/config.h"
#include "packet/flow_key.h"
#include "rules/rule_list.h"

namespace heliostat::rules {

class FilterTable;

struct Verdict {
  Outcome outcome = Outcome::kNone;
  std::uint8_t slot = 0;   // which filter of the tuple decided
  std::uint32_t rule = 0;  // index in FilterTable::origins() of that filter
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

class Policy {
 public:
  static constexpr std::size_t kMaxSlots = 256;

  // `tables` are by slot, at most kMaxSlots; other policies may share them. `identity` must not be 0.
  Policy(std::uint64_t identity, std::vector<std::shared_ptr<const FilterTable>> tables)
      : identity_(identity), tables_(std::move(tables)) {}

  // No other rule list ever has this number on this card, so verdicts that are remembered under it stay right.
  [[nodiscard]] std::uint64_t identity() const { return identity_; }

  // `verdicts` has at least as many elements as `keys`. A runt key gets Outcome::kNone.
  void Classify(std::span<const packet::FlowKey> keys, std::span<Verdict> verdicts) const;
  // `verdict` must be one of this policy, and not Outcome::kNone.
  [[nodiscard]] const RuleOrigin& OriginOf(const Verdict& verdict) const;
  // The memory of this policy alone, without the filters' tables.
  [[nodiscard]] std::size_t MemoryBytes() const { return sizeof *this + tables_.capacity() * sizeof(tables_[0]); }

 private:
  [[nodiscard]] Verdict Judge(const packet::FlowKey& key) const;

  std::uint64_t identity_;
  std::vector<std::shared_ptr<const FilterTable>> tables_;
};

}  // namespace heliostat::rules
