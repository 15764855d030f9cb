// The card's control connections: who is let in, how many, how long, and what each does next. Never waits but in Poll;
// everything on the I/O thread.
//
// Before a peer has shown a certificate it costs little and can't keep others out: connections that have said nothing
// hold a descriptor only; those in a handshake are few; when there is no room the oldest of the addresses that have
// the most gives way to the new one, so that a flood drops its own; who has sent less than a hello goes before who has.
// Who has shown a certificate is never dropped for a stranger.
//
// When all places are taken one who is in gives way to the next: who has been idle for a minute, then who has watched
// for one and is sent nothing just now; to an admin anybody who is none. No user has more than a few places.
//
// Handshakes take turns, a few at a time, behind the
// requests of those who are in; first those of addresses that have the fewest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "control/connection.h"
#include "control/dispatcher.h"
#include "hal/byte_stream.h"
#include "hal/clock.h"
#include "hal/secure_channel.h"

namespace heliostat::control {

struct ServerLimits {
  std::size_t silent = 32;  // connections that have sent nothing yet
  std::size_t handshakes = 64;
  std::size_t handshakes_per_source = 16;
  std::size_t served = 8;
  std::size_t served_per_user = 4;
  unsigned accepts_per_second = 25;  // of one source; what is over is closed at once
  unsigned accept_burst = 100;
  unsigned all_accepts_per_second = 200;
  std::size_t handshake_steps_per_turn = 4;
  std::uint64_t evict_idle_ns = 60'000'000'000;  // a served connection may give way to a new one after that
  std::uint64_t recheck_ns = 60'000'000'000;     // certificates of open connections are looked at again this often
  ConnectionTimes times{};
};

class Server {
 public:
  struct Options {
    hal::Listener* listener = nullptr;
    hal::Poller* poller = nullptr;
    hal::SecureServer* secure = nullptr;
    hal::Clock* clock = nullptr;  // monotonic
    Dispatcher* dispatcher = nullptr;
    AgentCalls* calls = nullptr;
    ServerLimits limits{};
    std::function<void(std::string_view)> log{};
  };
  // Tokens of the poller below this are others' to use.
  static constexpr std::uint64_t kFirstToken = 1024;

  [[nodiscard]] static Result<std::unique_ptr<Server>> Start(Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // One turn: waits at most `timeout_ms`, then serves what has come. For programs that wait for nothing else; others
  // wait themselves: at most TimeoutMs, then OnEvent for every event of ours, then Turn.
  void Poll(int timeout_ms);
  [[nodiscard]] int TimeoutMs(int at_most) const;
  void OnEvent(const hal::Poller::Event& event);
  void Turn();

  // No more connections; answers that are under way go out, then all are closed. Takes at most `limit_ms`.
  void Shutdown(int limit_ms);

  // Closes who is served and would not be let in by the trust of now. Whoever is not served yet is held to it by hello.
  void Recheck();

  struct Counts {
    std::size_t silent = 0;
    std::size_t handshakes = 0;
    std::size_t greeting = 0;  // let in, and have not said hello yet
    std::size_t served = 0;
    std::size_t answered = 0;  // of them, a request is on its way
  };
  [[nodiscard]] Counts counts() const;

 private:
  using Connections = std::map<std::uint64_t, std::unique_ptr<Connection>>;  // by number: the oldest first
  explicit Server(Options options);
  void Accept();
  // Is there still room in what the source, and all together, may make of connections?
  bool MayCome(const std::string& source, std::uint64_t now_ns);
  Status WatchListener();
  void RunServed();
  void RunHandshakes();
  // Room for one more in that state; drops another's where there is none.
  void MakeRoom(const std::string& source, bool handshake);
  void BoundGreetings();
  Status Admit(const Connection& connection);
  [[nodiscard]] std::optional<int> Yields(const Connection& served, const Connection& newcomer) const;
  void Watch(Connection& connection);
  void CheckTimes();
  void Sweep();
  void Log(std::string_view line);
  [[nodiscard]] std::uint64_t Now() const { return options_.clock->MonotonicNs(); }

  Options options_;
  Connection::Options for_connections_;
  Connections connections_;
  std::map<std::uint64_t, std::pair<bool, bool>> watched_;  // what the poller was told: read, write
  std::set<std::uint64_t> ready_handshakes_;
  bool listening_ = false;
  bool closing_ = false;
  std::uint64_t next_number_ = kFirstToken + 1;
  struct Rate {  // of connections: what is left, and when that was so
    double left = 0;
    std::uint64_t at_ns = 0;
  };
  static bool Take(Rate& rate, double burst, double per_second, std::uint64_t now_ns);
  std::map<std::string, Rate> rates_;  // of sources that have come lately
  Rate all_rate_;
  std::uint64_t accept_again_ns_ = 0;  // not before: descriptors have run out
  std::uint64_t recheck_ns_ = 0;
  std::uint64_t log_ns_ = 0;
  unsigned logged_ = 0;    // since log_ns_
  unsigned unlogged_ = 0;  // lines left out
};

}  // namespace heliostat::control
