// A whole card in a test: agent and workers over real DPDK ports made of rings. The test puts frames into a port and
// takes out what the card sent there, and moves the clock by hand.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "config/config.h"
#include "datapath/worker.h"
#include "dpdk/ethdev_port.h"
#include "hal/clock.h"
#include "support/frame_builder.h"

struct rte_ring;

namespace heliostat::support {

class ManualClock final : public hal::Clock {
 public:
  std::uint64_t MonotonicNs() override { return now_ns.load(std::memory_order_relaxed); }
  std::uint64_t WallNs() override { return kEpochNs + now_ns.load(std::memory_order_relaxed); }
  static constexpr std::uint64_t kEpochNs = 1'700'000'000'000'000'000;
  std::atomic<std::uint64_t> now_ns{0};
};

struct RingPortOptions {
  std::string name;
  config::InterfaceKind kind = config::InterfaceKind::kVm;
  std::uint32_t number = 1;
  std::uint16_t mtu = 1500;
  std::string primary_ipv4 = {};  // empty: none
  std::string primary_ipv6 = {};
  std::uint16_t receive_queues = 1;
  unsigned send_room = 1024;  // frames the port takes before it is full: a power of two; one less fits
};

// The frames that arrive at `port` are a switch's copies of frames that it forwarded itself.
struct CopiesOf {
  std::string port;
  std::string source;
  config::Direction direction = config::Direction::kInbound;
};

struct RingCardOptions {
  std::vector<RingPortOptions> ports;
  std::vector<std::pair<std::string, std::string>> wires;
  std::vector<std::string> taps;
  std::vector<CopiesOf> copies;
  std::uint32_t copy_buffers = 1023;
  std::uint32_t workers = 1;  // each with a send queue of its own; lanes are dealt in turn
};

// guest (vm, 1), wire (edge, 2), analyser (edge, 3, 10.9.0.1 and fd00:9::1); guest and wire are wired.
RingCardOptions SmallCard();

class RingCard {
 public:
  explicit RingCard(RingCardOptions options);
  ~RingCard();

  // Aborts when `config` is not valid, since the test is broken then.
  void Apply(const config::Config& config);
  agent::Agent& agent() { return *agent_; }
  datapath::Worker& worker(std::size_t i = 0) { return *workers_[i]; }
  std::size_t workers() const { return workers_.size(); }
  ManualClock& clock() { return clock_; }
  hal::dpdk::EthdevPort& port(const std::string& name) { return *ports_[Index(name)].port; }

  // Lets a frame arrive at the port, in segments of at most `segment_bytes`. Aborts when there is no room.
  void Put(const std::string& port, const Bytes& frame, std::size_t segment_bytes = 2048, std::uint16_t queue = 0);
  // Returns what the card has sent there since the last call, in order.
  std::vector<Bytes> Take(const std::string& port);
  // Every worker passes over its lanes until nothing comes any more.
  void Run();
  void SetLink(const std::string& port, bool up);

  // Returns the ledger line of these names; all zero when there is none.
  [[nodiscard]] datapath::EntryCounts Ledger(const std::string& session, const std::string& interface,
                                             config::Direction direction) const;
  [[nodiscard]] datapath::PortCounts Port(const std::string& name) const;
  // mbufs in use in all pools: 0 when nothing leaks and nothing is waiting.
  [[nodiscard]] unsigned BuffersInUse() const;
  hal::PacketPool* copy_pool() { return copies_.data; }
  hal::PacketPool* clone_pool() { return copies_.clones; }

 private:
  struct PortRings {
    RingPortOptions options;
    std::vector<rte_ring*> receive;  // by queue
    std::vector<rte_ring*> send;
    std::unique_ptr<hal::dpdk::EthdevPort> port;
    std::string device;
  };
  void OpenPort(const RingPortOptions& options, std::uint32_t workers);
  [[nodiscard]] std::size_t Index(const std::string& name) const;
  void MakeWorkers(const RingCardOptions& options);

  std::string id_;
  ManualClock clock_;
  hal::PacketPool* originals_ = nullptr;
  datapath::CopyPools copies_;
  std::vector<PortRings> ports_;
  std::unique_ptr<agent::Agent> agent_;
  std::vector<std::unique_ptr<datapath::Worker>> workers_;
};

// DPDK, started once a test program, without root or huge pages.
void StartDpdk();

}  // namespace heliostat::support
