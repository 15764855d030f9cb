// The agent: the one place that knows the order in which a configuration becomes real.
//
// Prepare validates, plans, compiles and builds: all that may fail. Publish can't fail: it stores one pointer. Between
// the two a caller may write the configuration to flash. Workers take it up at their next pass; what they leave behind
// is freed when the last has. A *generation* is what an operator committed; each publication is an *epoch*, and the
// agent publishes the same generation again when the world changes under it. All methods: the agent's thread, except
// where said.
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
  std::vector<hal::Port*> ports;  // as the card's interfaces
  hal::Clock* clock = nullptr;
};

// What some worker may still read, and the entries that nothing but it names.
struct Retired {
  Epoch epoch;
  Released released;
};

// A configuration that is built and not published. Dropped, it leaves nothing behind but the memory that the workers'
// shards have reserved for its entries, which they keep and use again: at most LedgerShard::kMaxEntries and
// HitShard::kMaxEntries of them.
struct Prepared {
  MadeEpoch made;
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
  [[nodiscard]] const datapath::TablesPointer* tables() const { return &published_; }
  [[nodiscard]] std::span<const std::atomic<bool>> link_up() const { return link_up_; }

  // Validates and builds `config`; nothing is changed. kResourceExhausted when memory runs out, too; else as Validate,
  // MakePlan, Compile and BuildTables.
  [[nodiscard]] Result<Prepared> Prepare(std::shared_ptr<const config::Config> config);
  // Can't fail and allocates nothing. No other method is called since its Prepare; `generation` is above the present
  // one.
  Applied Publish(Prepared prepared, std::uint64_t generation);

  // Both at once, under the next number: all of `config`, or nothing of it and the error.
  [[nodiscard]] Result<Applied> Apply(std::shared_ptr<const config::Config> config);

  // The present generation once more, as the world is now. On error (kResourceExhausted) what was published stays.
  [[nodiscard]] Status Republish();
  // The same, with other interfaces: by port, as many as before. One of another name is another interface: the sessions
  // of the name that went rest, and go on when it comes back, on whatever port.
  [[nodiscard]] Status SetInterfaces(std::vector<config::Interface> interfaces);

  // Now and then: follows the ports' links, frees what no worker reads any more. True: a link has changed, and with it
  // maybe a session's state.
  bool Tick();

  // As they are now, links included; by name.
  [[nodiscard]] std::vector<SessionReport> Sessions() const { return ReportSessions(current_.plan, link_up_); }
  [[nodiscard]] std::vector<TargetReport> Targets() const { return ReportTargets(current_.plan, link_up_); }

  // Balanced per line.
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
  Registry registry_;           // of current_
  std::list<Retired> retired_;  // oldest first
  datapath::TablesPointer published_{nullptr};
};

}  // namespace heliostat::agent
