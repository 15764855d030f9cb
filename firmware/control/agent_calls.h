// Work that the agent's thread does for the I/O thread, and its answers back.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

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

  // `work` on the agent's thread; then, on the I/O thread, `then` with what it returned. Whoever asked may be gone by
  // then: `then` holds it weakly.
  template <typename Do, typename Then>
  void Call(Do work, Then then) {
    Post([work = std::move(work), then = std::move(then)]() mutable -> Work {
      return [result = std::make_shared<decltype(work())>(work()), then = std::move(then)]() mutable {
        then(std::move(*result));
      };
    });
  }

  // Runs the answers that have come. The I/O thread; true when there were any.
  bool Drain();
  // Asked, and not yet drained.
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }

 private:
  struct Answers {
    std::mutex mutex;
    std::vector<Work> ready;
  };
  void Post(std::function<Work()> work);

  std::function<void(Work)> post_;
  std::function<void()> wake_;
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  std::size_t outstanding_ = 0;
};

}  // namespace heliostat::control
