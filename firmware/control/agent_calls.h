// Work that the agent's thread does for the I/O thread, and its answers back.
//
// Memory that runs out ends neither thread: in `work` it becomes the answer. What bringing the answer back takes is had
// before the work is posted.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/out_of_memory.h"

namespace heliostat::control {

class AgentCalls {
 public:
  using Work = std::function<void()>;
  // `post` hands work to the agent's thread and returns; `wake` is called there when an answer waits. Both outlive the
  // last piece of work.
  AgentCalls(std::function<void(Work)> post, std::function<void()> wake);
  ~AgentCalls();
  AgentCalls(const AgentCalls&) = delete;
  AgentCalls& operator=(const AgentCalls&) = delete;

  // `work`, which returns a Status or a Result, on the agent's thread; then, on the I/O thread, `then` with what it
  // returned. Whoever asked may be gone by then: `then` holds it weakly. A `then` that runs out of memory is left where
  // it is, so what must be done comes first in it. Where this itself runs out, nothing is asked.
  template <typename Doing, typename Then>
  void Call(Doing work, Then then) {
    Post(std::make_unique<Both<Doing, Then>>(std::move(work), std::move(then)));
  }

  // Runs the answers that have come. The I/O thread; true when there were any.
  bool Drain();
  // Asked, and not yet drained.
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }

 private:
  struct One {
    virtual ~One() = default;
    virtual void Do() = 0;
    virtual void Answer() = 0;
  };
  template <typename Doing, typename Then>
  class Both final : public One {
   public:
    Both(Doing work, Then then) : work_(std::move(work)), then_(std::move(then)) {}
    void Do() override { result_.emplace(CatchOutOfMemory(work_)); }
    void Answer() override { then_(std::move(*result_)); }

   private:
    std::optional<decltype(std::declval<Doing&>()())> result_;
    Doing work_;
    Then then_;
  };
  using List = std::list<std::unique_ptr<One>>;
  struct Answers {
    std::mutex mutex;
    List ready;
  };
  void Post(std::unique_ptr<One> one);

  std::function<void(Work)> post_;
  std::function<void()> wake_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  std::size_t outstanding_ = 0;
};

}  // namespace heliostat::control
