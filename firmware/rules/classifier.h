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
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "packet/flow_key.h"

namespace heliostat::rules {

class FilterTable;

enum class Outcome : std::uint8_t { kNone = 0, kAccept = 1, kReject = 2 };

struct Verdict {
  Outcome outcome = Outcome::kNone;
  std::uint8_t slot = 0;   // which filter of the tuple decided
  std::uint32_t rule = 0;  // index in Policy::rules()
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Where a compiled rule came from: for hit counters and explanations. A network service is one rule, whatever it
// takes to match it.
struct RuleOrigin {
  std::uint8_t slot = 0;
  std::uint16_t number = 0;   // 0: a network service
  config::Service service{};  // when number is 0
  friend bool operator==(const RuleOrigin&, const RuleOrigin&) = default;
};

class Policy {
 public:
  static constexpr std::size_t kMaxSlots = 256;

  virtual ~Policy() = default;
  // `verdicts` has at least as many elements as `keys`. A runt key gets Outcome::kNone.
  virtual void Classify(std::span<const packet::FlowKey> keys, std::span<Verdict> verdicts) const = 0;
  // In the order in which they are tried: by slot, services first, then by number.
  [[nodiscard]] virtual std::span<const RuleOrigin> rules() const = 0;
  // Of this policy alone, without the filters' tables, which policies share.
  [[nodiscard]] virtual std::size_t MemoryBytes() const = 0;
};

// Tries the tables in order of their slot. At most Policy::kMaxSlots of them.
[[nodiscard]] std::shared_ptr<const Policy> MakePolicy(std::vector<std::shared_ptr<const FilterTable>> tables);

}  // namespace heliostat::rules
