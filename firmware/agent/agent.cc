#include "agent/agent.h"

#include <algorithm>
#include <utility>

namespace heliostat::agent {

Agent::Agent(AgentOptions options) : options_(std::move(options)), link_up_(options_.ports.size()) {
  auto nothing = std::make_unique<datapath::Tables>();
  nothing->ports.resize(options_.ports.size());
  current_ = std::move(nothing);
  published_.store(current_.get(), std::memory_order_release);
  Tick();
}

Agent::~Agent() = default;

Result<Applied> Agent::Apply(const config::Config& config) {
  HELIOSTAT_RETURN_IF_ERROR(config::Validate(config, options_.card));
  const BuildInput input{config,        options_.card.interfaces,     options_.hardware_id, current_->generation + 1,
                         options_.seed, options_.clock->MonotonicNs()};
  Reclaim();  // before counting free ledger entries
  Result<Built> built = Build(input, registry_);
  if (!built.ok()) return built.status();
  for (datapath::Worker* worker : workers_) {
    if (!worker->ledger().Reserve(built->registry.ledger_entries)) {
      return Status(Code::kResourceExhausted, "ledger",
                    "no memory for " + std::to_string(built->registry.ledger_entries) + " lines of counters",
                    "apply fewer session sources");
    }
  }

  // From here on nothing fails.
  Applied applied{input.generation, built->policies, std::move(built->sessions)};
  registry_ = std::move(built->registry);
  Retired retired{std::move(current_), std::move(built->dropped_entries)};
  current_ = std::move(built->tables);
  published_.store(current_.get(), std::memory_order_release);
  retired_.push_back(std::move(retired));
  Reclaim();
  return applied;
}

void Agent::Tick() {
  for (std::size_t i = 0; i < link_up_.size(); ++i) {
    link_up_[i].store(options_.ports[i]->LinkUp(), std::memory_order_relaxed);
  }
  Reclaim();
}

void Agent::Reclaim() {
  std::uint64_t oldest_read = ~std::uint64_t{0};
  for (const datapath::Worker* worker : workers_) oldest_read = std::min(oldest_read, worker->Reading());
  while (!retired_.empty() && retired_.front().tables->generation < oldest_read) {
    for (const std::uint32_t entry : retired_.front().entries) {
      for (datapath::Worker* worker : workers_) worker->ledger().Clear(entry);
      registry_.free_entries.push_back(entry);
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
  for (std::uint16_t port = 0; port < reading.ports.size(); ++port) {
    for (const datapath::Worker* worker : workers_) reading.ports[port] += worker->ReadPort(port);
    reading.ports[port].receive_missed = options_.ports[port]->ReceiveMissed();
  }
  return reading;
}

}  // namespace heliostat::agent
