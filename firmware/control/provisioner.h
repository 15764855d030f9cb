// What a card's configuration goes through: the one place that knows the order of a commit.
//
//   still the base? -> owners -> nothing in use is taken away -> validate -> build -> write and sync -> publish ->
//   audit
//
// What fails, fails before anything has changed. Runs on the agent's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "base/status.h"
#include "config/config.h"
#include "control/identity.h"
#include "hal/clock.h"
#include "hal/secure_channel.h"
#include "storage/audit_log.h"
#include "storage/generation_store.h"
#include "storage/settings_store.h"

namespace heliostat::control {

// What readers on other threads see: immutable.
struct Published {
  std::uint64_t generation = 0;
  std::shared_ptr<const config::Config> config;
  std::vector<agent::SessionReport> sessions;  // by name
  std::vector<storage::GenerationInfo> kept;   // oldest first
  std::uint64_t confirm_by_ns = 0;             // monotonic; 0: nothing waits
  std::uint64_t flash_bytes = 0;
  std::uint64_t flash_used_bytes = 0;
  std::vector<std::string> remarks;
};

struct CommitRequest {
  Identity by;
  std::uint64_t base = 0;                        // the generation that `config` was edited from
  std::shared_ptr<const config::Config> config;  // names sorted, not yet validated
  std::uint32_t confirm_within_s = 0;
  std::string comment;
  bool dry_run = false;
};

class Provisioner {
 public:
  struct Options {
    agent::Agent* agent = nullptr;
    config::Limits limits;
    storage::GenerationStore* store = nullptr;
    storage::AuditLog* audit = nullptr;
    storage::SettingsStore* settings = nullptr;
    hal::Clock* clock = nullptr;  // monotonic
    std::uint64_t (*wall_ns)() = nullptr;
  };
  explicit Provisioner(Options options);
  ~Provisioner();

  // Once, before anything else: applies the stored configuration, undoes a generation that was not confirmed before
  // the restart, writes the audit record that a cut has kept back.
  [[nodiscard]] Status Start();

  [[nodiscard]] Result<codec::Committed> Commit(const CommitRequest& request);
  [[nodiscard]] Result<codec::Committed> Rollback(const Identity& by, const codec::Rollback& rollback);
  [[nodiscard]] Status Confirm(const Identity& by, std::uint64_t generation);
  // A change that is no configuration.
  [[nodiscard]] Status RecordAudit(const Identity& by, const std::string& action, const std::string& summary);
  // Undoes what was not confirmed in time. Now and then.
  void Tick();

  // The configuration of a generation that is kept. kNotFound, kDataLoss.
  [[nodiscard]] Result<std::shared_ptr<const config::Config>> ConfigOf(std::uint64_t generation);

  // Any thread.
  [[nodiscard]] std::shared_ptr<const Published> published() const;
};

}  // namespace heliostat::control
