// The card's program: open the board, load the configuration, run, and account for every copy at the end.
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "account.h"
#include "agent/agent_thread.h"
#include "arguments.h"
#include "base/file.h"
#include "card.h"
#include "card_control.h"
#include "codec/codec.h"
#include "config/board.h"
#include "config_file.h"
#include "linux/epoll_poller.h"
#include "log.h"

// The board that this image was built for (boards/*/board.textproto), as protobuf.
extern const unsigned char heliostat_board[];
extern const unsigned long heliostat_board_bytes;  // NOLINT(google-runtime-int): as the generated file has it

namespace heliostat {
namespace {

constexpr std::size_t kMaxBoardBytes = std::size_t{1} << 20U;
constexpr int kTickMs = 50;  // the configuration's file, idle ports and remarks are looked at this often
// A capture file has been read through when so many passes were empty; a worker makes millions a second.
constexpr std::uint64_t kIdlePasses = 1'000;
constexpr std::uint64_t kSignals = 1;  // the poller's token
static_assert(kSignals < control::Server::kFirstToken);

int Fail(const Status& status) {
  Log("error: " + status.ToString());
  return 1;
}

Result<config::Board> LoadBoard(const Arguments& arguments) {
  Result<config::Board> board = Status(Code::kInternal, "board", "not read");
  if (arguments.board.empty()) {
    board = codec::DecodeBoard({heliostat_board, heliostat_board_bytes});
  } else {
    Result<std::string> bytes = ReadFile(arguments.board, kMaxBoardBytes);
    if (!bytes.ok()) return bytes.status();
    board = codec::DecodeBoard({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
    if (!board.ok()) {
      return NotDecoded(board.status(), arguments.board, *bytes, "board -f FILE -o BOARD.bin");
    }
  }
  if (!board.ok()) return board;
  HELIOSTAT_RETURN_IF_ERROR(config::ValidateBoard(*board));
  return board;
}

void LogApplied(std::uint64_t generation, const std::vector<agent::SessionReport>& sessions) {
  const auto active = std::count_if(sessions.begin(), sessions.end(), [](const auto& s) { return s.active; });
  Log("generation " + std::to_string(generation) + ": " + std::to_string(sessions.size()) + " sessions, " +
      std::to_string(active) + " active");
  for (const agent::SessionReport& session : sessions) {
    if (session.reason.empty()) continue;
    Log("session \"" + session.name + "\" is " + (session.active ? "active in part: " : "inactive: ") + session.reason);
  }
}

// This thread is the I/O: signals, files and the control connection. The agent's thread applies; workers carry.
class Program {
 public:
  // The configuration comes from `file` or `control`; the other is null.
  Program(const Arguments& arguments, const config::Board& board, hal::Poller& poller, ConfigFile* file,
          CardControl* control, Card& card)
      : arguments_(arguments),
        board_(board),
        poller_(poller),
        file_(file),
        control_(control),
        card_(card),
        agent_(
            card.agent(), control == nullptr ? agent::AgentThread::TickFunction() : [control] { control->Tick(); }) {}

  // `config` is the file's.
  int Run(int signals, std::shared_ptr<const config::Config> config) {
    signals_ = signals;
    if (const Status started = Start(std::move(config)); !started.ok()) return Fail(started);
    while (!Turn()) {
    }
    if (control_ != nullptr) control_->Shutdown();
    card_.Stop();
    return Finish();
  }

 private:
  Status Start(std::shared_ptr<const config::Config> config) {
    HELIOSTAT_RETURN_IF_ERROR(poller_.Set(signals_, kSignals, true, false));
    if (control_ != nullptr) {
      agent_.Do([this] { control_->StartProvisioner(); });
      LogNews();
    } else {
      Result<agent::Applied> applied = agent_.Apply(std::move(config));
      if (!applied.ok()) return applied.status();
      LogApplied(applied->generation, applied->sessions);
    }
    HELIOSTAT_RETURN_IF_ERROR(card_.Start());
    Log("board " + board_.name + " runs with " + std::to_string(card_.workers()) + " worker(s)");
    return control_ != nullptr ? control_->Serve(agent_, card_, poller_) : OkStatus();
  }

  // Returns true when the program is to end.
  bool Turn() {
    control::Server* server = control_ != nullptr ? control_->server() : nullptr;
    std::array<hal::Poller::Event, 64> events;
    const std::size_t count = poller_.Wait(events, server != nullptr ? server->TimeoutMs(kTickMs) : kTickMs);
    bool stop = false;
    for (std::size_t i = 0; i < count; ++i) {
      if (events[i].token == kSignals) {
        stop = TakeSignal() || stop;
      } else if (server != nullptr) {
        server->OnEvent(events[i]);
      }
    }
    if (server != nullptr) server->Turn();
    LookAround();
    return stop || (arguments_.until_idle && card_.Idle(kIdlePasses));
  }

  bool TakeSignal() {
    signalfd_siginfo signal{};
    if (read(signals_, &signal, sizeof signal) != sizeof signal) return true;
    if (signal.ssi_signo == SIGINT || signal.ssi_signo == SIGTERM) return true;
    if (signal.ssi_signo == SIGHUP && file_ != nullptr) Reload();
    if (signal.ssi_signo == SIGUSR1) WriteReadings();
    return false;
  }

  void LookAround() {
    if (file_ != nullptr && file_->Changed()) Reload();
    LogNews();
    for (const std::string& remark : card_.Remarks()) {
      Log("warning: " + remark);
      if (control_ != nullptr) control_->Remember(remark);
    }
  }

  void LogNews() {
    const auto news = control_ != nullptr ? control_->News() : nullptr;
    if (news != nullptr) LogApplied(news->generation, news->sessions);
  }

  // A wrong file changes nothing: the running configuration stays.
  void Reload() {
    Result<std::shared_ptr<const config::Config>> config = file_->Read();
    Result<agent::Applied> applied = config.ok() ? agent_.Apply(*config) : Result<agent::Applied>(config.status());
    if (applied.ok()) {
      LogApplied(applied->generation, applied->sessions);
    } else {
      Log("error: configuration not applied, the running one stays: " + applied.status().ToString());
    }
  }

  bool WriteReadings() {
    const agent::Reading reading = agent_.Read();
    if (arguments_.readings.empty()) return true;
    const Result<std::string> bytes = EncodeReading(reading, board_);
    const Status written = bytes.ok() ? WriteFileAtomically(arguments_.readings, *bytes) : bytes.status();
    if (!written.ok()) Log("error: " + written.ToString());
    return written.ok();
  }

  int Finish() {
    const bool balances = LogReading(agent_.Read(), board_);
    const bool written = WriteReadings();
    Log(balances ? "stopped; the ledger balances" : "stopped; error: the ledger does not balance");
    return balances && written ? 0 : 1;
  }

  const Arguments& arguments_;
  const config::Board& board_;
  hal::Poller& poller_;
  ConfigFile* file_;
  CardControl* control_;
  Card& card_;
  int signals_ = -1;
  agent::AgentThread agent_;  // the last member, so that it ends before what it works on
};

// Signals are blocked before any thread starts, so that all threads leave them to the signalfd. SIGPIPE is ignored: a
// peer that hangs up shows in the result of a write.
int BlockSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (const auto status = ParseArguments(argc, argv, arguments)) return *status;
  const int signals = BlockSignals();
  Result<config::Board> board = LoadBoard(arguments);
  if (!board.ok()) return Fail(board.status());
  Result<std::unique_ptr<hal::Poller>> poller = hal::linux_os::OpenPoller();
  if (!poller.ok()) return Fail(poller.status());
  // These come before the ports: a wrong configuration or state should not cost the time to open them.
  ConfigFile file(arguments.config, board->limits);
  std::shared_ptr<const config::Config> config;
  std::unique_ptr<CardControl> control;
  if (arguments.state.empty()) {
    Result<std::shared_ptr<const config::Config>> read = file.Read();
    if (!read.ok()) return Fail(read.status());
    config = std::move(*read);
  } else {
    Result<std::unique_ptr<CardControl>> opened = CardControl::Open(arguments, *board);
    if (!opened.ok()) return Fail(opened.status());
    control = std::move(*opened);
  }
  Result<std::unique_ptr<Card>> card =
      Card::Open({.board = *board, .values = arguments.values, .seed = arguments.seed, .verbose = arguments.verbose});
  if (!card.ok()) return Fail(card.status());
  if (control != nullptr) control->Provision((*card)->agent());
  return Program(arguments, *board, **poller, control == nullptr ? &file : nullptr, control.get(), **card)
      .Run(signals, std::move(config));
}

}  // namespace
}  // namespace heliostat

int main(int argc, char** argv) { return heliostat::Main(argc, argv); }
