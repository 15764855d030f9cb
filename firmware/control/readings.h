// The agent's counters as the wire has them, and one reading for all who watch at the same moment.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/reading.h"
#include "base/status.h"
#include "codec/reading.h"
#include "config/config.h"
#include "control/agent_calls.h"
#include "ledger/counts.h"

namespace heliostat::control {

[[nodiscard]] codec::LedgerEntry ToWire(const agent::LedgerLine& line);
[[nodiscard]] codec::PortCounters ToWire(const ledger::PortCounts& counts, const std::string& interface);
[[nodiscard]] codec::RuleHits ToWire(const agent::RuleHits& hits);

// The I/O thread.
class Readings {
 public:
  using Taken = Result<std::shared_ptr<const agent::Reading>>;
  using Take = std::function<void(const Taken&)>;
  // `read` is called on the agent's thread.
  Readings(std::function<agent::Reading()> read, AgentCalls& calls) : read_(std::move(read)), calls_(calls) {}

  // One at most is on its way: who asks meanwhile gets the same. kResourceExhausted: no memory for it. Null, at once:
  // two are still held, so there is no third.
  void Get(Take take);

 private:
  std::function<agent::Reading()> read_;
  AgentCalls& calls_;
  std::vector<Take> waiting_;
  bool asked_ = false;
  std::array<std::weak_ptr<const agent::Reading>, 2> given_;
};

}  // namespace heliostat::control
