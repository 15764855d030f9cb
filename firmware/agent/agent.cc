#include "agent/agent.h"

#include <algorithm>
#include <utility>

#include "base/out_of_memory.h"
#include "config/use.h"
#include "underlay/next_hop.h"

namespace heliostat::agent {

Agent::Agent(AgentOptions options) : options_(std::move(options)), link_up_(options_.ports.size()) {
  auto nothing = std::make_unique<datapath::Tables>();
  nothing->ports.resize(options_.ports.size());
  current_ = std::move(nothing);
  published_.store(current_.get(), std::memory_order_release);
  Tick();
}

Agent::~Agent() = default;

Result<Prepared> Agent::Prepare(std::shared_ptr<const config::Config> config) {
  return CatchOutOfMemory([&] { return Build(std::move(config)); });
}

Result<Prepared> Agent::Build(std::shared_ptr<const config::Config> config) {
  HELIOSTAT_RETURN_IF_ERROR(config::Validate(*config, options_.card));
  Reclaim();  // before counting free ledger entries
  std::vector<TargetReport> targets = TargetsOf(*config);
  const BuildInput input{std::move(config), options_.card.interfaces, options_.hardware_id, options_.seed,
                         options_.clock->MonotonicNs()};
  Result<Built> built = agent::Build(input, registry_);
  if (!built.ok()) return built.status();
  for (datapath::Worker* worker : workers_) {
    if (!worker->ledger().Reserve(built->registry.ledger_entries)) {
      return Status(Code::kResourceExhausted, "ledger",
                    "no memory for " + std::to_string(built->registry.ledger_entries) + " lines of counters",
                    "apply fewer session sources");
    }
  }
  Prepared prepared;
  prepared.built = std::move(*built);
  // Publish and Reclaim allocate nothing.
  prepared.built.registry.free_entries.reserve(prepared.built.registry.ledger_entries);
  prepared.retired.emplace_back();
  prepared.applied = {0, prepared.built.policies, ByLinks(prepared.built.sessions), std::move(targets)};
  return prepared;
}

Applied Agent::Publish(Prepared prepared, std::uint64_t generation) {
  Built& built = prepared.built;
  built.tables->generation = prepared.applied.generation = generation;
  registry_ = std::move(built.registry);
  sessions_ = std::move(built.sessions);
  prepared.retired.front() = {std::move(current_), std::move(built.dropped_entries)};
  current_ = std::move(built.tables);
  published_.store(current_.get(), std::memory_order_release);
  retired_.splice(retired_.end(), prepared.retired);
  Reclaim();
  return std::move(prepared.applied);
}

Result<Applied> Agent::Apply(std::shared_ptr<const config::Config> config) {
  Result<Prepared> prepared = Prepare(std::move(config));
  if (!prepared.ok()) return prepared.status();
  return Publish(std::move(*prepared), current_->generation + 1);
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

std::vector<SessionReport> Agent::Sessions() const { return ByLinks(sessions_); }

std::vector<SessionReport> Agent::ByLinks(const std::vector<SessionReport>& built) const {
  std::vector<SessionReport> sessions = built;
  for (SessionReport& session : sessions) {
    if (!session.active) continue;
    std::size_t up = 0;
    for (const std::uint16_t port : session.egresses) {
      if (link_up_[port].load(std::memory_order_relaxed)) {
        ++up;
      } else {
        session.reason = "the link of \"" + options_.card.interfaces[port].name + "\" is down";
      }
    }
    session.active = up != 0;
  }
  return sessions;
}

std::vector<TargetReport> Agent::Targets() const {
  return registry_.config != nullptr ? TargetsOf(*registry_.config) : std::vector<TargetReport>();
}

std::vector<TargetReport> Agent::TargetsOf(const config::Config& config) const {
  const underlay::Resolver resolver(config, options_.card.interfaces);
  const auto why_down = [&](const config::Target& one) -> std::string {
    const underlay::NextHop hop = resolver.Resolve(one);
    if (!hop.resolved) return hop.reason;
    const bool up = link_up_[hop.interface].load(std::memory_order_relaxed);
    return up ? "" : "interface \"" + options_.card.interfaces[hop.interface].name + "\" has no link";
  };
  std::vector<TargetReport> reports;
  for (const config::Target& target : config.targets) {
    TargetReport& report = reports.emplace_back();
    report.name = target.metadata.name;
    if (!target.group) {
      report.reason = why_down(target);
      report.up = report.reason.empty();
      continue;
    }
    for (const config::Target* member : config::MembersOf(config, target)) {
      const std::string reason = why_down(*member);
      report.up = report.up || reason.empty();
      if (!reason.empty() && report.reason.empty()) {
        report.reason = "target \"" + member->metadata.name + "\": " + reason;
      }
    }
  }
  return reports;
}

void Agent::Reclaim() {
  std::uint64_t oldest_read = ~std::uint64_t{0};
  for (const datapath::Worker* worker : workers_) oldest_read = std::min(oldest_read, worker->Reading());
  while (!retired_.empty() && retired_.front().tables->generation < oldest_read) {
    for (const std::uint32_t entry : retired_.front().entries) {
      for (datapath::Worker* worker : workers_) worker->ledger().Clear(entry);
      registry_.free_entries.push_back(entry);  // there is room: see Build
    }
    retired_.pop_front();
  }
}

Reading Agent::Read() const {
  Reading reading;
  for (const auto& [key, entry] : registry_.ledger) {
    LedgerLine line{key, {}};
    for (const datapath::Worker* worker : workers_) line.counts += worker->ledger().Read(entry);
    reading.ledger.push_back(std::move(line));
  }
  reading.ports.resize(options_.ports.size());
  for (std::size_t port = 0; port < reading.ports.size(); ++port) {
    for (const datapath::Worker* worker : workers_) reading.ports[port] += worker->ReadPort(port);
    reading.ports[port].receive_missed = options_.ports[port]->ReceiveMissed();
  }
  return reading;
}

}  // namespace heliostat::agent
