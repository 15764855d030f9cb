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
  // Called on the thread, ten times a second, in the place of Agent::Tick.
  using TickFunction = std::function<void()>;

  // `agent` outlives this, and is called by no one else meanwhile.
  explicit AgentThread(Agent& agent, TickFunction tick = {});
  // Does what is still in the mailbox first.
  ~AgentThread();
  AgentThread(const AgentThread&) = delete;
  AgentThread& operator=(const AgentThread&) = delete;

  // Any thread; returns when the agent has done it.
  [[nodiscard]] Result<Applied> Apply(std::shared_ptr<const config::Config> config);
  [[nodiscard]] Reading Read();

  // Any work that is the agent's thread's: Do waits until it is done, Post does not. In order. Work that
  // runs out of memory is left where it is.
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
