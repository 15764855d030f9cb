#include "agent/agent.h"

#include <algorithm>
#include <utility>

#include "base/out_of_memory.h"

namespace heliostat::agent {

Agent::Agent(AgentOptions options) : options_(std::move(options)), link_up_(options_.ports.size()) {
  auto nothing = std::make_unique<datapath::Tables>();
  nothing->ports.resize(options_.ports.size());
  current_.tables = std::move(nothing);
  published_.store(current_.tables.get(), std::memory_order_release);
  Tick();
}

Agent::~Agent() = default;

Result<Prepared> Agent::Prepare(std::shared_ptr<const config::Config> config) {
  return CatchOutOfMemory([&]() -> Result<Prepared> {
    HELIOSTAT_RETURN_IF_ERROR(config::Validate(*config, options_.card));
    Result<Prepared> prepared = Build(std::move(config));
    if (!prepared.ok()) return prepared;
    const Epoch& next = prepared->made.epoch;
    prepared->applied = {0, next.compiled.policies.size(), ReportSessions(next.plan, link_up_),
                         ReportTargets(next.plan, link_up_)};
    return prepared;
  });
}

Result<Prepared> Agent::Build(std::shared_ptr<const config::Config> config) {
  Reclaim();  // before free entries are counted
  const TablesOptions options{options_.hardware_id, options_.seed, options_.clock->MonotonicNs()};
  Result<MadeEpoch> made = MakeEpoch(std::move(config), options_.card.interfaces, options, current_, registry_);
  if (!made.ok()) return made.status();
  made->epoch.tables->epoch = epoch() + 1;
  HELIOSTAT_RETURN_IF_ERROR(Reserve(made->registry));
  Prepared prepared;
  prepared.made = std::move(*made);
  prepared.retired.emplace_back();
  return prepared;
}

// Reserves all the memory that Publish and Reclaim will need, so that they allocate nothing.
Status Agent::Reserve(Registry& registry) {
  registry.ledger_entries().ReserveFree();
  registry.hit_entries().ReserveFree();
  for (datapath::Worker* worker : workers_) {
    if (!worker->ledger().Reserve(registry.ledger_entries().used())) {
      return {Code::kResourceExhausted, "ledger",
              "no memory for " + std::to_string(registry.ledger_entries().used()) + " lines of counters",
              "apply fewer session sources"};
    }
    if (!worker->hits().Reserve(registry.hit_entries().used())) {
      return {Code::kResourceExhausted, "rules",
              "no memory for the hits of " + std::to_string(registry.hit_entries().used()) + " rules",
              "apply fewer rules"};
    }
  }
  return OkStatus();
}

Applied Agent::Publish(Prepared prepared, std::uint64_t generation) {
  generation_ = prepared.applied.generation = generation;
  registry_ = std::move(prepared.made.registry);
  prepared.retired.front() = {std::move(current_), std::move(prepared.made.released)};
  current_ = std::move(prepared.made.epoch);
  published_.store(current_.tables.get(), std::memory_order_release);
  retired_.splice(retired_.end(), prepared.retired);
  Reclaim();
  return std::move(prepared.applied);
}

// For a configuration that is not kept: a file's, or a test's.
Result<Applied> Agent::Apply(std::shared_ptr<const config::Config> config) {
  Result<Prepared> prepared = Prepare(std::move(config));
  if (!prepared.ok()) return prepared.status();
  return Publish(std::move(*prepared), generation_ + 1);
}

// What runs was validated when it was committed; only the world has changed since.
Status Agent::Republish() {
  if (current_.plan.config == nullptr) return OkStatus();
  Result<Prepared> prepared = CatchOutOfMemory([this] { return Build(current_.plan.config); });
  if (!prepared.ok()) return prepared.status();
  (void)Publish(std::move(*prepared), generation_);
  return OkStatus();
}

Status Agent::SetInterfaces(std::vector<config::Interface> interfaces) {
  if (interfaces.size() != options_.card.interfaces.size()) {
    return {Code::kInternal, "interfaces", "they are not as many as the card's ports", {}};
  }
  for (std::size_t port = 0; port < interfaces.size(); ++port) {
    if (interfaces[port].kind == options_.card.interfaces[port].kind) continue;
    return {Code::kUnsupported, "interface \"" + interfaces[port].name + "\"",
            "its port was opened for an interface of another kind", "use a port of its kind"};
  }
  std::swap(options_.card.interfaces, interfaces);
  Status published = Republish();
  if (!published.ok()) std::swap(options_.card.interfaces, interfaces);
  return published;
}

bool Agent::Tick() {
  bool changed = false;
  for (std::size_t i = 0; i < link_up_.size(); ++i) {
    const bool up = options_.ports[i]->LinkUp();
    changed = link_up_[i].exchange(up, std::memory_order_relaxed) != up || changed;
  }
  Reclaim();
  return changed;
}

// Frees the epochs that every worker has left: one that reads a later epoch never goes back to an earlier one.
void Agent::Reclaim() {
  std::uint64_t oldest_read = ~std::uint64_t{0};
  for (const datapath::Worker* worker : workers_) oldest_read = std::min(oldest_read, worker->epoch());
  while (!retired_.empty() && retired_.front().epoch.tables->epoch < oldest_read) {
    const Released& released = retired_.front().released;
    for (const std::uint32_t entry : released.ledger) {
      for (datapath::Worker* worker : workers_) worker->ledger().Clear(entry);
      registry_.ledger_entries().Free(entry);
    }
    for (const std::uint32_t entry : released.hits) {
      for (datapath::Worker* worker : workers_) worker->hits().Clear(entry);
      registry_.hit_entries().Free(entry);
    }
    retired_.pop_front();
  }
}

Reading Agent::Read() const {
  Reading reading;
  for (const auto& [session, state] : registry_.sessions()) {
    for (const Registry::Source& source : state->sources) {
      for (const config::Direction direction : {config::Direction::kInbound, config::Direction::kOutbound}) {
        const std::uint32_t entry = source.ledger[static_cast<std::size_t>(direction)];
        if (entry == Registry::kNoEntry) continue;
        LedgerLine line{{session, source.interface, direction}, {}};
        for (const datapath::Worker* worker : workers_) line.counts += worker->ledger().Read(entry);
        reading.ledger.push_back(std::move(line));
      }
    }
  }
  for (const auto& [key, hits] : registry_.hits()) {
    RuleHits counted{key.first, key.second, {}};
    for (std::size_t rule = 0; rule < hits.origins.size(); ++rule) {
      std::uint64_t packets = 0;
      for (const datapath::Worker* worker : workers_) packets += worker->hits().Read((*hits.entries)[rule]);
      if (packets == 0) continue;
      counted.rules.push_back({hits.origins[rule].number, hits.origins[rule].service, packets});
    }
    if (!counted.rules.empty()) reading.hits.push_back(std::move(counted));
  }
  reading.ports.resize(options_.ports.size());
  for (std::size_t port = 0; port < reading.ports.size(); ++port) {
    for (const datapath::Worker* worker : workers_) reading.ports[port] += worker->ReadPort(port);
    reading.ports[port].receive_missed = options_.ports[port]->ReceiveMissed();
  }
  return reading;
}

}  // namespace heliostat::agent
