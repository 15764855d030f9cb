#include "control/shared_reading.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <vector>

#include "agent/reading.h"

namespace heliostat::control {
namespace {

TEST(SharedReading, HoldsTwoAtMost) {
  std::deque<AgentCalls::Work> mailbox;
  AgentCalls calls([&](AgentCalls::Work work) { mailbox.push_back(std::move(work)); }, [] {});
  SharedReading shared([] { return std::make_shared<const agent::Reading>(); }, calls);
  std::vector<std::shared_ptr<const agent::Reading>> held;
  const auto get = [&] {
    shared.Get([&](const SharedReading::Taken& taken) { held.push_back(*taken); });
    for (; !mailbox.empty(); mailbox.pop_front()) mailbox.front()();
    calls.Drain();
    return held.back() != nullptr;
  };
  EXPECT_TRUE(get());
  EXPECT_TRUE(get());
  EXPECT_FALSE(get());
  held.erase(held.begin());
  EXPECT_TRUE(get());
}

TEST(SharedReading, IsTheSameForAllWhoAskWhileItIsTaken) {
  std::deque<AgentCalls::Work> mailbox;
  AgentCalls calls([&](AgentCalls::Work work) { mailbox.push_back(std::move(work)); }, [] {});
  SharedReading shared([] { return std::make_shared<const agent::Reading>(); }, calls);
  std::vector<std::shared_ptr<const agent::Reading>> held;
  for (int i = 0; i < 3; ++i) shared.Get([&](const SharedReading::Taken& taken) { held.push_back(*taken); });
  ASSERT_EQ(mailbox.size(), 1U);
  mailbox.front()();
  calls.Drain();
  ASSERT_EQ(held.size(), 3U);
  EXPECT_NE(held[0], nullptr);
  EXPECT_EQ(held[0], held[1]);
  EXPECT_EQ(held[0], held[2]);
}

}  // namespace
}  // namespace heliostat::control
