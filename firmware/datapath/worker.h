// A worker: one thread that carries frames from port to port and copies what the tables say, a burst at a time.
//
// Law 1 is the order of things here: originals leave first, untouched; copies are made of what is left, and whatever
// stands in a copy's way is a count in the ledger. Run to completion: no lock, no allocation beyond mbufs, no waiting.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/config.h"
#include "datapath/copier.h"
#include "datapath/ledger.h"
#include "datapath/sampler.h"
#include "datapath/tables.h"
#include "datapath/verdict_cache.h"
#include "hal/clock.h"
#include "hal/packet.h"
#include "hal/port.h"
#include "packet/flow_key.h"
#include "packet/parse.h"

namespace heliostat::datapath {

inline constexpr std::uint16_t kNoPort = 0xffff;

// One receive queue, and the port where its frames go on (kNoPort: a tap, nothing goes on).
struct Lane {
  std::uint16_t input = 0;
  std::uint16_t queue = 0;
  std::uint16_t output = kNoPort;
};

struct WorkerPort {
  hal::Port* port = nullptr;
  config::InterfaceKind kind = config::InterfaceKind::kVm;
};

struct WorkerOptions {
  std::uint32_t number = 0;   // 0.., of this worker
  std::uint32_t workers = 1;  // of the card
  std::vector<WorkerPort> ports;
  std::vector<Lane> lanes;  // of this worker alone
  CopyPools pools;
  hal::Clock* clock = nullptr;
  const Published* tables = nullptr;           // never null inside
  std::span<const std::atomic<bool>> link_up;  // by port, kept by the agent
  std::uint64_t seed = 0;                      // of packet sampling
};

class Worker {
 public:
  explicit Worker(WorkerOptions options);

  // One pass over all lanes; frames received. The worker's thread only.
  std::uint32_t RunOnce();

  // Passes until `stop`.
  void Run(const std::atomic<bool>& stop);

  // Passes that returned no frame since the last that did; any thread.
  [[nodiscard]] std::uint64_t IdlePasses() const { return idle_passes_.load(std::memory_order_relaxed); }

  // Generations below the one returned are no longer read by this worker. 0 until its first pass, ~0 after its last.
  // Any thread.
  [[nodiscard]] std::uint64_t Reading() const { return reading_.load(std::memory_order_acquire); }

  LedgerShard& ledger() { return ledger_; }
  [[nodiscard]] const LedgerShard& ledger() const { return ledger_; }
  [[nodiscard]] PortCounts ReadPort(std::size_t port) const { return port_cells_[port].Read(); }

 private:
  struct Match {
    const SourceTable* source = nullptr;
    rules::Verdict verdict;
    std::uint8_t packet = 0;  // index in the burst
    bool at_egress = false;   // judged where the frame leaves
  };

  // A burst on its way through. Lives in the worker: nothing is allocated per burst.
  struct Burst {
    std::uint16_t count = 0;
    std::uint16_t matches = 0;
    std::uint32_t held = 0;     // bit i: packet i has matched and is held
    std::uint32_t carried = 0;  // bit i: the output port took packet i
    std::array<hal::Packet*, hal::kBurst> packets{};
    std::array<packet::FlowKey, hal::kBurst> keys{};
    std::array<std::span<const std::uint8_t>, hal::kBurst> starts{};
    std::array<rules::Verdict, hal::kBurst> verdicts{};
    std::array<Match, 2 * hal::kBurst> match{};
  };

  std::uint32_t RunLane(const Lane& lane, const Tables& tables);
  void DropTooLong(const Lane& lane);
  void Parse();
  void Judge(const Tables& tables, std::uint16_t port, config::Direction direction, bool at_egress);
  [[nodiscard]] std::uint32_t Guard(const Tables& tables, std::uint16_t port, config::Direction direction);
  void HoldMatched();
  void Forward(const Lane& lane);
  void MakeCopies(const Tables& tables);
  void MakeCopy(const Match& match, const Tables& tables, LedgerRun& matched);
  void ReleaseHeld();

  WorkerOptions options_;
  Burst burst_;
  std::array<std::array<std::uint8_t, packet::kMaxParseBytes>, hal::kBurst> scratch_{};  // for chained starts
  VerdictCache verdict_cache_;
  Copier copier_;
  PacketSampler packet_sampler_;
  LedgerShard ledger_;
  std::vector<PortCell> port_cells_;
  std::vector<std::uint64_t> resume_pass_;  // by port: copies for it wait until this pass
  std::uint64_t pass_ = 0;
  std::optional<std::uint64_t> monotonic_ns_;  // of the current burst, once a rate limit has asked
  std::uint64_t wall_ns_ = 0;                  // when it was received
  alignas(64) std::atomic<std::uint64_t> reading_{0};
  std::atomic<std::uint64_t> idle_passes_{0};
};

}  // namespace heliostat::datapath
