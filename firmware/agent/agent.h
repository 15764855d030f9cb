// The agent: the one place that knows the order in which a configuration becomes real.
//
// Prepare validates, plans, compiles and builds: all that may fail. Publish can't fail: it stores one pointer. Between
// the two a caller may write the configuration to flash. Workers take it up at their next pass; what they leave behind
// is freed when the last has. A *generation* is what an operator committed; each publication is an *epoch*, and the
// agent publishes the same generation again when the world changes under it. All methods belong to the agent's thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "agent/epoch.h"
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
  std::vector<hal::Port*> ports;  // in the order of the card's interfaces
  hal::Clock* clock = nullptr;
};

// An epoch that some worker may still read, and the entries that only it names.
struct Retired {
  Epoch epoch;
  Released released;
};

// A configuration that is built but not published. If it is dropped, all that stays is the memory that the workers'
// shards have reserved for its entries; they keep and reuse it, and it is bounded by LedgerShard::kMaxEntries and
// HitShard::kMaxEntries.
struct Prepared {
  MadeEpoch made;
  Applied applied;
  std::list<Retired> retired;  // one element, in which Publish puts the epoch before
};

class Agent {
 public:
  explicit Agent(AgentOptions options);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Is called before the workers start. They are given `tables` and `link_up`, and must live as long as the agent,
  // which reads their counts.
  void Attach(datapath::Worker* worker) { workers_.push_back(worker); }
  [[nodiscard]] const datapath::TablesPointer* tables() const { return &published_; }
  [[nodiscard]] std::span<const std::atomic<bool>> link_up() const { return link_up_; }

  // Validates and builds `config` and changes nothing. Returns the errors of Validate, MakePlan, Compile and
  // BuildTables, and kResourceExhausted when memory runs out.
  [[nodiscard]] Result<Prepared> Prepare(std::shared_ptr<const config::Config> config);
  // Can't fail and allocates nothing. No other method may be called between Prepare and this one; `generation` must be
  // above the present one.
  Applied Publish(Prepared prepared, std::uint64_t generation);

  // Prepares `config` and publishes it as the next generation. On error nothing of it is applied.
  [[nodiscard]] Result<Applied> Apply(std::shared_ptr<const config::Config> config);

  // Builds the present generation anew for the world as it is now, and publishes it. On error (kResourceExhausted) what
  // was published stays.
  [[nodiscard]] Status Republish();
  // Republishes with other interfaces, given by port and as many as before. An interface is known by its name: the
  // sessions of a name that went away rest, and resume when it comes back, on whatever port.
  [[nodiscard]] Status SetInterfaces(std::vector<config::Interface> interfaces);

  // Is called now and then: follows the ports' links and frees what no worker reads any more. Returns true when a link
  // has changed, and with it maybe a session's state.
  bool Tick();

  // Both report the present states, links included, in order of name.
  [[nodiscard]] std::vector<SessionReport> Sessions() const { return ReportSessions(current_.plan, link_up_); }
  [[nodiscard]] std::vector<TargetReport> Targets() const { return ReportTargets(current_.plan, link_up_); }

  // Every ledger line of the reading balances.
  [[nodiscard]] Reading Read() const;

  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] std::uint64_t epoch() const { return current_.tables->epoch; }
  [[nodiscard]] const config::Card& card() const { return options_.card; }

 private:
  Result<Prepared> Build(std::shared_ptr<const config::Config> config);
  [[nodiscard]] Status Reserve(Registry& registry);
  void Reclaim();

  AgentOptions options_;
  std::vector<datapath::Worker*> workers_;
  std::vector<std::atomic<bool>> link_up_;
  std::uint64_t generation_ = 0;
  Epoch current_;
  Registry registry_;           // belongs to current_
  std::list<Retired> retired_;  // oldest first
  datapath::TablesPointer published_{nullptr};
};

}  // namespace heliostat::agent
