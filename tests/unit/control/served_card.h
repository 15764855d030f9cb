// A card with its control connection, as a client sees it: real sockets on loopback, TLS, provisioner and logs on
// emulated flash, agent on a thread of its own. The server runs on the test's thread: whoever waits lets it turn.
#pragma once

#include <control.pb.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent_thread.h"
#include "control/control_plane.h"
#include "emulated/emulated_flash.h"
#include "linux/connect.h"
#include "linux/epoll_poller.h"
#include "linux/sockets.h"
#include "linux/system_clock.h"
#include "mbedtls/mbedtls_client.h"
#include "mbedtls/mbedtls_server.h"
#include "mbedtls/sha256_digest.h"
#include "support/failing_memory.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"
#include "support/tls_ends.h"

namespace heliostat::control {

// Real time, and moved on by hand.
class PushedClock final : public hal::Clock {
 public:
  std::uint64_t MonotonicNs() override { return system_.MonotonicNs() + pushed_ns; }
  std::uint64_t WallNs() override { return kTestNow * 1'000'000'000 + pushed_ns + stepped_ns; }
  void PassSeconds(std::uint64_t seconds) { pushed_ns += seconds * 1'000'000'000; }
  void StepTo(std::uint64_t later_s) { stepped_ns = later_s * 1'000'000'000; }
  std::atomic<std::uint64_t> pushed_ns{0};
  std::atomic<std::uint64_t> stepped_ns{0};  // of the wall's time alone

 private:
  hal::linux_os::SystemClock system_;
};

class CountedFlash final : public hal::Flash {
 public:
  explicit CountedFlash(const hal::FlashGeometry& geometry) : flash_(geometry) {}
  [[nodiscard]] const hal::FlashGeometry& geometry() const override { return flash_.geometry(); }
  Status Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    ++reads;
    return flash_.Read(offset, out);
  }
  Status Program(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    return flash_.Program(offset, bytes);
  }
  Status Erase(std::uint32_t block) override { return flash_.Erase(block); }
  Status Sync() override { return flash_.Sync(); }

  std::atomic<std::uint64_t> reads{0};
  hal::emulated::EmulatedFlash& emulated() { return flash_; }

 private:
  hal::emulated::EmulatedFlash flash_;
};

class ServedCard {
 public:
  explicit ServedCard(ServerLimits limits = {})
      : flash_({.erase_block_bytes = 4096, .program_bytes = 4, .blocks = 64 + 8 + 160}), card_(support::SmallCard()) {
    stores_ = Must(CardStores::Open(flash_, {.settings = {.first_block = 72, .blocks = 160},
                                             .audit = {.first_block = 64, .blocks = 8},
                                             .generations = {.first_block = 0, .blocks = 64},
                                             .sha256 = hal::mbedtls::Sha256}));
    plane_ = std::make_unique<ControlPlane>(card_.agent(), *stores_, card_clock_);
    EXPECT_EQ(provisioner().Start().ToString(), "ok");
    agent_ = std::make_unique<agent::AgentThread>(card_.agent(), [this] { provisioner().Tick(); });
    const hal::TrustBundle trust = authority_.Card();
    secure_ = Must(hal::mbedtls::OpenServer(trust, &card_clock_));
    listener_ = Must(hal::linux_os::Listen("127.0.0.1:0"));
    poller_ = Must(hal::linux_os::OpenPoller());
    CardView view;
    view.name = "card-1";
    view.interfaces = card_.agent().card().interfaces;
    view.link_up = card_.agent().link_up();
    const Status served = plane_->Serve({.post = [this](AgentCalls::Work work) { agent_->Post(std::move(work)); },
                                         .poller = poller_.get(),
                                         .listener = listener_.get(),
                                         .secure = secure_.get(),
                                         .trust = trust,
                                         .clock = &card_clock_,
                                         .monotonic = &clock_,
                                         .card = std::move(view),
                                         .limits = limits,
                                         .log = {}});
    EXPECT_EQ(served.ToString(), "ok");
  }

  Server& server() { return *plane_->server(); }
  PushedClock& clock() { return clock_; }
  TestAuthority& authority() { return authority_; }
  Provisioner& provisioner() { return plane_->provisioner(); }
  agent::AgentThread& agent() { return *agent_; }
  support::RingCard& ring() { return card_; }
  // Of flash, since the begin.
  [[nodiscard]] std::uint64_t reads() const { return flash_.reads; }
  // A TCP connection and nothing more.
  std::unique_ptr<hal::ByteStream> Connect() {
    return Must(
        hal::linux_os::Connect("127.0.0.1", port(), std::chrono::steady_clock::now() + std::chrono::seconds(20)));
  }
  // The same, from 127.0.0.`host`.
  std::unique_ptr<hal::ByteStream> ConnectFrom(std::uint8_t host) {
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = [](std::uint8_t last, std::uint16_t port) {
      sockaddr_in in{};
      in.sin_family = AF_INET;
      in.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
      in.sin_port = htons(port);
      return in;
    };
    const sockaddr_in from = address(host, 0);
    const sockaddr_in to = address(1, port());
    EXPECT_EQ(bind(descriptor, reinterpret_cast<const sockaddr*>(&from), sizeof from), 0);
    EXPECT_EQ(connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_EQ(fcntl(descriptor, F_SETFL, O_NONBLOCK), 0);
    return hal::linux_os::AdoptSocket(descriptor, "card");
  }
  hal::CertificateClock* clock_of_dates() { return &card_clock_; }
  hal::emulated::EmulatedFlash& flash() { return flash_.emulated(); }
  CardClock& card_clock() { return card_clock_; }
  // The kernel holds little of what is sent to connections from now on.
  void BufferLittle() {
    const int bytes = 4096;
    EXPECT_EQ(setsockopt(listener_->descriptor(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
    EXPECT_EQ(setsockopt(listener_->descriptor(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
  }
  // Until `done`, or some seconds have gone: then false.
  template <typename Done>
  bool Turn(Done done) {
    hal::linux_os::SystemClock real;
    const std::uint64_t late = real.MonotonicNs() + 20'000'000'000;
    const auto is_done = [&done] {
      const support::FailingMemory::Pause pause;
      return done();
    };
    while (!is_done()) {
      if (real.MonotonicNs() > late) return false;
      server().Poll(2);
    }
    return true;
  }
  template <typename T>
  static T Must(Result<T> result) {
    if (!result.ok()) {
      ADD_FAILURE() << result.status().ToString();
      std::abort();
    }
    return std::move(result).value();
  }

 private:
  [[nodiscard]] std::uint16_t port() const {
    const std::string& address = listener_->address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  PushedClock clock_;
  CardClock card_clock_{clock_, 0};
  CountedFlash flash_;
  support::RingCard card_;
  TestAuthority authority_;
  std::unique_ptr<CardStores> stores_;
  std::unique_ptr<hal::SecureServer> secure_;
  std::unique_ptr<hal::Listener> listener_;
  std::unique_ptr<hal::Poller> poller_;
  std::unique_ptr<ControlPlane> plane_;
  std::unique_ptr<agent::AgentThread> agent_;
};

// One client of it.
class TestClient {
 public:
  TestClient(ServedCard& card, const hal::TrustBundle& bundle)
      : card_(card),
        channel_(ServedCard::Must(hal::mbedtls::OpenClient(card.Connect(), bundle, "card-1", card.clock_of_dates()))) {}

  bool ShakeHands() {
    hal::Transfer transfer;
    return card_.Turn([&] {
      transfer = channel_->Handshake();
      return transfer.outcome == hal::Transfer::Outcome::kBytes ||
             transfer.outcome == hal::Transfer::Outcome::kFailed || transfer.outcome == hal::Transfer::Outcome::kClosed;
    }) && transfer.outcome == hal::Transfer::Outcome::kBytes;
  }

  [[nodiscard]] int descriptor() const { return channel_->descriptor(); }
  // As far as it gets without the card's answer.
  void BeginHandshake() { static_cast<void>(channel_->Handshake()); }

  bool Send(std::string bytes) {
    return card_.Turn([&] {
      const hal::Transfer transfer =
          channel_->Write({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      if (transfer.outcome == hal::Transfer::Outcome::kBytes) bytes.erase(0, transfer.bytes);
      return bytes.empty() || transfer.outcome == hal::Transfer::Outcome::kClosed ||
             transfer.outcome == hal::Transfer::Outcome::kFailed;
    }) && bytes.empty();
  }
  bool Send(const v1::Request& request) { return Send(FrameOf(request)); }
  // The same, but the card does not turn: it has yet to read it.
  bool Leave(const v1::Request& request) {
    const std::string bytes = FrameOf(request);
    const hal::Transfer transfer = channel_->Write({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    return transfer.outcome == hal::Transfer::Outcome::kBytes && transfer.bytes == bytes.size();
  }

  // What has come, at most that much, and is not looked at.
  std::size_t Drip(std::size_t bytes) {
    std::vector<std::uint8_t> part(bytes);
    std::size_t all = 0;
    while (all < bytes) {
      const hal::Transfer transfer = channel_->Read({part.data(), bytes - all});
      if (transfer.outcome != hal::Transfer::Outcome::kBytes) break;
      all += transfer.bytes;
    }
    return all;
  }
  void BufferLittle() {
    const int bytes = 4096;
    EXPECT_EQ(setsockopt(channel_->descriptor(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
  }
  // Without a word, and at once.
  void BreakOff() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    EXPECT_EQ(setsockopt(channel_->descriptor(), SOL_SOCKET, SO_LINGER, &none, sizeof none), 0);
    channel_.reset();
  }

  // Nothing: the card has closed the connection.
  std::optional<v1::Response> Receive() {
    std::optional<v1::Response> response;
    card_.Turn([&] {
      std::uint8_t part[4096];
      const hal::Transfer transfer = channel_->Read(part);
      if (transfer.outcome == hal::Transfer::Outcome::kBytes) received_.append(part, part + transfer.bytes);
      closed_ = closed_ || transfer.outcome == hal::Transfer::Outcome::kClosed ||
                transfer.outcome == hal::Transfer::Outcome::kFailed;
      response = TakeFrame();
      return response.has_value() || closed_;
    });
    return response;
  }
  std::optional<v1::Response> Call(v1::Request request) {
    request.set_id(++id_);
    if (!Send(request)) return std::nullopt;
    return Receive();
  }
  std::optional<v1::Response> Hello() {
    v1::Request request;
    request.mutable_hello()->set_oldest_version(1);
    request.mutable_hello()->set_newest_version(1);
    return Call(request);
  }
  // Hand shaken, hello said.
  bool In() {
    if (!ShakeHands()) return false;
    const std::optional<v1::Response> welcome = Hello();
    return welcome && welcome->has_welcome();
  }
  // The card has nothing more to say and hangs up.
  bool Closed() { return !Receive().has_value() && closed_; }

 private:
  static std::string FrameOf(const v1::Request& request) {
    const std::string body = request.SerializeAsString();
    std::string bytes;
    for (unsigned shift = 32; shift != 0; shift -= 8) bytes.push_back(static_cast<char>(body.size() >> (shift - 8)));
    return bytes + body;
  }
  std::optional<v1::Response> TakeFrame() {
    if (received_.size() < 4) return std::nullopt;
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8U | static_cast<std::uint8_t>(received_[i]);
    if (received_.size() < 4 + length) return std::nullopt;
    v1::Response response;
    EXPECT_TRUE(response.ParseFromString(received_.substr(4, length)));
    received_.erase(0, 4 + length);
    return response;
  }

  ServedCard& card_;
  std::unique_ptr<hal::SecureChannel> channel_;
  std::string received_;
  std::uint64_t id_ = 0;
  bool closed_ = false;
};

}  // namespace heliostat::control
