#include "agent/agent_thread.h"

#include <chrono>
#include <future>
#include <utility>

#include "base/out_of_memory.h"

namespace heliostat::agent {
namespace {
constexpr std::chrono::milliseconds kTick(100);  // links are looked at this often
}  // namespace

AgentThread::AgentThread(Agent& agent, TickFunction tick)
    : agent_(agent), tick_(tick ? std::move(tick) : [&agent] { agent.Tick(); }), thread_([this] { Loop(); }) {}

AgentThread::~AgentThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void AgentThread::Loop() {
  std::unique_lock lock(mutex_);
  auto tick = std::chrono::steady_clock::now() + kTick;
  while (!stop_ || !mailbox_.empty()) {
    wake_.wait_until(lock, tick, [this] { return stop_ || !mailbox_.empty(); });
    // The clock decides, not an empty mailbox: a busy one must not keep the links out of sight.
    if (const auto now = std::chrono::steady_clock::now(); now >= tick) {
      tick = now + kTick;
      lock.unlock();
      LeaveOutOfMemory(tick_);  // lack of memory must not end the thread, and forwarding with it
      lock.lock();
    }
    if (!mailbox_.empty()) {
      const std::function<void()> work = std::move(mailbox_.front());
      mailbox_.pop_front();
      lock.unlock();
      LeaveOutOfMemory(work);
      lock.lock();
    }
  }
}

void AgentThread::Post(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    mailbox_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void AgentThread::Do(std::function<void()> work) {
  std::promise<void> done;
  Post([&] {
    LeaveOutOfMemory(work);
    done.set_value();
  });
  done.get_future().wait();
}

Result<Applied> AgentThread::Apply(std::shared_ptr<const config::Config> config) {
  Result<Applied> applied = OutOfMemory();
  Do([&] { applied = agent_.Apply(std::move(config)); });
  return applied;
}

Reading AgentThread::Read() {
  Reading reading;
  Do([&] { reading = agent_.Read(); });
  return reading;
}

}  // namespace heliostat::agent
