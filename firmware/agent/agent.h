// The agent: the one place that knows the order in which a configuration becomes real.
//
// Prepare validates, resolves, compiles and builds: all that may fail. Publish can't fail: it stores one pointer.
// Between the two a caller may write the configuration to flash. Workers take it up at their next pass; what they leave
// behind is freed when the last has. All methods: the agent's thread, except where said.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "agent/build.h"
#include "agent/reading.h"
#include "agent/report.h"
#include "base/status.h"
#include "config/config.h"
#include "config/validate.h"
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

// Tables that no worker has left yet.
struct Retired {
  std::unique_ptr<const datapath::Tables> tables;
  std::vector<std::uint32_t> entries;  // of the ledger, that only these tables name
};

// A configuration that is built and not published. Dropped, it leaves nothing behind but the memory that the workers'
// ledgers have reserved for its lines, which they keep and use again: at most LedgerShard::kMaxEntries lines each.
struct Prepared {
  Built built;
  Applied applied;
  std::list<Retired> retired;  // one: room for what it takes the place of
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

  // Validates and builds `config`; nothing is changed. kResourceExhausted when memory runs out, too; else as Validate
  // and Build.
  [[nodiscard]] Result<Prepared> Prepare(std::shared_ptr<const config::Config> config);
  // Can't fail and allocates nothing. No other method is called since its Prepare; `generation` is above the present
  // one.
  Applied Publish(Prepared prepared, std::uint64_t generation);

  // Both at once, under the next number: all of `config`, or nothing of it and the error.
  [[nodiscard]] Result<Applied> Apply(std::shared_ptr<const config::Config> config);

  // Now and then: follows the ports' links, frees what no worker reads any more. True: a link has changed, and with it
  // maybe a session's state.
  bool Tick();

  // As they are now, links included; by name.
  [[nodiscard]] std::vector<SessionReport> Sessions() const;
  [[nodiscard]] std::vector<TargetReport> Targets() const;

  // Balanced per line.
  [[nodiscard]] Reading Read() const;

  [[nodiscard]] std::uint64_t generation() const { return current_->generation; }
  [[nodiscard]] const config::Card& card() const { return options_.card; }

 private:
  Result<Prepared> Build(std::shared_ptr<const config::Config> config);
  // `built` as the links are now.
  [[nodiscard]] std::vector<SessionReport> ByLinks(const std::vector<SessionReport>& built) const;
  [[nodiscard]] std::vector<TargetReport> TargetsOf(const config::Config& config) const;
  void Reclaim();

  AgentOptions options_;
  std::vector<datapath::Worker*> workers_;
  std::vector<std::atomic<bool>> link_up_;
  Registry registry_;
  std::unique_ptr<const datapath::Tables> current_;
  std::vector<SessionReport> sessions_;  // as built
  std::list<Retired> retired_;           // oldest first
  datapath::Published published_{nullptr};
};

}  // namespace heliostat::agent
