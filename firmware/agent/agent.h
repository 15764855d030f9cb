// The agent: the one place that knows the order in which a configuration becomes real.
//
// Apply validates, resolves, compiles and builds; only when nothing can fail any more it publishes one pointer. Workers
// take it up at their next pass; what they leave behind is freed when the last has. All methods: the agent's thread,
// except where said.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "agent/build.h"
#include "base/status.h"
#include "config/config.h"
#include "config/validate.h"
#include "datapath/ledger.h"
#include "datapath/worker.h"
#include "hal/clock.h"
#include "hal/port.h"

namespace heliostat::agent {

struct AgentOptions {
  config::Card card;  // interfaces by port
  std::uint8_t hardware_id = 0;
  std::uint64_t seed = 0;
  std::vector<hal::Port*> ports;  // as the card's interfaces
  hal::Clock* clock = nullptr;
};

// What was really applied.
struct Applied {
  std::uint64_t generation = 0;
  std::size_t policies = 0;
  std::vector<SessionReport> sessions;
};

struct LedgerLine {
  LedgerKey key;
  datapath::EntryCounts counts;
};

struct Reading {
  std::vector<LedgerLine> ledger;           // by session, interface, direction
  std::vector<datapath::PortCounts> ports;  // by port
};

class Agent {
 public:
  explicit Agent(AgentOptions options);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Before workers start. They are given `tables` and `link_up`, live as long as the agent and are read by it.
  void Attach(datapath::Worker* worker) { workers_.push_back(worker); }
  [[nodiscard]] const datapath::Published* tables() const { return &published_; }
  [[nodiscard]] std::span<const std::atomic<bool>> link_up() const { return link_up_; }

  // All of `config`, or nothing of it and the error.
  [[nodiscard]] Result<Applied> Apply(const config::Config& config);

  // Now and then: follows the ports' links, frees what no worker reads any more.
  void Tick();

  // Balanced per line.
  [[nodiscard]] Reading Read() const;

  [[nodiscard]] std::uint64_t generation() const { return current_->generation; }
  [[nodiscard]] const config::Card& card() const { return options_.card; }

 private:
  struct Retired {
    std::unique_ptr<const datapath::Tables> tables;
    std::vector<std::uint32_t> entries;  // of the ledger, that only these tables name
  };
  void Reclaim();

  AgentOptions options_;
  std::vector<datapath::Worker*> workers_;
  std::vector<std::atomic<bool>> link_up_;
  Registry registry_;
  std::unique_ptr<const datapath::Tables> current_;
  std::deque<Retired> retired_;
  datapath::Published published_{nullptr};
};

}  // namespace heliostat::agent
