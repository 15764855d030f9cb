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

#include "agent/agent.h"
#include "base/status.h"
#include "config/config.h"
#include "config/difference.h"
#include "control/identity.h"
#include "hal/clock.h"
#include "hal/secure_channel.h"
#include "storage/audit_log.h"
#include "storage/generation_store.h"

namespace heliostat::control {

// What readers on other threads see: immutable.
struct Published {
  std::uint64_t generation = 0;
  std::shared_ptr<const config::Config> config;
  std::vector<agent::SessionReport> sessions;  // by name
  std::vector<agent::TargetReport> targets;    // by name
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
    hal::Clock* clock = nullptr;           // monotonic
    std::uint64_t (*wall_ns)() = nullptr;  // null: the clock's
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
  Status UndoUnconfirmed();
  Result<codec::Committed> Change(const Intent& intent);
  Status CheckTaken(const Intent& intent) const;
  Status CheckReplaces(const Intent& intent) const;
  [[nodiscard]] storage::GenerationInfo InfoOf(const Intent& intent,
                                               const std::vector<config::Difference>& differences) const;
  Result<std::uint64_t> Write(const Intent& intent, const storage::GenerationInfo& info);
  void Publish(Ready ready, std::uint64_t number);
  Status Revert(const std::string& why);
  [[nodiscard]] Result<std::shared_ptr<const config::Config>> Load(std::uint64_t generation);
  [[nodiscard]] bool Unconfirmed() const;

  // False: audit_ says why. Throws nothing.
  bool WriteDueRecords();
  Status Append(storage::AuditRecord record);
  [[nodiscard]] std::uint64_t WallNs() const;
  void Refresh();  // what readers see, from what is
  [[nodiscard]] std::vector<std::string> Remarks() const;
  void Show(std::shared_ptr<const Published> next);

  Options options_;
  std::shared_ptr<const config::Config> config_;  // the current one
  std::uint64_t confirm_by_ns_ = 0;
  std::uint64_t try_revert_ns_ = 0;
  std::uint64_t try_start_ns_ = 0;
  bool again_ = false;  // what went wrong in Start may pass
  bool stale_ = false;  // memory ran out for what readers see
  Status broken_;       // the stored configuration could not be read: config_ is not it
  Status start_;        // what went wrong in Start
  Status audit_;        // why a record is due
  Status revert_;       // why a revert is
  struct Read {
    std::uint64_t generation = 0;
    std::shared_ptr<const config::Config> config;
  };
  Read last_read_;  // of an older generation

  mutable std::mutex mutex_;
  std::shared_ptr<const Published> published_;
};

}  // namespace heliostat::control
