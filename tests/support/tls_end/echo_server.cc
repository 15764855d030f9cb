#include "support/tls_end/echo_server.h"

#include <array>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace heliostat {
namespace {

using Outcome = hal::Transfer::Outcome;

class Connection {
 public:
  explicit Connection(std::unique_ptr<hal::SecureChannel> channel) : channel_(std::move(channel)) {}

  int descriptor() const { return channel_->descriptor(); }
  bool wants_write() const { return last_ == Outcome::kWaitWrite; }

  // Goes as far as it gets now; returns false when the connection is over.
  bool Go() {
    while (true) {
      const hal::Transfer transfer = Step();
      last_ = transfer.outcome;
      switch (transfer.outcome) {
        case Outcome::kBytes: continue;
        case Outcome::kWaitRead:
        case Outcome::kWaitWrite: return true;
        case Outcome::kClosed:
          channel_->Close();
          std::cout << "closed" << std::endl;
          return false;
        case Outcome::kFailed:
          std::cout << (ready_ ? "broken: " : "refused: ") << transfer.error.ToString() << std::endl;
          return false;
      }
    }
  }

 private:
  hal::Transfer Step() {
    if (!ready_) {
      hal::Transfer transfer = channel_->Handshake();
      ready_ = transfer.outcome == Outcome::kBytes;
      if (ready_) std::cout << "accepted: " << channel_->peer().subject << std::endl;
      return transfer;
    }
    if (!unsent_.empty()) {
      hal::Transfer transfer = channel_->Write(unsent_);
      unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(transfer.bytes));
      return transfer;
    }
    std::array<std::uint8_t, 5'000> buffer{};
    hal::Transfer transfer = channel_->Read(buffer);
    unsent_.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(transfer.bytes));
    return transfer;
  }

  std::unique_ptr<hal::SecureChannel> channel_;
  bool ready_ = false;
  Outcome last_ = Outcome::kWaitRead;
  std::vector<std::uint8_t> unsent_{};
};

}  // namespace

Status ServeEcho(hal::SecureServer& server, hal::Listener& listener, hal::Poller& poller, const volatile bool* stop) {
  std::map<std::uint64_t, Connection> connections;
  std::uint64_t next = 1;
  HELIOSTAT_RETURN_IF_ERROR(poller.Set(listener.descriptor(), 0, true, false));
  const auto go_on = [&](std::uint64_t token) {
    const auto found = connections.find(token);
    if (found == connections.end()) return OkStatus();
    if (found->second.Go()) {
      const bool write = found->second.wants_write();
      return poller.Set(found->second.descriptor(), token, !write, write);
    }
    connections.erase(found);
    return OkStatus();
  };
  std::array<hal::Poller::Event, 16> events{};
  while (!*stop) {
    const std::size_t count = poller.Wait(events, 60'000);
    for (std::size_t i = 0; i < count; ++i) {
      if (events[i].token != 0) {
        HELIOSTAT_RETURN_IF_ERROR(go_on(events[i].token));
        continue;
      }
      Result<std::unique_ptr<hal::ByteStream>> stream = listener.Accept();
      HELIOSTAT_RETURN_IF_ERROR(stream.status());
      if (*stream == nullptr) continue;
      Result<std::unique_ptr<hal::SecureChannel>> channel = server.Accept(std::move(stream).value());
      HELIOSTAT_RETURN_IF_ERROR(channel.status());
      connections.emplace(next, std::move(channel).value());
      HELIOSTAT_RETURN_IF_ERROR(go_on(next++));
    }
  }
  return OkStatus();
}

}  // namespace heliostat
