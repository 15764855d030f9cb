#include "control/agent_calls.h"

namespace heliostat::control {

AgentCalls::AgentCalls(std::function<void(Work)> post, std::function<void()> wake)
    : post_(std::move(post)), wake_(std::move(wake)) {}

AgentCalls::~AgentCalls() = default;

void AgentCalls::Post(std::function<Work()> work) {
  ++outstanding_;
  // The answers outlive this object, so an answer that comes after the end is dropped with them.
  post_([work = std::move(work), answers = answers_, wake = wake_] {
    Work then = work();
    {
      const std::lock_guard lock(answers->mutex);
      answers->ready.push_back(std::move(then));
    }
    wake();
  });
}

bool AgentCalls::Drain() {
  std::vector<Work> ready;
  {
    const std::lock_guard lock(answers_->mutex);
    ready.swap(answers_->ready);
  }
  outstanding_ -= ready.size();
  for (const Work& then : ready) then();
  return !ready.empty();
}

}  // namespace heliostat::control
