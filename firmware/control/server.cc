#include "control/server.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/out_of_memory.h"
#include "config/check.h"

namespace heliostat::control {
namespace {

using Phase = Connection::Phase;

constexpr std::uint64_t kMsNs = 1'000'000;
constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::size_t kEventsPerTurn = 64;
constexpr unsigned kAcceptsPerTurn = 64;
constexpr std::size_t kMaxRates = 1'024;
// What strangers do must not fill a log.
constexpr unsigned kLinesPerPeriod = 10;
constexpr std::uint64_t kPeriodNs = 10 * kSecondNs;

// No ClientHello is shorter: whoever has sent less has cost us nothing, and is the first to go.
constexpr std::uint64_t kLeastHelloBytes = 64;

// Parts of a line come from the peer.
std::string Clean(std::string_view line) {
  std::string clean(line);
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, '?');
  return clean;
}

}  // namespace

Server::Server(Options options) : options_(std::move(options)) {
  for_connections_.secure = options_.secure;
  for_connections_.dispatcher = options_.dispatcher;
  for_connections_.times = options_.limits.times;
  for_connections_.admit = [this](const Connection& connection) { return Admit(connection); };
  for_connections_.log = [this](std::string_view line) { Log(line); };
  if (options_.log) for_connections_.announce = [this](std::string_view line) { options_.log(Clean(line)); };
  all_rate_ = {static_cast<double>(options_.limits.all_accepts_per_second), Now()};
  recheck_ns_ = Now() + options_.limits.recheck_ns;
}

Result<std::unique_ptr<Server>> Server::Start(Options options) {
  std::unique_ptr<Server> server(new Server(std::move(options)));
  HELIOSTAT_RETURN_IF_ERROR(server->WatchListener());
  server->options_.dispatcher->set_connections(
      [raw = server.get()] { return static_cast<std::uint32_t>(raw->counts().served); });
  return server;
}

Server::~Server() {
  options_.dispatcher->set_connections(nullptr);
  for (const auto& [number, connection] : connections_) options_.poller->Remove(connection->descriptor());
  if (listening_) options_.poller->Remove(options_.listener->descriptor());
}

Status Server::WatchListener() {
  const bool listen = !closing_ && Now() >= accept_again_ns_;
  if (listen == listening_) return {};
  if (listen) {
    HELIOSTAT_RETURN_IF_ERROR(options_.poller->Set(options_.listener->descriptor(), kFirstToken, true, false));
  } else {
    options_.poller->Remove(options_.listener->descriptor());
  }
  listening_ = listen;
  return {};
}

void Server::Log(std::string_view line) {
  if (!options_.log) return;
  if (Now() - log_ns_ >= kPeriodNs) {
    if (unlogged_ != 0) options_.log(std::to_string(unlogged_) + " more lines about connections");
    log_ns_ = Now();
    logged_ = unlogged_ = 0;
  }
  if (logged_ == kLinesPerPeriod) {
    ++unlogged_;
    return;
  }
  ++logged_;
  options_.log(Clean(line));
}

// --- A turn ---

int Server::TimeoutMs(int at_most) const {
  const std::uint64_t now_ns = Now();
  std::uint64_t due = options_.dispatcher->due_ns();
  if (!ready_handshakes_.empty()) return 0;
  due = std::min(due, recheck_ns_);
  if (!listening_ && !closing_) due = std::min(due, accept_again_ns_);
  for (const auto& [number, connection] : connections_) {
    if (connection->unfinished()) return 0;
    due = std::min(due, connection->due_ns());
  }
  if (due <= now_ns) return 0;
  const std::uint64_t ms = (due - now_ns + kMsNs - 1) / kMsNs;
  return at_most >= 0 && ms > static_cast<std::uint64_t>(at_most)
             ? at_most
             : static_cast<int>(std::min<std::uint64_t>(ms, 60'000));
}

void Server::Poll(int timeout_ms) {
  std::array<hal::Poller::Event, kEventsPerTurn> events;
  const std::size_t count = options_.poller->Wait(events, TimeoutMs(timeout_ms));
  for (std::size_t i = 0; i < count; ++i) OnEvent(events[i]);
  Turn();
}

void Server::OnEvent(const hal::Poller::Event& event) {
  if (event.token == kFirstToken) {
    LeaveOutOfMemory([this] { Accept(); });
    return;
  }
  const auto found = connections_.find(event.token);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  // Whoever waits for nothing would not notice, and the poller would say so for ever.
  if (event.broken && !connection.wants_read() && !connection.wants_write()) {
    return connection.Drop("the peer broke the connection off");
  }
  // Those who are served are all looked at in Turn.
  if (connection.half_open()) {
    LeaveOutOfMemory([&] { ready_handshakes_.insert(event.token); });
  }
}

// It must end without memory too: what was not done is done at the next one.
void Server::Turn() {
  options_.calls->Drain();
  const std::uint64_t now_ns = Now();
  RunServed();
  LeaveOutOfMemory([this] { RunHandshakes(); });
  LeaveOutOfMemory([&] { options_.dispatcher->Tick(now_ns); });
  if (now_ns >= recheck_ns_) Recheck();
  CheckTimes();
  Sweep();
  for (const auto& [number, connection] : connections_) LeaveOutOfMemory([&, c = connection.get()] { Watch(*c); });
  LeaveOutOfMemory([this] { static_cast<void>(WatchListener()); });
}

void Server::RunServed() {
  const std::uint64_t now_ns = Now();
  for (const auto& [number, connection] : connections_) {
    if (connection->half_open()) continue;
    const Status run = CatchOutOfMemory([&, c = connection.get()] { c->Run(now_ns); });
    if (!run.ok()) connection->Drop("memory has run out");
  }
}

void Server::RunHandshakes() {
  std::map<std::string, std::size_t> of_source;
  for (const auto& [number, connection] : connections_) {
    if (connection->half_open()) ++of_source[connection->source()];
  }
  std::vector<Connection*> ready;
  for (const std::uint64_t number : ready_handshakes_) {
    const auto found = connections_.find(number);
    if (found != connections_.end() && found->second->half_open()) ready.push_back(found->second.get());
  }
  // Who has come further first: a first flight is cheap to send, the next ones are not.
  std::stable_sort(ready.begin(), ready.end(), [&](const Connection* a, const Connection* b) {
    const std::size_t of_a = of_source[a->source()];
    const std::size_t of_b = of_source[b->source()];
    return of_a != of_b ? of_a < of_b : a->phase() > b->phase();
  });
  ready_handshakes_.clear();
  for (std::size_t i = 0; i < ready.size(); ++i) {
    if (ready[i]->phase() == Phase::kGone) continue;  // gave way to one before
    if (i >= options_.limits.handshake_steps_per_turn) {
      ready_handshakes_.insert(ready[i]->number());
      continue;
    }
    if (ready[i]->phase() == Phase::kSilent) MakeRoom(ready[i]->source(), true);
    const Status run = CatchOutOfMemory([&] { ready[i]->Run(Now()); });
    if (!run.ok()) ready[i]->Drop("memory has run out");
    if (ready[i]->half_open() && ready[i]->unfinished()) ready_handshakes_.insert(ready[i]->number());
  }
  BoundGreetings();
}

void Server::CheckTimes() {
  const std::uint64_t now_ns = Now();
  for (const auto& [number, connection] : connections_) connection->CheckTime(now_ns);
}

void Server::Sweep() {
  for (auto at = connections_.begin(); at != connections_.end();) {
    if (at->second->phase() != Phase::kGone) {
      ++at;
      continue;
    }
    options_.poller->Remove(at->second->descriptor());
    watched_.erase(at->first);
    ready_handshakes_.erase(at->first);
    at = connections_.erase(at);
  }
}

void Server::Watch(Connection& connection) {
  const std::pair wanted(connection.wants_read(), connection.wants_write());
  const auto known = watched_.find(connection.number());
  if (known != watched_.end() && known->second == wanted) return;
  const Status set = options_.poller->Set(connection.descriptor(), connection.number(), wanted.first, wanted.second);
  if (set.ok()) {
    watched_[connection.number()] = wanted;
  } else {
    connection.Drop(set.ToString());
  }
}

// --- Who is let in ---

bool Server::Take(Rate& rate, double burst, double per_second, std::uint64_t now_ns) {
  rate.left = std::min(burst, rate.left + static_cast<double>(now_ns - rate.at_ns) / 1e9 * per_second);
  rate.at_ns = now_ns;
  if (rate.left < 1) return false;
  rate.left -= 1;
  return true;
}

// A source that makes too many takes nothing of what all may make together: it keeps nobody else out.
bool Server::MayCome(const std::string& source, std::uint64_t now_ns) {
  const ServerLimits& limits = options_.limits;
  if (rates_.size() >= kMaxRates && !rates_.contains(source)) {
    const std::uint64_t full_ns = limits.accept_burst * kSecondNs / std::max(limits.accepts_per_second, 1U);
    std::erase_if(rates_, [&](const auto& entry) { return now_ns - entry.second.at_ns >= full_ns; });
    if (rates_.size() >= kMaxRates) rates_.clear();
  }
  Rate& rate = rates_.try_emplace(source, Rate{static_cast<double>(limits.accept_burst), now_ns}).first->second;
  return Take(rate, limits.accept_burst, limits.accepts_per_second, now_ns) &&
         Take(all_rate_, limits.all_accepts_per_second, limits.all_accepts_per_second, now_ns);
}

void Server::Accept() {
  for (unsigned i = 0; i < kAcceptsPerTurn && !closing_; ++i) {
    Result<std::unique_ptr<hal::ByteStream>> stream = options_.listener->Accept();
    if (!stream.ok()) {
      Log(stream.status().ToString());
      // The oldest that has shown nothing makes room.
      MakeRoom("", false);
      accept_again_ns_ = Now() + 100 * kMsNs;
      return;
    }
    if (*stream == nullptr) return;
    // Closed at once: the others wait behind it.
    if (!MayCome(SourceOf((*stream)->peer_address()), Now())) {
      Log((*stream)->peer_address() + ": too many connections");
      continue;
    }
    const std::uint64_t number = next_number_++;
    auto connection = std::make_unique<Connection>(number, std::move(*stream), for_connections_, Now());
    MakeRoom(connection->source(), false);
    connections_.emplace(number, std::move(connection));
  }
}

void Server::MakeRoom(const std::string& source, bool handshake) {
  const ServerLimits& limits = options_.limits;
  std::map<std::string, std::size_t> of_source;
  std::size_t total = 0;
  const auto counts = [&](const Connection& connection) {
    return connection.phase() == (handshake ? Phase::kHandshake : Phase::kSilent);
  };
  for (const auto& [number, connection] : connections_) {
    if (!counts(*connection)) continue;
    ++total;
    ++of_source[connection->source()];
  }
  const bool own = handshake && of_source[source] >= limits.handshakes_per_source;
  const bool full = total >= (handshake ? limits.handshakes : limits.silent) || source.empty();
  if (!own && !full) return;
  std::size_t most = 0;
  for (const auto& [other, count] : of_source) most = std::max(most, count);
  Connection* leaves = nullptr;
  const auto said_little = [](const Connection& connection) { return connection.heard_bytes() < kLeastHelloBytes; };
  for (const auto& [number, connection] : connections_) {
    if (!counts(*connection)) continue;
    if (own ? connection->source() != source : of_source[connection->source()] != most) continue;
    // The oldest of them all; but who has not even said hello goes before who has.
    if (leaves == nullptr || (!said_little(*leaves) && said_little(*connection))) leaves = connection.get();
  }
  if (leaves != nullptr) leaves->Drop("gave way to a newer connection");
}

// Those who have shown a certificate and said nothing yet are no strangers, but must not pile up either.
void Server::BoundGreetings() {
  std::size_t greeting = counts().greeting;
  for (auto at = connections_.begin(); greeting > options_.limits.served && at != connections_.end(); ++at) {
    if (at->second->phase() != Phase::kHello) continue;
    at->second->Drop("gave way to a newer connection");
    --greeting;
  }
}

Status Server::Admit(const Connection& connection) {
  const std::string& user = connection.identity().user;
  std::size_t served = 0;
  std::size_t of_user = 0;
  for (const auto& [number, other] : connections_) {
    if (other->phase() != Phase::kServing || other.get() == &connection) continue;
    ++served;
    if (other->identity().user == user) ++of_user;
  }
  const bool too_many = of_user >= options_.limits.served_per_user;
  if (served < options_.limits.served && !too_many) return {};
  Connection* leaves = nullptr;
  std::pair<int, std::uint64_t> least;  // how readily, idle since
  for (const auto& [number, other] : connections_) {
    if (other->phase() != Phase::kServing || other.get() == &connection) continue;
    if (too_many && other->identity().user != user) continue;
    const std::optional<int> yields = Yields(*other, connection);
    // Nobody ends an own watch by one connection more.
    if (!yields || (too_many && *yields != 0)) continue;
    const std::pair now(*yields, other->idle_since_ns());
    if (leaves != nullptr && now >= least) continue;
    leaves = other.get();
    least = now;
  }
  if (leaves != nullptr) {
    Log(leaves->peer_address() + ": " + leaves->identity().user + " gave way to " + user);
    leaves->Close(Now());
    return {};
  }
  if (too_many) {
    return {Code::kResourceExhausted, "connections",
            config::Named("user", user) + " has " + std::to_string(of_user) + " open, the most that one may have",
            "close another of them, or try again later"};
  }
  return {Code::kResourceExhausted, "connections",
          "the card serves " + std::to_string(options_.limits.served) + " at a time, and all of them are in use",
          "close another, or try again later"};
}

// How readily it does, 0 first; nothing: not at all.
std::optional<int> Server::Yields(const Connection& served, const Connection& newcomer) const {
  const bool admin = served.identity().role == codec::Role::kAdmin;
  const bool for_admin = newcomer.identity().role == codec::Role::kAdmin;
  const bool edits = options_.dispatcher->Edits(served.number());
  const bool waits = !edits && (!served.busy() || (served.watching() && !served.sending()));
  if (waits && Now() >= served.idle_since_ns() + options_.limits.evict_idle_ns) {
    if (!served.watching()) return 0;
    if (!admin || for_admin) return 1;
  }
  if (admin || !for_admin) return std::nullopt;
  if (waits) return 2;
  return edits ? 4 : 3;
}

void Server::Recheck() {
  const std::uint64_t now_ns = Now();
  recheck_ns_ = now_ns + options_.limits.recheck_ns;
  for (const auto& [number, connection] : connections_) {
    if (connection->phase() != Phase::kServing) continue;
    const Status rechecked = CatchOutOfMemory([&, c = connection.get()] {
      const Status accepted = options_.secure->Recheck(*c->channel());
      if (accepted.ok()) return;
      Log(c->peer_address() + ": " + accepted.ToString());
      c->CloseWhenAnswered(now_ns);
    });
    if (!rechecked.ok()) connection->Drop("memory has run out");
  }
}

Server::Counts Server::counts() const {
  Counts counts;
  for (const auto& [number, connection] : connections_) {
    if (connection->phase() == Phase::kSilent) ++counts.silent;
    if (connection->phase() == Phase::kHandshake) ++counts.handshakes;
    if (connection->phase() == Phase::kHello) ++counts.greeting;
    if (connection->phase() == Phase::kServing) ++counts.served;
    if (connection->phase() == Phase::kServing && connection->busy()) ++counts.answered;
  }
  return counts;
}

void Server::Shutdown(int limit_ms) {
  closing_ = true;
  static_cast<void>(WatchListener());
  const std::uint64_t end_ns = Now() + static_cast<std::uint64_t>(limit_ms) * kMsNs;
  const auto answering = [&] {
    return std::any_of(connections_.begin(), connections_.end(), [](const auto& entry) {
      return entry.second->phase() == Phase::kServing && entry.second->busy() && !entry.second->watching();
    });
  };
  while (answering() && Now() < end_ns) Poll(20);
  for (const auto& [number, connection] : connections_) connection->Close(Now());
  Sweep();
}

}  // namespace heliostat::control
