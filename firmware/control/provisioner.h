// What a card's configuration goes through: the one place that knows the order of a commit.
//
//   still the base? -> nothing waits to be confirmed -> owners -> nothing in use is taken away -> validate -> build ->
//   write and sync -> publish -> audit
//
// What fails, fails before anything has changed; memory that runs out is such an error. What differs in nothing makes
// no generation and no record. An audit record that could not be written is written before the next change, or there
// is no next change, but a revert: its record comes later too. One that a cut has kept back is written at the start.
//
// Confirmed commit: a generation that is not confirmed in time, or before the card restarts, is undone by a new one
// with the content of the one before (action `revert`, user `card`). While it waits no other commit is taken:
// kFailedPrecondition. A rollback is, to the generation before, for good. Both always fit on flash. It is confirmed by
// an admin, or by an operator for the owner who made it. A confirmation is recorded before it is done: it is never done
// without a record.
//
// Runs on the agent's thread. Memory in a commit: the configurations and tables of before and after; one more
// configuration where flash has to be compacted or an older generation is read.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "codec/control.h"
#include "config/config.h"
#include "config/difference.h"
#include "control/audit_trail.h"
#include "control/generation_reader.h"
#include "control/identity.h"
#include "control/published.h"
#include "control/standing.h"
#include "hal/clock.h"
#include "storage/audit_log.h"
#include "storage/generation_store.h"

namespace heliostat::agent {
class Agent;
}  // namespace heliostat::agent

namespace heliostat::control {

struct CommitRequest {
  Identity by;
  std::uint64_t base = 0;                        // the generation that `config` was edited from
  std::shared_ptr<const config::Config> config;  // names sorted, not yet validated
  std::uint32_t confirm_within_s = 0;            // at most codec::kMaxConfirmSeconds
  std::string comment{};
  bool dry_run = false;
};

class Provisioner {
 public:
  struct Options {
    agent::Agent* agent = nullptr;
    storage::GenerationStore* store = nullptr;  // its snapshot callback calls WriteSnapshot
    storage::AuditLog* audit = nullptr;
    hal::Clock* clock = nullptr;
  };
  explicit Provisioner(Options options);
  ~Provisioner();

  // Once, before anything else: applies the stored configuration, undoes a generation that was not confirmed before
  // the restart, writes the audit record that a cut has kept back; numbers of generations go on behind those that the
  // audit log knows. On error the card runs without what failed and says so in its remarks: a stored configuration that
  // does not fit this board mirrors nothing, and can be changed; one that can't be read an admin can replace whole, by
  // a rollback to a generation that can be, or, where it is lost for good, by a commit on top of nothing. Where it was
  // memory that ran out, or a device that failed, Tick tries again.
  [[nodiscard]] Status Start();

  // kAborted: `base` is not the current generation any more. kFailedPrecondition: in use, or one waits to be confirmed.
  // Else as owners.h, Agent::Prepare and GenerationStore::Commit say.
  [[nodiscard]] Result<codec::Committed> Commit(const CommitRequest& request);
  // kNotFound: not kept. The difference to the present is judged like any commit. Generation 0, the empty
  // configuration, only from a first one that waits to be confirmed: else kInvalidArgument.
  [[nodiscard]] Result<codec::Committed> Rollback(const Identity& by, const codec::Rollback& rollback);
  // kFailedPrecondition, kPermissionDenied.
  [[nodiscard]] Status Confirm(const Identity& by, std::uint64_t generation);

  // In the place of Agent::Tick: follows links, undoes what was not confirmed in time, starts what Start could not. Now
  // and then.
  void Tick();

  // The configuration of a generation that is kept; 0: of the current one. kNotFound, kDataLoss, kResourceExhausted.
  [[nodiscard]] Result<std::shared_ptr<const config::Config>> ConfigOf(std::uint64_t generation);
  // Its changes from nothing: GenerationStore::Options::snapshot.
  [[nodiscard]] Status WriteSnapshot(std::uint64_t generation, const storage::Sink& sink);

  // Of a change that makes no generation: `trust`, `time`. Before it is done. kUnavailable, kResourceExhausted.
  [[nodiscard]] Status RecordAudit(const Identity& by, const std::string& action, const std::string& summary);

  // Any thread.
  [[nodiscard]] std::shared_ptr<const Published> published() const;

 private:
  struct Intent;
  struct Ready;

  Status Begin();
  Status Apply();
  Status UndoUnconfirmed();
  Result<codec::Committed> Change(const Intent& intent);
  Status CheckTaken(const Intent& intent) const;
  Status CheckReplaces(const Intent& intent) const;
  Status CheckRights(const Identity& by, const config::Config& after,
                     const std::vector<config::Difference>& differences) const;
  [[nodiscard]] storage::GenerationInfo InfoOf(const Intent& intent,
                                               const std::vector<config::Difference>& differences) const;
  Result<std::uint64_t> Write(const Intent& intent, const std::vector<config::Difference>& differences,
                              const storage::GenerationInfo& info);
  void Publish(Ready ready, std::uint64_t number, std::uint64_t confirm_by_ns);
  Status Revert(const std::string& why);
  [[nodiscard]] bool Unconfirmed() const;
  void Refresh();  // what readers see, from what is
  [[nodiscard]] std::vector<std::string> Remarks() const;
  void Show(std::shared_ptr<const Published> next);

  Options options_;
  std::shared_ptr<const config::Config> config_;  // the current one, where it can be read
  Standing standing_;
  AuditTrail trail_;
  GenerationReader reader_;

  mutable std::mutex mutex_;
  std::shared_ptr<const Published> published_;
};

}  // namespace heliostat::control
