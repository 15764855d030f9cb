#include "dpdk/eal.h"

#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_mbuf.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>

#include "dpdk/log_capture.h"

namespace heliostat::hal::dpdk {
namespace {

int Run(void* work) {
  (*static_cast<std::function<void()>*>(work))();
  return 0;
}

// rte_eal_init prints its whole usage, past its own log, for one wrong argument.
class SilencedOutput {
 public:
  SilencedOutput() {
    std::fflush(stdout);
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    for (Output& output : outputs_) {
      output.saved = fcntl(output.fd, F_DUPFD_CLOEXEC, 3);
      if (nowhere >= 0 && output.saved >= 0) dup2(nowhere, output.fd);
    }
    if (nowhere >= 0) close(nowhere);
  }
  ~SilencedOutput() {
    std::fflush(stdout);
    for (const Output& output : outputs_) {
      if (output.saved < 0) continue;
      dup2(output.saved, output.fd);
      close(output.saved);
    }
  }
  SilencedOutput(const SilencedOutput&) = delete;
  SilencedOutput& operator=(const SilencedOutput&) = delete;

 private:
  struct Output {
    int fd;
    int saved = -1;
  };
  std::array<Output, 2> outputs_{{{STDOUT_FILENO}, {STDERR_FILENO}}};
};

std::vector<std::string> Arguments(const EalOptions& options) {
  std::vector<std::string> arguments = {"heliostat", "--no-shconf", "--no-telemetry"};
  arguments.push_back("--lcores=" + options.lcores);
  arguments.insert(arguments.end(), {"-m", std::to_string(options.memory_mib)});
  // Two cards on one host, both without huge pages, must not meet in files under /var/run.
  arguments.push_back("--file-prefix=heliostat" + std::to_string(getpid()));
  if (!options.huge_pages) arguments.emplace_back("--no-huge");
  if (!options.pci) arguments.emplace_back("--no-pci");
  if (!options.verbose) arguments.insert(arguments.end(), {"--log-level", "*:error"});
  return arguments;
}

// DPDK does not survive more pages than there are: it runs for half a minute, then into a segmentation fault.
Status CheckMemory(const EalOptions& options) {
  const std::uint64_t bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t mib = bytes >> 20U;
  if (options.memory_mib <= mib) return OkStatus();
  return {Code::kResourceExhausted, "board memory_mib",
          "it is " + std::to_string(options.memory_mib) + ", but this machine has " + std::to_string(mib) + " MiB",
          "lower it"};
}

}  // namespace

Result<Eal> Eal::Start(const EalOptions& options) {
  HELIOSTAT_RETURN_IF_ERROR(CheckMemory(options));
  std::vector<std::string> arguments = Arguments(options);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  if (!options.verbose) rte_log_set_global_level(RTE_LOG_ERR);
  std::optional<LogCapture> log;
  int started = 0;
  if (options.verbose) {
    started = rte_eal_init(static_cast<int>(pointers.size()), pointers.data());
  } else {
    log.emplace();
    const SilencedOutput silenced;
    started = rte_eal_init(static_cast<int>(pointers.size()), pointers.data());
  }
  if (started < 0) {
    std::string reason = log ? log->Reason() : "";
    if (reason.empty()) reason = rte_strerror(rte_errno);
    return Status(Code::kUnavailable,
                  "board lcores \"" + options.lcores + "\", memory_mib " + std::to_string(options.memory_mib),
                  "DPDK did not start: " + reason,
                  "check the list of lcores; ask for less memory, or turn huge_pages off; --verbose shows DPDK's log");
  }
  return Eal();
}

Eal::~Eal() {
  if (live_) rte_eal_cleanup();
}

std::vector<unsigned> Eal::WorkerLcores() {
  std::vector<unsigned> lcores;
  unsigned lcore = 0;
  RTE_LCORE_FOREACH_WORKER(lcore) { lcores.push_back(lcore); }
  return lcores;
}

Status Eal::Launch(unsigned lcore, std::function<void()>& work) {
  if (rte_eal_remote_launch(Run, &work, lcore) != 0) {
    return {Code::kFailedPrecondition, "lcore " + std::to_string(lcore), "is busy"};
  }
  return OkStatus();
}

void Eal::Wait(unsigned lcore) { rte_eal_wait_lcore(lcore); }

}  // namespace heliostat::hal::dpdk

#if defined(__SANITIZE_THREAD__)
extern "C" void AnnotateBenignRaceSized(const char* file, int line, const volatile void* memory, long bytes,
                                        const char* why);

namespace heliostat::hal::dpdk {
namespace {

// Buffers change hands through rings inside DPDK, which the sanitizer was not built into: it can't see the order.
void TrustPoolMemory(rte_mempool* pool) {
  rte_mempool_mem_iter(
      pool,
      [](rte_mempool*, void*, rte_mempool_memhdr* chunk, unsigned) {
        AnnotateBenignRaceSized(__FILE__, __LINE__, chunk->addr, static_cast<long>(chunk->len), "packet memory");
      },
      nullptr);
}

}  // namespace
#else
namespace heliostat::hal::dpdk {
namespace {
void TrustPoolMemory(rte_mempool*) {}
}  // namespace
#endif

Result<PacketPool*> MakePool(const std::string& name, std::uint32_t count, std::uint16_t data_room) {
  const std::uint16_t room = data_room == 0 ? 0 : static_cast<std::uint16_t>(data_room + RTE_PKTMBUF_HEADROOM);
  // A cache a lcore makes alloc and free of a burst a memcpy; it must stay well below the pool's size.
  const unsigned cache = count >= 4096 ? 256 : 0;
  PacketPool* pool = rte_pktmbuf_pool_create(name.c_str(), count, cache, 0, room, SOCKET_ID_ANY);
  if (pool == nullptr) {
    return Status(
        Code::kResourceExhausted, name,
        std::to_string(count) + " buffers of " + std::to_string(room) + " bytes do not fit: " + rte_strerror(rte_errno),
        "raise the board's memory_mib or lower its buffers");
  }
  TrustPoolMemory(pool);
  return pool;
}

}  // namespace heliostat::hal::dpdk
