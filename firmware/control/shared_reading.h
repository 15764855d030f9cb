// One reading of the card's counters for all who watch at the same moment. The I/O thread.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/status.h"
#include "control/agent_calls.h"

namespace heliostat::agent {
struct Reading;
}  // namespace heliostat::agent

namespace heliostat::control {

class SharedReading {
 public:
  using Taken = Result<std::shared_ptr<const agent::Reading>>;
  using Take = std::function<void(const Taken&)>;
  using Read = std::function<std::shared_ptr<const agent::Reading>()>;
  // `read` is called on the agent's thread.
  SharedReading(Read read, AgentCalls& calls) : read_(std::move(read)), calls_(calls) {}

  // One at most is on its way: who asks meanwhile gets the same. kResourceExhausted: no memory for it. Null, at once:
  // two are still held, so there is no third.
  void Get(Take take);

 private:
  Read read_;
  AgentCalls& calls_;
  std::vector<Take> waiting_;
  bool asked_ = false;
  std::array<std::weak_ptr<const agent::Reading>, 2> given_;
};

}  // namespace heliostat::control
