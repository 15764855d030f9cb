#include "control/agent_calls.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <new>
#include <thread>
#include <vector>

#include "support/failing_memory.h"

namespace heliostat::control {
namespace {

TEST(AgentCalls, AnswersInOrderAndOnlyWhenDrained) {
  std::deque<AgentCalls::Work> mailbox;
  int woken = 0;
  AgentCalls calls([&](AgentCalls::Work work) { mailbox.push_back(std::move(work)); }, [&] { ++woken; });
  std::vector<int> answers;
  for (const int n : {1, 2, 3}) {
    calls.Call([n] { return Result(n * 10); }, [&](const Result<int>& answer) { answers.push_back(*answer); });
  }
  EXPECT_EQ(calls.outstanding(), 3U);
  for (const AgentCalls::Work& work : mailbox) work();
  EXPECT_EQ(woken, 3);
  EXPECT_TRUE(answers.empty());
  EXPECT_TRUE(calls.Drain());
  EXPECT_EQ(answers, (std::vector<int>{10, 20, 30}));
  EXPECT_EQ(calls.outstanding(), 0U);
  EXPECT_FALSE(calls.Drain());
}

TEST(AgentCalls, DropsAnAnswerThatComesAfterTheEnd) {
  std::deque<AgentCalls::Work> mailbox;
  bool answered = false;
  {
    AgentCalls calls([&](AgentCalls::Work work) { mailbox.push_back(std::move(work)); }, [] {});
    calls.Call([] { return OkStatus(); }, [&](const Status&) { answered = true; });
  }
  mailbox.front()();
  EXPECT_FALSE(answered);
}

TEST(AgentCalls, BringsAnswersFromAnotherThread) {
  std::deque<AgentCalls::Work> mailbox;
  std::atomic<int> woken{0};
  AgentCalls calls([&](AgentCalls::Work work) { mailbox.push_back(std::move(work)); }, [&] { ++woken; });
  long sum = 0;
  for (int i = 1; i <= 100; ++i) {
    calls.Call([i] { return Result(i); }, [&](const Result<int>& answer) { sum += *answer; });
  }
  std::thread agent([&] {
    for (const AgentCalls::Work& work : mailbox) work();
  });
  while (calls.outstanding() != 0) calls.Drain();
  agent.join();
  EXPECT_EQ(sum, 5050);
  EXPECT_EQ(woken, 100);
}

TEST(AgentCalls, AnswersThatMemoryHasRunOutAndBringsThatWithoutAny) {
  std::deque<AgentCalls::Work> mailbox;
  AgentCalls calls([&](AgentCalls::Work work) { mailbox.push_back(std::move(work)); }, [] {});
  Code code = Code::kOk;
  calls.Call([]() -> Result<std::vector<int>> { return std::vector<int>(100); },
             [&](const Result<std::vector<int>>& answer) { code = answer.status().code(); });
  {
    const support::FailingMemory memory(1, support::FailingMemory::Then::kFailsForGood);
    mailbox.front()();
    EXPECT_TRUE(memory.failed());
  }
  calls.Drain();
  EXPECT_EQ(code, Code::kResourceExhausted);
}

TEST(AgentCalls, GoesOnWithTheNextAnswerWhenOneRunsOutOfMemory) {
  std::deque<AgentCalls::Work> mailbox;
  AgentCalls calls([&](AgentCalls::Work work) { mailbox.push_back(std::move(work)); }, [] {});
  std::vector<int> much;
  bool answered = false;
  calls.Call([] { return OkStatus(); }, [&](const Status&) { much.resize(100); });
  calls.Call([] { return OkStatus(); }, [&](const Status&) { answered = true; });
  for (const AgentCalls::Work& work : mailbox) work();
  const support::FailingMemory memory(1);
  calls.Drain();
  EXPECT_TRUE(memory.failed() && much.empty());
  EXPECT_TRUE(answered);
}

TEST(AgentCalls, HaveAskedNothingWhereThereIsNoMemoryToAsk) {
  AgentCalls calls([](const AgentCalls::Work&) { throw std::bad_alloc(); }, [] {});
  EXPECT_THROW(calls.Call([] { return OkStatus(); }, [](const Status&) {}), std::bad_alloc);
  EXPECT_EQ(calls.outstanding(), 0U);
}

}  // namespace
}  // namespace heliostat::control
