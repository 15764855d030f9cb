#include "linux/epoll_poller.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "linux/sockets.h"

namespace heliostat::hal::linux_os {
namespace {

constexpr int kLimitMs = 20'000;

class EpollPoller : public testing::Test {
 protected:
  EpollPoller() : poller_(OpenPoller().value()), pair_(ConnectedPair().value()) {}

  std::vector<Poller::Event> Wait(int timeout_ms, std::size_t room = 8) {
    std::vector<Poller::Event> events(room);
    events.resize(poller_->Wait(events, timeout_ms));
    return events;
  }

  std::unique_ptr<Poller> poller_;
  std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>> pair_;
  std::array<std::uint8_t, 4> bytes_{1, 2, 3, 4};
};

TEST_F(EpollPoller, ReportsWhatItWasAskedFor) {
  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 7, true, false).ok());
  EXPECT_TRUE(Wait(0).empty());
  ASSERT_EQ(pair_.second->Write(bytes_).bytes, bytes_.size());
  auto events = Wait(kLimitMs);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].token, 7U);
  EXPECT_TRUE(events[0].readable);
  EXPECT_FALSE(events[0].writable);

  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 8, false, true).ok());
  events = Wait(kLimitMs);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].token, 8U);
  EXPECT_FALSE(events[0].readable);
  EXPECT_TRUE(events[0].writable);

  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 8, false, false).ok());
  EXPECT_TRUE(Wait(0).empty());
  poller_->Remove(pair_.first->descriptor());
}

TEST_F(EpollPoller, ReportsTheEndOfAConnectionThatNothingIsWaitedFor) {
  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 7, false, false).ok());
  ASSERT_EQ(pair_.second->Write(bytes_).bytes, bytes_.size());
  EXPECT_TRUE(Wait(0).empty());
  pair_.second.reset();
  const auto events = Wait(kLimitMs);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].token, 7U);
  EXPECT_TRUE(events[0].broken);
}

TEST_F(EpollPoller, ComesBackWithWhatWasNotRead) {
  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 1, true, false).ok());
  ASSERT_EQ(pair_.second->Write(bytes_).bytes, bytes_.size());
  EXPECT_EQ(Wait(kLimitMs).size(), 1U);
  EXPECT_EQ(Wait(kLimitMs).size(), 1U);
  EXPECT_EQ(pair_.first->Read(bytes_).bytes, bytes_.size());
  EXPECT_TRUE(Wait(0).empty());
}

TEST_F(EpollPoller, ReportsABrokenConnectionEvenWhenAskedForNothing) {
  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 3, false, false).ok());
  pair_.second.reset();
  const auto events = Wait(kLimitMs);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].readable);
  EXPECT_EQ(pair_.first->Read(bytes_).outcome, Transfer::Outcome::kClosed);
}

TEST_F(EpollPoller, ForgetsWhatWasRemovedOrClosed) {
  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 3, true, true).ok());
  poller_->Remove(pair_.first->descriptor());
  poller_->Remove(pair_.first->descriptor());
  EXPECT_TRUE(Wait(0).empty());
  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 3, true, true).ok());
  pair_.first.reset();
  EXPECT_TRUE(Wait(0).empty());
}

TEST_F(EpollPoller, WakeEndsTheWaitGoingOn) {
  std::thread waker([&] { poller_->Wake(); });
  EXPECT_TRUE(Wait(kLimitMs).empty());
  waker.join();
}

TEST_F(EpollPoller, WakesBeforeAWaitCountOnce) {
  poller_->Wake();
  poller_->Wake();
  EXPECT_TRUE(Wait(kLimitMs).empty());
  EXPECT_TRUE(Wait(0).empty());
}

TEST_F(EpollPoller, WakeGetsThroughBesideEvents) {
  ASSERT_TRUE(poller_->Set(pair_.first->descriptor(), 1, false, true).ok());
  ASSERT_TRUE(poller_->Set(pair_.second->descriptor(), 2, false, true).ok());
  poller_->Wake();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Wait(kLimitMs, 1).size(), 1U);
  poller_->Remove(pair_.first->descriptor());
  poller_->Remove(pair_.second->descriptor());
  EXPECT_TRUE(Wait(0).empty());  // the wake was used up
}

TEST_F(EpollPoller, GivesNoMoreThanThereIsRoomFor) {
  std::vector<std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>>> pairs;
  for (std::uint64_t i = 0; i < 100; ++i) {
    pairs.push_back(ConnectedPair().value());
    ASSERT_TRUE(poller_->Set(pairs.back().first->descriptor(), i, false, true).ok());
  }
  EXPECT_EQ(Wait(kLimitMs, 5).size(), 5U);
  // Each descriptor gets its turn.
  std::vector<bool> seen(pairs.size());
  for (int round = 0; round < 100; ++round) {
    for (const Poller::Event& event : Wait(kLimitMs, 5)) seen[event.token] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 100);
}

TEST_F(EpollPoller, RefusesWhatItCanNotWaitFor) {
  EXPECT_EQ(poller_->Set(-1, 1, true, false).code(), Code::kInvalidArgument);
  EXPECT_EQ(poller_->Set(pair_.first->descriptor(), UINT64_MAX, true, false).code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace heliostat::hal::linux_os
