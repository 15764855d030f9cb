// A worker: one thread that carries frames from port to port and copies what the tables say, a burst at a time.
//
// Law 1 is the order of things here: originals leave first, untouched; copies are made of what is left, and whatever
// stands in a copy's way is a count in the ledger. Run to completion: no lock, no allocation beyond mbufs, no waiting.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "config/config.h"
#include "datapath/copier.h"
#include "datapath/hits.h"
#include "datapath/lane.h"
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

struct WorkerPort {
  hal::Port* port = nullptr;
  config::InterfaceKind kind = config::InterfaceKind::kVm;
};

struct WorkerOptions {
  std::uint32_t number = 0;   // this worker's, from 0
  std::uint32_t workers = 1;  // how many the card has
  std::vector<WorkerPort> ports;
  std::vector<Lane> lanes;  // of this worker alone
  CopyPools pools;
  hal::Clock* clock = nullptr;
  const TablesPointer* tables = nullptr;       // never null inside
  std::span<const std::atomic<bool>> link_up;  // by port, kept by the agent
  std::uint64_t seed = 0;                      // of packet sampling
};

class Worker {
 public:
  explicit Worker(WorkerOptions options);

  // Makes one pass over all lanes and returns the number of frames received. The worker's thread only.
  std::uint32_t RunOnce();

  // Makes passes until `stop` is set.
  void Run(const std::atomic<bool>& stop);

  // How many passes in a row, up to now, have received no frame; any thread.
  [[nodiscard]] std::uint64_t IdlePasses() const { return idle_passes_.load(std::memory_order_relaxed); }

  // The epoch whose tables this worker reads; it has left all earlier ones for good. It is 0 before the first pass and
  // ~0 after the last. Any thread.
  [[nodiscard]] std::uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

  LedgerShard& ledger() { return ledger_; }
  [[nodiscard]] const LedgerShard& ledger() const { return ledger_; }
  HitShard& hits() { return hits_; }
  [[nodiscard]] const HitShard& hits() const { return hits_; }
  [[nodiscard]] PortCounts ReadPort(std::size_t port) const { return port_cells_[port].Read(); }

 private:
  // A frame that a tier accepted at one end of its way.
  struct Match {
    const TierTable* tier = nullptr;
    rules::Verdict verdict;
    std::uint8_t packet = 0;  // index in the burst
    bool at_egress = false;   // judged where the frame leaves
  };

  // A burst on its way through. Lives in the worker: nothing is allocated per burst.
  struct Burst {
    std::uint16_t received = 0;
    std::uint16_t count = 0;  // those of them that are not too long
    std::uint16_t matches = 0;
    std::uint32_t held = 0;     // bit i: packet i has matched and is held
    std::uint32_t carried = 0;  // bit i: the output port took packet i
    std::array<hal::Packet*, hal::kBurst> packets{};
    std::array<packet::FlowKey, hal::kBurst> keys{};
    std::array<std::span<const std::uint8_t>, hal::kBurst> starts{};
    std::array<rules::Verdict, hal::kBurst> verdicts{};
    std::array<Match, std::size_t{2} * config::kTiers * hal::kBurst> match{};
  };

  // The World that DecideCopy asks: links, rates and chance at this moment.
  class World;

  std::uint32_t Serve(const WireLane& lane, const Tables& tables);
  std::uint32_t Serve(const TapLane& lane, const Tables& tables);
  std::uint32_t Serve(const CopiesLane& lane, const Tables& tables);
  // Returns false when nothing has arrived. Frames too long to be carried are counted at port `charged`.
  bool Receive(const Queue& input, std::uint16_t charged);
  void DropTooLong(std::uint32_t max_bytes, std::uint16_t charged);
  void Parse();
  // Judges the burst's packets in `mask` at `source`: what its tiers accept becomes matches.
  void Judge(const SourceTable& source, const rules::LoopGuard& guard, std::uint32_t mask, bool at_egress);
  [[nodiscard]] std::uint32_t Guarded(const SourceTable& source, const rules::LoopGuard& guard, std::uint32_t mask);
  [[nodiscard]] std::uint32_t Excluded(const SourceTable& source, std::uint32_t mask);
  template <typename Accept>
  void Classify(const TierTable& tier, std::uint32_t mask, Accept accept);
  void HoldMatched();
  void Forward(std::uint16_t output);
  void ReleaseOriginals();
  void MakeCopies(const Tables& tables);
  void MakeCopy(const Match& match, World& world, LedgerRun& matched);
  void ReleaseHeld();

  WorkerOptions options_;
  Burst burst_;
  std::array<std::array<std::uint8_t, packet::kMaxParseBytes>, hal::kBurst> scratch_{};  // for chained starts
  VerdictCache verdict_cache_;
  Copier copier_;
  PacketSampler packet_sampler_;
  LedgerShard ledger_;
  HitShard hits_;
  std::vector<PortCell> port_cells_;
  std::vector<std::uint64_t> resume_pass_;  // by port: copies for it wait until this pass
  std::uint64_t pass_ = 0;
  std::uint64_t wall_ns_ = 0;  // when the current burst was received
  alignas(64) std::atomic<std::uint64_t> epoch_{0};
  std::atomic<std::uint64_t> idle_passes_{0};
};

}  // namespace heliostat::datapath
