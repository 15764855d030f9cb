// What a benchmark runs on: DPDK ports that cost next to nothing, and cards - a real agent and a real worker - on them.
#pragma once

#include <rte_ring.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "bench/rule_set.h"
#include "datapath/worker.h"
#include "dpdk/ethdev_port.h"
#include "linux/system_clock.h"

namespace heliostat::bench {

// `guest` is where frames enter, `wire` where they go on, `analyser` where copies leave. The latter two are net_null:
// what they are given is freed at once.
class Ports {
 public:
  static constexpr std::size_t kFramesAPass = 512;

  // guest: net_ring. Load puts the next frames into it, beside what is measured.
  Ports();
  // guest: net_pcap with infinite_rx=1, which copies a frame of the file into a new mbuf each time.
  Ports(const std::string& name, const std::string& capture_file);
  ~Ports();
  Ports(const Ports&) = delete;
  Ports& operator=(const Ports&) = delete;

  // kFramesAPass frames arrive at `guest`, each of `frames` as often as the others, in an order of chance; with
  // `new_flows` each from a source port of chance, so that hardly one belongs to a flow that was seen before.
  void Load(const std::vector<support::Bytes>& frames, bool new_flows);

  hal::dpdk::EthdevPort& guest() { return *guest_; }
  hal::dpdk::EthdevPort& wire() { return *wire_; }
  hal::dpdk::EthdevPort& analyser() { return *analyser_; }
  [[nodiscard]] const datapath::CopyPools& copies() const { return copies_; }
  [[nodiscard]] unsigned BuffersInUse() const;

 private:
  void Open(const std::string& name, const std::string& guest_device);
  std::uint32_t Chance();

  rte_ring* arrivals_ = nullptr;
  rte_ring* nothing_ = nullptr;  // net_ring wants a ring to send to as well
  hal::PacketPool* originals_ = nullptr;
  datapath::CopyPools copies_;
  std::unique_ptr<hal::dpdk::EthdevPort> guest_;
  std::unique_ptr<hal::dpdk::EthdevPort> wire_;
  std::unique_ptr<hal::dpdk::EthdevPort> analyser_;
  std::uint64_t chance_ = 1;
};

class Card {
 public:
  // Mirrors what the guest sends and `rules` accept; without rules: carries, and mirrors nothing.
  Card(Ports& ports, config::Encapsulation encapsulation, const std::vector<config::Rule>& rules);

  // Passes over its one lane until `frames` have arrived; false when they did not.
  bool Run(std::size_t frames);

  [[nodiscard]] datapath::EntryCounts Ledger() const;
  [[nodiscard]] std::uint64_t Forwarded() const;

 private:
  hal::linux_os::SystemClock clock_;
  std::unique_ptr<agent::Agent> agent_;
  std::unique_ptr<datapath::Worker> worker_;
};

// A broken benchmark says so and ends.
[[noreturn]] void Fail(const std::string& what);

}  // namespace heliostat::bench
