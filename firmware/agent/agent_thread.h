// The agent in a thread of its own: others hand it work through a mailbox, and wait for the answer or not. A slow apply
// holds up its caller, never a worker.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/agent.h"
#include "base/status.h"

namespace heliostat::agent {

class AgentThread {
 public:
  // Is called on the agent's thread ten times a second, instead of Agent::Tick.
  using TickFunction = std::function<void()>;

  // `agent` must outlive this, and nobody else may call it meanwhile.
  explicit AgentThread(Agent& agent, TickFunction tick = {});
  // Does what is still in the mailbox, then ends the thread.
  ~AgentThread();
  AgentThread(const AgentThread&) = delete;
  AgentThread& operator=(const AgentThread&) = delete;

  // Any thread may call it; it returns when the agent has done it.
  [[nodiscard]] Result<Applied> Apply(std::shared_ptr<const config::Config> config);
  [[nodiscard]] Reading Read();

  // Both run `work` on the agent's thread, in the order of the calls: Do waits until it is done, Post does not. Work
  // that runs out of memory is abandoned where it stands.
  void Do(std::function<void()> work);
  void Post(std::function<void()> work);

 private:
  void Loop();

  Agent& agent_;
  TickFunction tick_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> mailbox_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace heliostat::agent
