#include "control/agent_calls.h"

namespace heliostat::control {

AgentCalls::AgentCalls(std::function<void(Work)> post, std::function<void()> wake)
    : post_(std::move(post)), wake_(std::move(wake)) {}

AgentCalls::~AgentCalls() = default;

void AgentCalls::Post(std::unique_ptr<One> one) {
  // A list of one: it is joined to the answers without taking memory.
  auto call = std::make_shared<List>();
  call->push_back(std::move(one));
  // The answers outlive this object, so an answer that comes after the end is dropped with them.
  post_([call, answers = answers_, wake = wake_] {
    call->front()->Do();
    {
      const std::lock_guard lock(answers->mutex);
      answers->ready.splice(answers->ready.end(), *call);
    }
    wake();
  });
  ++outstanding_;
}

bool AgentCalls::Drain() {
  List ready;
  {
    const std::lock_guard lock(answers_->mutex);
    ready.swap(answers_->ready);
  }
  outstanding_ -= ready.size();
  for (const std::unique_ptr<One>& one : ready) LeaveOutOfMemory([&one] { one->Answer(); });
  return !ready.empty();
}

}  // namespace heliostat::control
