#include "linux/epoll_poller.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

namespace heliostat::hal::linux_os {
namespace {

constexpr std::uint64_t kWakeToken = UINT64_MAX;

class EpollPoller final : public Poller {
 public:
  EpollPoller(int epoll, int wake) : epoll_(epoll), wake_(wake) {}
  ~EpollPoller() override {
    close(epoll_);
    close(wake_);
  }
  EpollPoller(const EpollPoller&) = delete;
  EpollPoller& operator=(const EpollPoller&) = delete;

  Status Set(int descriptor, std::uint64_t token, bool read, bool write) override {
    if (token == kWakeToken) return {Code::kInvalidArgument, "poller", "the token 2^64 - 1 is its own"};
    epoll_event event{};
    event.events = (read ? EPOLLIN : 0U) | (write ? EPOLLOUT : 0U) | (read || write ? 0U : EPOLLRDHUP);
    event.data.u64 = token;
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) == 0) return OkStatus();
    if (errno == ENOENT && epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0) return OkStatus();
    if (errno == ENOMEM || errno == ENOSPC) {
      return {Code::kResourceExhausted, "poller", "the kernel has no room for another descriptor"};
    }
    return {Code::kInvalidArgument, "poller", "descriptor " + std::to_string(descriptor) + " can't be waited for"};
  }

  void Remove(int descriptor) override { (void)epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr); }

  std::size_t Wait(std::span<Event> events, int timeout_ms) override {
    std::array<epoll_event, 64> ready;
    // It takes one more than asked for, so that a wake never hides behind events.
    const std::size_t wanted = std::min(events.size() + 1, ready.size());
    const int found = epoll_wait(epoll_, ready.data(), static_cast<int>(wanted), timeout_ms);
    std::size_t filled = 0;
    for (int i = 0; i < found; ++i) {  // -1 when a signal came: nothing
      const epoll_event& event = ready[static_cast<std::size_t>(i)];
      if (event.data.u64 == kWakeToken) {
        std::uint64_t wakes = 0;
        (void)!read(wake_, &wakes, sizeof wakes);
      } else if (filled < events.size()) {
        const bool broken = (event.events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0;
        events[filled++] = {.token = event.data.u64,
                            .readable = broken || (event.events & EPOLLIN) != 0,
                            .writable = (event.events & EPOLLOUT) != 0,
                            .broken = broken};
      }
    }
    return filled;
  }

  void Wake() override {
    const std::uint64_t one = 1;
    (void)!write(wake_, &one, sizeof one);
  }

 private:
  int epoll_;
  int wake_;
};

}  // namespace

Result<std::unique_ptr<Poller>> OpenPoller() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeToken;
  if (epoll < 0 || wake < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) != 0) {
    if (epoll >= 0) close(epoll);
    if (wake >= 0) close(wake);
    return Status(Code::kResourceExhausted, "poller", "the kernel gives no more descriptors");
  }
  return std::unique_ptr<Poller>(std::make_unique<EpollPoller>(epoll, wake));
}

}  // namespace heliostat::hal::linux_os
