// The card's program: open the board, load the configuration, run, and account for every copy at the end.
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "agent/agent_thread.h"
#include "base/file.h"
#include "card.h"
#include "codec/codec.h"
#include "codec/reading.h"
#include "config/board.h"

// The board that this image was built for (boards/*/board.textproto), as protobuf.
extern const unsigned char heliostat_board[];
extern const unsigned long heliostat_board_bytes;

namespace heliostat {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{256} << 20U;
constexpr std::size_t kMaxBoardBytes = std::size_t{1} << 20U;
constexpr int kTickMs = 50;
// Reading a file through ends in empty passes; a worker makes millions a second.
constexpr std::uint64_t kIdlePasses = 1'000;

struct Arguments {
  std::string config;
  std::string board;     // empty: the one built in
  std::string readings;  // empty: none
  std::map<std::string, std::string> values;
  std::uint64_t seed = 1;
  bool until_idle = false;
  bool verbose = false;
};

constexpr std::string_view kUsage = R"(usage: heliostat --config FILE [options]

  -c, --config FILE     the configuration, made by `helioctl compile`; read again on SIGHUP and when the file changes
  -s, --set NAME=VALUE  a value for ${NAME} in the board's devices; may be given again
  -b, --board FILE      another board than the one built in, made by `helioctl board`
  -r, --readings FILE   write the counters there at the end and on SIGUSR1; see `helioctl counters`
      --until-idle      stop when every port has been read through (boards on files)
      --seed N          of sampling; default 1
  -v, --verbose         DPDK's own log too
  -V, --version
  -h, --help

SIGINT and SIGTERM stop the card cleanly. Exit status: 0 stopped cleanly, 1 could not run, 2 wrong usage.
)";

void Log(std::string_view line) {
  std::fprintf(stderr, "heliostat: %.*s\n", static_cast<int>(line.size()), line.data());
}

int Fail(const Status& status) {
  Log("error: " + status.ToString());
  return 1;
}

int Usage(const std::string& problem) {
  Log(problem + "; see --help");
  return 2;
}

// Exit status when there is nothing to run.
std::optional<int> Parse(int argc, char** argv, Arguments& arguments) {
  enum : int { kUntilIdle = 256, kSeed };
  static constexpr option kOptions[] = {{"config", required_argument, nullptr, 'c'},
                                        {"set", required_argument, nullptr, 's'},
                                        {"board", required_argument, nullptr, 'b'},
                                        {"readings", required_argument, nullptr, 'r'},
                                        {"until-idle", no_argument, nullptr, kUntilIdle},
                                        {"seed", required_argument, nullptr, kSeed},
                                        {"verbose", no_argument, nullptr, 'v'},
                                        {"version", no_argument, nullptr, 'V'},
                                        {"help", no_argument, nullptr, 'h'},
                                        {nullptr, 0, nullptr, 0}};
  for (int option; (option = getopt_long(argc, argv, ":c:s:b:r:vVh", kOptions, nullptr)) != -1;) {
    switch (option) {
      case 'c': arguments.config = optarg; break;
      case 'b': arguments.board = optarg; break;
      case 'r': arguments.readings = optarg; break;
      case 'v': arguments.verbose = true; break;
      case kUntilIdle: arguments.until_idle = true; break;
      case kSeed: {
        char* end = nullptr;
        errno = 0;
        arguments.seed = std::strtoull(optarg, &end, 0);
        // It takes a sign, and wraps.
        if (*optarg < '0' || *optarg > '9' || *end != '\0' || errno != 0) {
          return Usage(std::string("--seed ") + optarg + " is not a number of 64 bits");
        }
        break;
      }
      case 's': {
        const std::string pair = optarg;
        const auto equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) return Usage("--set takes NAME=VALUE, not " + pair);
        arguments.values[pair.substr(0, equals)] = pair.substr(equals + 1);
        break;
      }
      case 'V': std::puts("heliostat " HELIOSTAT_VERSION); return 0;
      case 'h': std::fwrite(kUsage.data(), 1, kUsage.size(), stdout); return 0;
      case ':': return Usage(std::string(argv[optind - 1]) + " needs a value");
      default: return Usage(std::string("unknown option ") + argv[optind - 1]);
    }
  }
  if (optind != argc) return Usage(std::string("unexpected argument ") + argv[optind]);
  if (arguments.config.empty()) return Usage("--config is missing");
  return std::nullopt;
}

Result<config::Board> LoadBoard(const Arguments& arguments) {
  Result<config::Board> board = Status(Code::kInternal, "board", "not read");
  if (arguments.board.empty()) {
    board = codec::DecodeBoard({heliostat_board, heliostat_board_bytes});
  } else {
    Result<std::string> bytes = ReadFile(arguments.board, kMaxBoardBytes);
    if (!bytes.ok()) return bytes.status();
    board = codec::DecodeBoard({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
    if (!board.ok()) return board.status().Within(arguments.board);
  }
  if (!board.ok()) return board;
  HELIOSTAT_RETURN_IF_ERROR(config::ValidateBoard(*board));
  return board;
}

Result<std::shared_ptr<const config::Config>> LoadConfig(const std::string& path, const config::Limits& limits) {
  Result<std::string> bytes = ReadFile(path, kMaxConfigBytes);
  if (!bytes.ok()) return bytes.status();
  Result<config::Config> config =
      codec::DecodeConfig({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()}, limits);
  if (!config.ok()) return config.status().Within(path);
  return std::make_shared<const config::Config>(std::move(*config));
}

void LogApplied(const agent::Applied& applied) {
  std::size_t active = 0;
  for (const agent::SessionReport& session : applied.sessions) active += session.active ? 1 : 0;
  Log("generation " + std::to_string(applied.generation) + ": " + std::to_string(applied.sessions.size()) +
      " sessions, " + std::to_string(active) + " active");
  for (const agent::SessionReport& session : applied.sessions) {
    if (session.reason.empty()) continue;
    Log("session \"" + session.name + "\" is " + (session.active ? "active in part: " : "inactive: ") + session.reason);
  }
}

// Changes when the file is replaced or rewritten.
struct FileStamp {
  ino_t inode = 0;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  off_t bytes = 0;
  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
FileStamp Stamp(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size};
}

// This thread is the I/O: signals and files. The agent's thread applies; workers carry.
class Program {
 public:
  Program(const Arguments& arguments, const config::Board& board, Card& card)
      : arguments_(arguments), board_(board), card_(card), agent_(card.agent()) {}

  // `config` was read from the file when it had this stamp.
  int Run(int signals, std::shared_ptr<const config::Config> config, const FileStamp& stamp) {
    stamp_ = stamp;
    Result<agent::Applied> applied = agent_.Apply(std::move(config));
    if (!applied.ok()) return Fail(applied.status());
    LogApplied(*applied);
    if (const Status started = card_.Start(); !started.ok()) return Fail(started);
    Log("board " + board_.name + " runs with " + std::to_string(card_.workers()) + " worker(s)");
    while (!Stopped(signals)) {
    }
    card_.Stop();
    return Finish();
  }

 private:
  bool Stopped(int signals) {
    pollfd poll_signals{signals, POLLIN, 0};
    if (poll(&poll_signals, 1, kTickMs) > 0) {
      signalfd_siginfo signal{};
      if (read(signals, &signal, sizeof signal) != sizeof signal) return true;
      if (signal.ssi_signo == SIGINT || signal.ssi_signo == SIGTERM) return true;
      if (signal.ssi_signo == SIGHUP) Reload();
      if (signal.ssi_signo == SIGUSR1) WriteReadings();
    } else if (const FileStamp now = Stamp(arguments_.config); now.inode != 0 && now != stamp_) {
      Reload();
    }
    for (const std::string& remark : card_.Remarks()) Log("warning: " + remark);
    return arguments_.until_idle && card_.Idle(kIdlePasses);
  }

  // What is wrong changes nothing: the running configuration stays.
  void Reload() {
    stamp_ = Stamp(arguments_.config);
    Result<std::shared_ptr<const config::Config>> config = LoadConfig(arguments_.config, board_.limits);
    Result<agent::Applied> applied = config.ok() ? agent_.Apply(*config) : Result<agent::Applied>(config.status());
    if (applied.ok()) {
      LogApplied(*applied);
    } else {
      Log("error: configuration not applied, the running one stays: " + applied.status().ToString());
    }
  }

  bool WriteReadings() {
    const agent::Reading reading = agent_.Read();
    if (arguments_.readings.empty()) return true;
    const Result<std::string> bytes = Encode(reading);
    const Status written = bytes.ok() ? WriteFileAtomically(arguments_.readings, *bytes) : bytes.status();
    if (!written.ok()) Log("error: " + written.ToString());
    return written.ok();
  }

  [[nodiscard]] Result<std::string> Encode(const agent::Reading& reading) const;
  int Finish();

  const Arguments& arguments_;
  const config::Board& board_;
  Card& card_;
  agent::AgentThread agent_;
  FileStamp stamp_;
};

codec::Count ToWire(const datapath::Count& count) { return {count.packets, count.bytes}; }

Result<std::string> Program::Encode(const agent::Reading& reading) const {
  using datapath::Column;
  std::string bytes;
  for (const agent::LedgerLine& line : reading.ledger) {
    codec::LedgerEntry entry;
    entry.session = line.key.session;
    entry.interface = board_.ports[line.key.interface].name;
    entry.outbound = line.key.direction == config::Direction::kOutbound;
    entry.matched = ToWire(line.counts[Column::kMatched]);
    entry.sent = ToWire(line.counts[Column::kSent]);
    entry.sampled_out = ToWire(line.counts[Column::kSampledOut]);
    entry.rate_limited = ToWire(line.counts[Column::kRateLimited]);
    entry.no_buffer = ToWire(line.counts[Column::kNoBuffer]);
    entry.egress_full = ToWire(line.counts[Column::kEgressFull]);
    entry.unresolved = ToWire(line.counts[Column::kUnresolved]);
    entry.target_down = ToWire(line.counts[Column::kTargetDown]);
    entry.too_long = ToWire(line.counts[Column::kTooLong]);
    entry.sent_wire_bytes = line.counts.sent_wire_bytes;
    HELIOSTAT_RETURN_IF_ERROR(codec::AppendReading(entry, &bytes));
  }
  for (std::size_t i = 0; i < reading.ports.size(); ++i) {
    const datapath::PortCounts& counts = reading.ports[i];
    codec::PortCounters port;
    port.interface = board_.ports[i].name;
    port.received = ToWire(counts.received);
    port.forwarded = ToWire(counts.forwarded);
    port.forward_drops = ToWire(counts.forward_drops);
    port.copies = ToWire(counts.copies);
    port.loop_guard_in = ToWire(counts.loop_guard[0]);
    port.loop_guard_out = ToWire(counts.loop_guard[1]);
    port.runt_in = ToWire(counts.runt[0]);
    port.runt_out = ToWire(counts.runt[1]);
    port.forward_too_long = counts.forward_too_long;
    port.receive_missed = counts.receive_missed;
    HELIOSTAT_RETURN_IF_ERROR(codec::AppendReading(port, &bytes));
  }
  return bytes;
}

// The final ledger: a line a session and direction, every drop by its name.
int Program::Finish() {
  const agent::Reading reading = agent_.Read();
  bool balances = true;
  for (const agent::LedgerLine& line : reading.ledger) {
    std::string text = "ledger session=" + line.key.session + " interface=" + board_.ports[line.key.interface].name +
                       (line.key.direction == config::Direction::kInbound ? " inbound" : " outbound");
    for (std::size_t i = 0; i < datapath::kColumns; ++i) {
      const auto column = static_cast<datapath::Column>(i);
      if (i > 1 && line.counts[column].packets == 0) continue;
      text += " " + std::string(datapath::ColumnName(column)) + "=" + std::to_string(line.counts[column].packets);
    }
    balances = balances && line.counts.Balances();
    Log(text);
  }
  for (std::size_t i = 0; i < reading.ports.size(); ++i) {
    const datapath::PortCounts& counts = reading.ports[i];
    Log("port " + board_.ports[i].name + " received=" + std::to_string(counts.received.packets) + " forwarded=" +
        std::to_string(counts.forwarded.packets) + " forward_drops=" + std::to_string(counts.forward_drops.packets) +
        " copies=" + std::to_string(counts.copies.packets) +
        (counts.receive_missed == 0 ? "" : " receive_missed=" + std::to_string(counts.receive_missed)));
  }
  const bool written = WriteReadings();
  Log(balances ? "stopped; the ledger balances" : "stopped; error: the ledger does not balance");
  return balances && written ? 0 : 1;
}

// Blocked before any thread starts, so that all of them leave signals to the signalfd.
int BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (const auto status = Parse(argc, argv, arguments)) return *status;
  const int signals = BlockSignals();
  Result<config::Board> board = LoadBoard(arguments);
  if (!board.ok()) return Fail(board.status());
  // Before the ports: a wrong configuration should not cost the time to open them.
  const FileStamp stamp = Stamp(arguments.config);
  Result<std::shared_ptr<const config::Config>> config = LoadConfig(arguments.config, board->limits);
  if (!config.ok()) return Fail(config.status());
  Result<std::unique_ptr<Card>> card =
      Card::Open({.board = *board, .values = arguments.values, .seed = arguments.seed, .verbose = arguments.verbose});
  if (!card.ok()) return Fail(card.status());
  return Program(arguments, *board, **card).Run(signals, std::move(*config), stamp);
}

}  // namespace
}  // namespace heliostat

int main(int argc, char** argv) { return heliostat::Main(argc, argv); }
