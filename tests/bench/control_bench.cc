// What it takes to push a configuration: the reference configuration, and one rule among 10,000. The card's side - TLS,
// codec, provisioner, record log on a file, agent - is the real one in a process of its own, whose peak memory is
// measured; only its ports carry nothing, since 1,024 of them are wanted. README.md says how to read it.
#include <control.pb.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "agent/agent_thread.h"
#include "codec/change.h"
#include "control/control_plane.h"
#include "helioctl/card/card_client.h"
#include "helioctl/run.h"
#include "linux/epoll_poller.h"
#include "linux/file_flash.h"
#include "linux/process_memory.h"
#include "linux/sockets.h"
#include "linux/system_clock.h"
#include "mbedtls/mbedtls_server.h"
#include "mbedtls/sha256_digest.h"

namespace heliostat::bench {
namespace {

using Seconds = std::chrono::duration<double>;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kInterfaces = 1'024;
constexpr std::size_t kSessions = 10'000;
constexpr std::size_t kTargets = 10'000;
constexpr std::size_t kFilters = 1'000;
constexpr std::size_t kRulesAFilter = 20;
constexpr std::size_t kLongFilter = 10'000;  // rules
constexpr std::size_t kClients = 8;
constexpr std::size_t kFrameBytes = 48 * 1024;

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "bench_control: %s\n", why.c_str());
  std::exit(1);
}
void Check(const Status& status) {
  if (!status.ok()) Fail(status.ToString());
}
template <typename T>
T Take(Result<T> result) {
  if (!result.ok()) Fail(result.status().ToString());
  return std::move(result).value();
}

// --- The configurations ---------------------------------------------------------------------------------------------

std::string Numbered(const char* kind, std::size_t i) {
  char name[32];
  std::snprintf(name, sizeof name, "%s-%05zu", kind, i);  // sorted as they are counted
  return name;
}

IpAddress Address(std::uint32_t host) {
  const std::uint32_t value = 0x0a000000U + host;
  return *IpAddress::Parse(std::to_string(value >> 24U) + "." + std::to_string(value >> 16U & 0xffU) + "." +
                           std::to_string(value >> 8U & 0xffU) + "." + std::to_string(value & 0xffU));
}

config::Rule MakeRule(std::size_t i) {
  config::Rule rule;
  rule.number = static_cast<std::uint16_t>(i + 1);
  rule.action = i % 10 == 9 ? config::Action::kReject : config::Action::kAccept;
  rule.protocol = i % 2 == 0 ? std::uint8_t{6} : std::uint8_t{17};
  rule.destination = IpPrefix{Address(0x100000U + static_cast<std::uint32_t>(i) * 256U), 24};
  const auto port = static_cast<std::uint16_t>(1'000 + i % 50'000);
  rule.destination_ports = config::PortRange{port, port};
  return rule;
}

config::Config WithUnderlay() {
  config::Config config;
  config::Underlay underlay;
  underlay.interface = "edge";
  underlay.addresses = {IpPrefix{Address(1), 24}};
  underlay.gateways = {Address(254)};
  underlay.neighbours = {{Address(254), MacAddress{{2, 0, 0, 0, 9, 9}}}};
  config.underlays.push_back(underlay);
  return config;
}

// 10,000 sessions, 10,000 targets, 1,000 filters of 20 rules, over 1,024 interfaces. `variant` changes all of it.
config::Config ReferenceConfiguration(unsigned variant) {
  config::Config config = WithUnderlay();
  const std::string description = "variant " + std::to_string(variant);
  for (std::size_t i = 0; i < kTargets; ++i) {
    config::Target target;
    target.metadata.name = Numbered("target", i);
    target.metadata.description = description;
    target.remote = Address(0x800000U + static_cast<std::uint32_t>(i));
    config.targets.push_back(target);
  }
  for (std::size_t i = 0; i < kFilters; ++i) {
    config::Filter filter;
    filter.metadata.name = Numbered("filter", i);
    filter.metadata.description = description;
    for (std::size_t rule = 0; rule < kRulesAFilter; ++rule) {
      filter.inbound.push_back(MakeRule(i * kRulesAFilter + rule));
      filter.inbound.back().number = static_cast<std::uint16_t>(rule + 1 + variant);
    }
    config.filters.push_back(filter);
  }
  for (std::size_t i = 0; i < kSessions; ++i) {
    config::Session session;
    session.metadata.name = Numbered("session", i);
    session.metadata.description = description;
    session.number = static_cast<std::uint16_t>(1 + i / (kInterfaces - 1));
    session.sources = {Numbered("guest", i % (kInterfaces - 1))};
    session.filter = Numbered("filter", i % kFilters);
    session.target = Numbered("target", i);
    session.tunnel_id = static_cast<std::uint32_t>(i + 1);
    config.sessions.push_back(session);
  }
  return config;
}

config::Config LongFilterConfiguration() {
  config::Config config = WithUnderlay();
  config::Target target;
  target.metadata.name = "target";
  target.remote = Address(2);
  config.targets.push_back(target);
  config::Filter filter;
  filter.metadata.name = "long";
  for (std::size_t i = 0; i < kLongFilter; ++i) filter.inbound.push_back(MakeRule(i));
  config.filters.push_back(filter);
  config::Session session;
  session.metadata.name = "session";
  session.number = 1;
  session.sources = {Numbered("guest", 0)};
  session.filter = "long";
  session.target = "target";
  session.tunnel_id = 1;
  config.sessions.push_back(session);
  return config;
}

// --- The card -------------------------------------------------------------------------------------------------------

class SilentPort final : public hal::Port {
 public:
  explicit SilentPort(const std::string& name) {
    info_.name = name;
    info_.driver = "silent";
    info_.multi_segment_send = true;
  }
  std::uint16_t Receive(std::uint16_t, rte_mbuf**, std::uint16_t) override { return 0; }
  std::uint16_t Send(std::uint16_t, rte_mbuf**, std::uint16_t) override { return 0; }
  bool LinkUp() override { return true; }
  std::uint64_t ReceiveMissed() override { return 0; }
};

class Card {
 public:
  explicit Card(const std::string& folder) {
    constexpr std::uint32_t kBlock = 64 * 1024;
    constexpr std::uint32_t kSettings = 16;
    constexpr std::uint32_t kAudit = 32;
    constexpr std::uint32_t kGenerations = 512;
    flash_ = Take(hal::linux_os::FileFlash::Open(
        folder + "/flash",
        {.erase_block_bytes = kBlock, .program_bytes = 256, .blocks = kSettings + kAudit + kGenerations}));
    stores_ = Take(
        control::CardStores::Open(*flash_, {.settings = {.first_block = 0, .blocks = kSettings},
                                            .audit = {.first_block = kSettings, .blocks = kAudit},
                                            .generations = {.first_block = kSettings + kAudit, .blocks = kGenerations},
                                            .sha256 = hal::mbedtls::Sha256}));
    MakeAgent();
    plane_ = std::make_unique<control::ControlPlane>(*agent_, *stores_, clock_);
    thread_ = std::make_unique<agent::AgentThread>(*agent_, [this] { plane_->provisioner().Tick(); });
    thread_->Do([this] { Check(plane_->provisioner().Start()); });
    Listen(folder);
  }

  [[nodiscard]] const std::string& address() const { return listener_->address(); }
  [[noreturn]] void Serve() {
    for (;;) plane_->server()->Poll(1'000);
  }

 private:
  void MakeAgent() {
    agent::AgentOptions options;
    for (std::size_t i = 0; i < kInterfaces; ++i) {
      const bool edge = i == kInterfaces - 1;
      config::Interface interface;
      interface.name = edge ? "edge" : Numbered("guest", i);
      interface.kind = edge ? config::InterfaceKind::kEdge : config::InterfaceKind::kVm;
      interface.number = static_cast<std::uint32_t>(i + 1);
      interface.mac.bytes = {2, 0, 0, 0, static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)};
      options.card.interfaces.push_back(interface);
      ports_.push_back(std::make_unique<SilentPort>(interface.name));
      options.ports.push_back(ports_.back().get());
    }
    options.clock = &clock_;
    agent_ = std::make_unique<agent::Agent>(std::move(options));
  }

  void Listen(const std::string& folder) {
    const auto read = [&](const char* name) {
      std::ifstream file(folder + "/pki/cards/card0/" + name);
      return std::string(std::istreambuf_iterator<char>(file), {});
    };
    card_clock_ = std::make_unique<control::CardClock>(clock_, 0);
    const hal::TrustBundle trust{.ca = read("ca.pem"),
                                 .certificate = read("certificate.pem"),
                                 .private_key = read("private_key.pem"),
                                 .crl = read("crl.pem")};
    secure_ = Take(hal::mbedtls::OpenServer(trust, card_clock_.get()));
    poller_ = Take(hal::linux_os::OpenPoller());
    listener_ = Take(hal::linux_os::Listen("127.0.0.1:0"));
    control::CardView view;
    view.name = "card0";
    view.interfaces = agent_->card().interfaces;
    view.drivers.assign(kInterfaces, "silent");
    view.link_up = agent_->link_up();
    view.peak_memory_bytes = [] { return hal::linux_os::PeakMemoryBytes(); };
    view.remarks = [] { return std::vector<std::string>(); };
    Check(plane_->Serve({.post = [this](control::AgentCalls::Work work) { thread_->Post(std::move(work)); },
                         .poller = poller_.get(),
                         .listener = listener_.get(),
                         .secure = secure_.get(),
                         .trust = trust,
                         .clock = card_clock_.get(),
                         .monotonic = &clock_,
                         .card = std::move(view),
                         .limits = {.served_per_user = kClients},
                         .log = {}}));
  }

  hal::linux_os::SystemClock clock_;
  std::unique_ptr<hal::linux_os::FileFlash> flash_;
  std::unique_ptr<control::CardStores> stores_;
  std::vector<std::unique_ptr<SilentPort>> ports_;
  std::unique_ptr<agent::Agent> agent_;
  std::unique_ptr<control::CardClock> card_clock_;
  std::unique_ptr<hal::SecureServer> secure_;
  std::unique_ptr<hal::Poller> poller_;
  std::unique_ptr<hal::Listener> listener_;
  std::unique_ptr<control::ControlPlane> plane_;
  std::unique_ptr<agent::AgentThread> thread_;
};

// The card in a child; it ends with this process, or when the object does.
class CardProcess {
 public:
  explicit CardProcess(const std::string& folder) {
    int ends[2];
    if (pipe(ends) != 0) Fail("no pipe");
    child_ = fork();
    if (child_ < 0) Fail("no process");
    if (child_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(ends[0]);
      Card card(folder);
      const std::string line = card.address() + "\n";
      if (write(ends[1], line.data(), line.size()) < 0) Fail("the parent is gone");
      close(ends[1]);
      card.Serve();
    }
    close(ends[1]);
    for (char byte = 0; read(ends[0], &byte, 1) == 1 && byte != '\n';) address_ += byte;
    close(ends[0]);
    if (address_.empty()) Fail("the card did not start");
  }
  ~CardProcess() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  CardProcess(const CardProcess&) = delete;
  CardProcess& operator=(const CardProcess&) = delete;
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  pid_t child_ = -1;
  std::string address_;
};

// --- The client -----------------------------------------------------------------------------------------------------

std::unique_ptr<helioctl::CardClient> Connect(const std::string& folder, const std::string& address) {
  helioctl::Context context;
  context.host = "127.0.0.1";
  context.port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  context.server_name = "card0";
  context.ca = folder + "/pki/ca.pem";
  context.certificate = folder + "/pki/users/admin/certificate.pem";
  context.private_key = folder + "/pki/users/admin/private_key.pem";
  return Take(helioctl::CardClient::Connect(context, 300));
}

v1::Response Ask(helioctl::CardClient& client, const v1::Request& request) { return Take(client.Call(request)); }

struct Push {
  double transfer_s = 0;
  double commit_s = 0;  // to applied and durable
  std::size_t bytes = 0;
  std::size_t changes = 0;
};

// The difference of the two, as the host tool would send it. Making the changes is not timed.
Push Send(helioctl::CardClient& client, const config::Config& before, const config::Config& after) {
  Push push;
  std::vector<v1::Request> edits(1);
  std::size_t bytes = 0;
  Check(codec::WriteChanges(before, after, [&](std::span<const std::uint8_t> change) {
    if (bytes + change.size() > kFrameBytes) {
      edits.emplace_back();
      bytes = 0;
    }
    bytes += change.size();
    push.bytes += change.size();
    ++push.changes;
    if (!edits.back().mutable_edit()->add_changes()->ParseFromArray(change.data(), static_cast<int>(change.size()))) {
      return Status(Code::kInternal, "change", "is none");
    }
    return OkStatus();
  }));
  v1::Request begin;
  begin.mutable_begin();
  v1::Request commit;
  commit.mutable_commit();
  const auto started = Clock::now();
  Ask(client, begin);
  for (const v1::Request& edit : edits) Ask(client, edit);
  const auto sent = Clock::now();
  Ask(client, commit);
  push.transfer_s = Seconds(sent - started).count();
  push.commit_s = Seconds(Clock::now() - sent).count();
  return push;
}

std::uint64_t PeakBytes(helioctl::CardClient& client) {
  v1::Request request;
  request.mutable_get_info();
  return Ask(client, request).info().peak_memory_bytes();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Nobody can be more durable for less: `bytes` written to a new file, and synced.
double FloorS(const std::string& folder, std::size_t bytes) {
  const std::string content(bytes, 'x');
  const std::string path = folder + "/floor";
  const auto started = Clock::now();
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
      fdatasync(file) != 0) {
    Fail("can't write " + path);
  }
  close(file);
  return Seconds(Clock::now() - started).count();
}

struct Row {
  std::string what;
  Push push;  // medians
  double floor_s = 0;
};

Row MedianOf(const std::string& what, const std::vector<Push>& pushes, const std::vector<double>& floors) {
  Row row{what, pushes.front(), Median(floors)};
  std::vector<double> transfers;
  std::vector<double> commits;
  for (const Push& push : pushes) {
    transfers.push_back(push.transfer_s);
    commits.push_back(push.commit_s);
  }
  row.push.transfer_s = Median(transfers);
  row.push.commit_s = Median(commits);
  return row;
}

class Bench {
 public:
  Bench(std::string folder, std::size_t rounds) : folder_(std::move(folder)), rounds_(rounds) {}

  void Run() {
    CardProcess card(folder_);
    for (std::size_t i = 0; i < kClients; ++i) clients_.push_back(Connect(folder_, card.address()));
    const config::Config nothing;
    const config::Config reference = ReferenceConfiguration(0);
    const config::Config other = ReferenceConfiguration(1);
    before_bytes_ = PeakBytes(*clients_[0]);
    Measure("reference configuration, from nothing", nothing, reference);
    peak_bytes_ = PeakBytes(*clients_[0]);
    Measure("reference configuration, all of it changed", reference, other, /*there=*/true);
    peak_changed_bytes_ = PeakBytes(*clients_[0]);
    OneRule("one rule of 20, in the reference configuration", reference, 500);
    const config::Config long_filter = LongFilterConfiguration();
    Send(*clients_[0], reference, long_filter);
    OneRule("one rule of 10,000", long_filter, 0);
  }

  void Print(const std::string& json_path) const {
    std::printf("%-46s %9s %9s %10s %10s %10s %9s\n", "", "changes", "KiB", "transfer", "commit", "whole", "x floor");
    nlohmann::json rows = nlohmann::json::array();
    for (const Row& row : rows_) {
      const double whole = row.push.transfer_s + row.push.commit_s;
      std::printf("%-46s %9zu %9.1f %7.1f ms %7.1f ms %7.1f ms %9.1f\n", row.what.c_str(), row.push.changes,
                  static_cast<double>(row.push.bytes) / 1024, 1e3 * row.push.transfer_s, 1e3 * row.push.commit_s,
                  1e3 * whole, whole / row.floor_s);
      rows.push_back({{"what", row.what},
                      {"changes", row.push.changes},
                      {"bytes", row.push.bytes},
                      {"transferSeconds", row.push.transfer_s},
                      {"commitSeconds", row.push.commit_s},
                      {"floorSeconds", row.floor_s}});
    }
    const auto mib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / (1024 * 1024); };
    std::printf(
        "peak memory of the card, %zu connections open: %.1f MiB before, %.1f MiB with the reference configuration, "
        "%.1f MiB when all of it had changed\n",
        kClients, mib(before_bytes_), mib(peak_bytes_), mib(peak_changed_bytes_));
    if (json_path.empty()) return;
    std::ofstream(json_path) << nlohmann::json{{"rows", rows},
                                               {"peakBytesBefore", before_bytes_},
                                               {"peakBytes", peak_bytes_},
                                               {"peakBytesChanged", peak_changed_bytes_}}
                                    .dump(2)
                             << "\n";
  }

 private:
  // There and back again, `rounds_` times; back is not timed. `before` is what the card has, and `there` says that it
  // is left with `before` too; else with `after`.
  void Measure(const std::string& what, const config::Config& before, const config::Config& after, bool there = false) {
    std::vector<Push> pushes;
    std::vector<double> floors;
    for (std::size_t i = 0; i < rounds_; ++i) {
      pushes.push_back(Send(*clients_[0], before, after));
      floors.push_back(FloorS(folder_, pushes.back().bytes));
      if (there || i + 1 < rounds_) Send(*clients_[0], after, before);
    }
    rows_.push_back(MedianOf(what, pushes, floors));
  }

  void OneRule(const std::string& what, const config::Config& config, std::size_t filter) {
    config::Config changed = config;
    auto& rule = changed.filters[filter].inbound[changed.filters[filter].inbound.size() / 2];
    rule.action = rule.action == config::Action::kAccept ? config::Action::kReject : config::Action::kAccept;
    Measure(what, config, changed, /*there=*/true);
  }

  std::string folder_;
  std::size_t rounds_;
  std::vector<std::unique_ptr<helioctl::CardClient>> clients_;
  std::vector<Row> rows_;
  std::uint64_t before_bytes_ = 0;
  std::uint64_t peak_bytes_ = 0;
  std::uint64_t peak_changed_bytes_ = 0;
};

int Main(int argc, char** argv) {
  CLI::App app("What it takes to push a configuration to a card.");
  std::size_t rounds = 5;
  std::string json;
  std::string folder = "build/bench/control";
  app.add_option("--rounds", rounds, "of each push")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--json", json, "write the results there too");
  app.add_option("--folder", folder, "where the card's flash lies: on the disk to be measured")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::ostringstream said;
  if (helioctl::Run({"pki", "init", "--dir", folder + "/pki", "--no-context"}, {std::cin, said, std::cerr}) != 0) {
    Fail("no certificates");
  }
  Bench bench(folder, rounds);
  bench.Run();
  bench.Print(json);
  return 0;
}

}  // namespace
}  // namespace heliostat::bench

int main(int argc, char** argv) { return heliostat::bench::Main(argc, argv); }
