#include "control/provisioner.h"

#include <algorithm>
#include <utility>

#include "base/out_of_memory.h"
#include "base/utf8.h"
#include "codec/change.h"
#include "codec/control.h"
#include "control/owners.h"

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kRetryNs = 1 * kSecondNs;
constexpr std::uint64_t kStartAgainNs = 10 * kSecondNs;
constexpr std::size_t kNamedInactive = 16;

std::string Numbered(std::uint64_t generation) { return "generation " + std::to_string(generation); }

Status Lost(std::uint64_t generation) {
  return {Code::kAborted, Numbered(generation), "it is not the current one any more", "read again and retry"};
}

// Not for good: memory, or a device that fails.
bool MayPass(const Status& status) {
  return status.code() == Code::kResourceExhausted || status.code() == Code::kUnavailable;
}

std::vector<codec::Committed::KindChanges> CountByKind(const std::vector<config::Difference>& differences) {
  std::vector<codec::Committed::KindChanges> counts;
  for (const config::Difference& difference : differences) {  // by kind
    if (counts.empty() || counts.back().kind != difference.kind) counts.push_back({.kind = difference.kind});
    codec::Committed::KindChanges& count = counts.back();
    ++(difference.added() ? count.added : difference.removed() ? count.removed : count.changed);
  }
  return counts;
}

void CountSessions(const config::Config& config, const std::vector<agent::SessionReport>& reports,
                   codec::Committed* committed) {
  committed->sessions = static_cast<std::uint32_t>(config.sessions.size());
  for (std::size_t i = 0; i < reports.size() && i < config.sessions.size(); ++i) {  // both by name
    const agent::SessionReport& report = reports[i];
    if (report.active) ++committed->active_sessions;
    if (report.active || !config.sessions[i].enabled || committed->inactive.size() == kNamedInactive) continue;
    committed->inactive.push_back({report.name, report.tunnel_id, false, report.reason});
  }
}

// `by` null: the card itself.
storage::Provenance ProvenanceOf(const Identity* by, std::uint64_t time_ns, std::string_view action,
                                 std::string_view summary, std::string_view comment) {
  storage::Provenance made;
  made.time_ns = time_ns;
  made.user = "card";
  if (by != nullptr) {
    made.role = static_cast<std::uint8_t>(by->role);
    made.user = CutText(by->user, storage::kMaxNameBytes);
    made.owner = CutText(by->owner, storage::kMaxNameBytes);
    made.address = CutText(by->address, storage::kMaxNameBytes);
  }
  made.action = CutText(action, storage::kMaxNameBytes);
  made.summary = CutText(summary, storage::kMaxTextBytes);
  made.comment = CutText(comment, storage::kMaxTextBytes);
  return made;
}

storage::AuditRecord RecordOf(const storage::Provenance& made, std::uint64_t generation) {
  storage::AuditRecord record{made};
  record.generation = generation;
  return record;
}

}  // namespace

// A change to be made, whoever wants it.
struct Provisioner::Intent {
  const Identity* by = nullptr;  // null: the card itself
  std::shared_ptr<const config::Config> config;
  const char* action = "";
  std::string origin;  // put before the summary
  std::uint32_t confirm_within_s = 0;
  std::string comment;
  bool dry_run = false;
};

// A change that is written: all that is left can't fail.
struct Provisioner::Ready {
  agent::Prepared prepared;
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<Published> published;
};

Provisioner::Provisioner(Options options) : options_(options), config_(std::make_shared<const config::Config>()) {
  auto nothing = std::make_shared<Published>();
  nothing->config = config_;
  published_ = std::move(nothing);
}

Provisioner::~Provisioner() = default;

Status Provisioner::Start() {
  // Those of records that outlived their generations are not given again: each would have a record already.
  options_.store->SkipNumbers(options_.audit->highest_generation());
  start_ = CatchOutOfMemory([this] { return Begin(); });
  (void)WriteDueRecords();
  Refresh();
  return start_.ok() ? audit_ : start_;
}

Status Provisioner::Begin() {
  again_ = false;
  if (options_.store->current() == 0) return {};
  broken_ = OutOfMemory();  // what throws leaves it so: no change may be made on top of what is not there
  again_ = true;
  Result<std::shared_ptr<const config::Config>> stored = Load(options_.store->current());
  if (!stored.ok()) {
    broken_ = stored.status();
    again_ = MayPass(broken_);
    if (!Unconfirmed()) return broken_;
    const Status broken = broken_;
    const Status undone = UndoUnconfirmed();  // what it goes back to may be whole
    return undone.ok() ? undone : broken;
  }
  config_ = *stored;
  last_read_ = {};
  broken_ = Status();
  if (Unconfirmed()) {
    again_ = false;  // Tick tries to undo it anyway
    return UndoUnconfirmed();
  }
  Result<agent::Prepared> prepared = options_.agent->Prepare(config_);
  if (!prepared.ok()) {
    again_ = prepared.status().subject() == OutOfMemory().subject();
    return prepared.status().Within(Numbered(options_.store->current()) + " is not applied:");
  }
  (void)options_.agent->Publish(std::move(*prepared), options_.store->current());
  again_ = false;
  return {};
}

// Nothing is applied yet, so where this fails nothing unconfirmed is: Tick goes on trying.
Status Provisioner::UndoUnconfirmed() {
  confirm_by_ns_ = std::max<std::uint64_t>(options_.clock->MonotonicNs(), 1);
  return Revert("not confirmed before the card restarted");
}

Result<codec::Committed> Provisioner::Commit(const CommitRequest& request) {
  return CatchOutOfMemory([&]() -> Result<codec::Committed> {
    if (request.base != options_.store->current()) return Lost(request.base);
    return Change(
        {&request.by, request.config, "commit", {}, request.confirm_within_s, request.comment, request.dry_run});
  });
}

Result<codec::Committed> Provisioner::Rollback(const Identity& by, const codec::Rollback& rollback) {
  return CatchOutOfMemory([&]() -> Result<codec::Committed> {
    if (rollback.expected_generation != 0 && rollback.expected_generation != options_.store->current()) {
      return Lost(rollback.expected_generation);
    }
    const bool to_nothing = rollback.generation == 0;
    if (to_nothing && !(Unconfirmed() && options_.store->generations().back().base == 0)) {
      return Status(Code::kInvalidArgument, "generation", "there is none of number 0", "name one that is kept");
    }
    if (Unconfirmed()) {
      const std::uint64_t before = options_.store->generations().back().base;
      if (rollback.generation != before || rollback.confirm_within_s != 0) {
        return Status(Code::kFailedPrecondition, Numbered(options_.store->current()), "it waits to be confirmed",
                      "confirm it, or roll back to " + Numbered(before) + " for good");
      }
    }
    Result<std::shared_ptr<const config::Config>> config =
        to_nothing ? std::make_shared<const config::Config>() : ConfigOf(rollback.generation);
    if (!config.ok()) return config.status();
    last_read_ = {};  // one configuration less while the other tables are built
    return Change({&by, std::move(*config), "rollback", "to " + std::to_string(rollback.generation) + ": ",
                   rollback.confirm_within_s, rollback.comment, rollback.dry_run});
  });
}

Status Provisioner::CheckTaken(const Intent& intent) const {
  if (intent.by == nullptr) return {};
  if (!broken_.ok()) HELIOSTAT_RETURN_IF_ERROR(CheckReplaces(intent));
  if (intent.confirm_within_s > codec::kMaxConfirmSeconds) {
    return {Code::kInvalidArgument, "confirm_within_s", "it is " + std::to_string(intent.confirm_within_s),
            "use at most " + std::to_string(codec::kMaxConfirmSeconds)};
  }
  if (!Unconfirmed() || std::string_view(intent.action) != "commit") return {};
  return {Code::kFailedPrecondition, Numbered(options_.store->current()), "it waits to be confirmed",
          "confirm it or roll it back first"};
}

// What can't be read is no base for a commit, and nobody can tell whose it was. What does not look at it may take its
// place: a generation that can be read, and where it is lost for good, a configuration that is made anew.
Status Provisioner::CheckReplaces(const Intent& intent) const {
  const bool rollback = std::string_view(intent.action) == "rollback";
  if (intent.by->role != codec::Role::kAdmin || (!rollback && MayPass(broken_))) return broken_;
  if (intent.confirm_within_s == 0) return {};
  return {Code::kFailedPrecondition, Numbered(options_.store->current()),
          "it can't be read, so nothing can go back to it", "commit without a time to confirm"};
}

Result<codec::Committed> Provisioner::Change(const Intent& intent) {
  HELIOSTAT_RETURN_IF_ERROR(CheckTaken(intent));
  const std::uint64_t current = options_.store->current();
  const std::vector<config::Difference> differences = config::Compare(*config_, *intent.config);
  codec::Committed committed;
  committed.dry_run = intent.dry_run;
  if (intent.by != nullptr) {
    const config::Guests guests(options_.agent->card().interfaces);
    const control::Change change{*config_, *intent.config, differences, guests};
    HELIOSTAT_RETURN_IF_ERROR(CheckOwners(*intent.by, change));
    HELIOSTAT_RETURN_IF_ERROR(CheckUses(change));
    HELIOSTAT_RETURN_IF_ERROR(CheckNotInUse(change));
    if (differences.empty() && start_.ok()) {
      committed.generation = current;
      CountSessions(*config_, options_.agent->Sessions(), &committed);
      return committed;
    }
  }
  Result<agent::Prepared> prepared = options_.agent->Prepare(intent.config);
  if (!prepared.ok()) return prepared.status();
  committed.generation = options_.store->next();
  committed.changes = CountByKind(differences);
  CountSessions(*intent.config, prepared->applied.sessions, &committed);
  committed.confirm_within_s = intent.confirm_within_s;
  if (intent.dry_run) return committed;

  const bool recorded = WriteDueRecords();
  if (!recorded && intent.by != nullptr) return audit_;  // a revert waits for nothing
  const storage::GenerationInfo info = InfoOf(intent, differences);
  Ready ready{std::move(*prepared), intent.config, std::make_shared<Published>()};
  ready.published->config = intent.config;
  ready.published->sessions = std::move(ready.prepared.applied.sessions);
  ready.published->targets = std::move(ready.prepared.applied.targets);
  ready.published->kept = options_.store->generations();
  ready.published->kept.push_back(info);
  ready.published->flash_bytes = options_.store->region_bytes();
  ready.published->remarks = Remarks();
  last_read_ = {};
  const Result<std::uint64_t> number = Write(intent, info);
  last_read_ = {};  // compaction may have read one
  if (!number.ok()) {
    stale_ = true;  // what was begun takes room on flash
    return number.status();
  }
  confirm_by_ns_ =
      intent.confirm_within_s == 0 ? 0 : options_.clock->MonotonicNs() + intent.confirm_within_s * kSecondNs;
  committed.generation = *number;
  const bool well = start_.ok() && revert_.ok();
  Publish(std::move(ready), *number);
  if (!WriteDueRecords() || !well) Refresh();
  return committed;
}

storage::GenerationInfo Provisioner::InfoOf(const Intent& intent,
                                            const std::vector<config::Difference>& differences) const {
  const std::string summary = intent.origin + config::Summarize(differences);
  storage::GenerationInfo info{ProvenanceOf(intent.by, WallNs(), intent.action, summary, intent.comment)};
  info.unconfirmed = intent.confirm_within_s != 0;
  info.base = info.unconfirmed ? options_.store->current() : 0;
  return info;
}

Result<std::uint64_t> Provisioner::Write(const Intent& intent, const storage::GenerationInfo& info) {
  const auto from = [&intent](const config::Config& before) {
    return [&intent, &before](const storage::Sink& sink) {
      return CatchOutOfMemory([&] { return codec::WriteChanges(before, *intent.config, sink); });
    };
  };
  const config::Config nothing;
  return CatchOutOfMemory([&] {
    const storage::Producer whole = from(nothing);
    return options_.store->Commit(info, broken_.ok() ? from(*config_) : storage::Producer(), whole);
  });
}

// Nothing here fails or allocates: the generation is on flash.
void Provisioner::Publish(Ready ready, std::uint64_t number) {
  (void)options_.agent->Publish(std::move(ready.prepared), number);
  config_ = std::move(ready.config);
  start_ = Status();
  broken_ = Status();
  again_ = false;
  revert_ = Status();
  Published& next = *ready.published;
  next.generation = number;
  next.kept.back().number = number;
  const std::vector<storage::GenerationInfo>& kept = options_.store->generations();
  std::erase_if(next.kept, [&kept](const storage::GenerationInfo& info) {  // compaction lets old ones go
    return std::none_of(kept.begin(), kept.end(), [&](const auto& k) { return k.number == info.number; });
  });
  next.confirm_by_ns = confirm_by_ns_;
  next.flash_used_bytes = options_.store->used_bytes();
  Show(std::move(ready.published));
}

Status Provisioner::Confirm(const Identity& by, std::uint64_t generation) {
  return CatchOutOfMemory([&]() -> Status {
    if (!Unconfirmed() || generation != options_.store->current()) {
      return {Code::kFailedPrecondition, Numbered(generation),
              generation > options_.store->current() || generation == 0 ? "there is none"
                                                                        : "it does not wait to be confirmed",
              "see the kept generations"};
    }
    const storage::GenerationInfo& info = options_.store->generations().back();
    if (by.role != codec::Role::kAdmin && (by.role != codec::Role::kOperator || by.owner != info.owner)) {
      return {Code::kPermissionDenied, Numbered(generation),
              "it was made for " + (info.owner.empty() ? std::string("the admin") : "\"" + info.owner + "\"") +
                  ", and you act for \"" + by.owner + "\"",
              "have them or an admin confirm it"};
    }
    HELIOSTAT_RETURN_IF_ERROR(RecordAudit(by, "confirm", "stays"));
    if (Status confirmed = options_.store->Confirm(generation); !confirmed.ok()) {
      (void)RecordAudit(by, "confirm", "failed: it still waits");
      return confirmed;
    }
    confirm_by_ns_ = 0;
    revert_ = Status();
    // After a start that could not undo it nothing is applied: now it is what Tick goes on with.
    again_ = !start_.ok();
    Refresh();
    return {};
  });
}

void Provisioner::Tick() {
  const bool links = options_.agent->Tick();
  const std::uint64_t now_ns = options_.clock->MonotonicNs();
  if (again_ && now_ns >= try_start_ns_) {
    try_start_ns_ = now_ns + kStartAgainNs;
    start_ = CatchOutOfMemory([this] { return Begin(); });
    stale_ = true;
  }
  if (confirm_by_ns_ != 0 && now_ns >= confirm_by_ns_ && now_ns >= try_revert_ns_) {
    try_revert_ns_ = now_ns + kRetryNs;
    revert_ = CatchOutOfMemory([this] { return Revert("not confirmed in time"); });
    stale_ = true;
  }
  if (links || stale_) Refresh();
}

// Of the card's own will: it asks no owner, and what is in use there was valid there.
Status Provisioner::Revert(const std::string& why) {
  const storage::GenerationInfo& info = options_.store->generations().back();
  Result<std::shared_ptr<const config::Config>> base = Load(info.base);
  if (!base.ok()) return base.status();
  const std::string undone = Numbered(info.number);
  return Change({nullptr, std::move(*base), "revert", "to " + std::to_string(info.base) + ": ", 0,
                 undone + " was " + why, false})
      .status();
}

bool Provisioner::Unconfirmed() const {
  const std::vector<storage::GenerationInfo>& kept = options_.store->generations();
  return !kept.empty() && kept.back().unconfirmed;
}

Result<std::shared_ptr<const config::Config>> Provisioner::ConfigOf(std::uint64_t generation) {
  if (generation == 0) generation = options_.store->current();
  return CatchOutOfMemory([&]() -> Result<std::shared_ptr<const config::Config>> {
    if (generation == options_.store->current() && broken_.ok()) return config_;
    return Load(generation);
  });
}

Status Provisioner::WriteSnapshot(std::uint64_t generation, const storage::Sink& sink) {
  const Result<std::shared_ptr<const config::Config>> config = ConfigOf(generation);
  if (!config.ok()) return config.status();
  return CatchOutOfMemory([&] { return codec::WriteChanges(config::Config{}, **config, sink); });
}

// From flash, but for the one read last.
Result<std::shared_ptr<const config::Config>> Provisioner::Load(std::uint64_t generation) {
  if (last_read_.config && last_read_.generation == generation) return last_read_.config;
  last_read_ = {};
  // Today's limits are asked about when it is validated.
  codec::ConfigEditor editor(config::Config{}, config::kNoLimits, codec::ChangesFrom::kFlash);
  HELIOSTAT_RETURN_IF_ERROR(options_.store->Read(
      generation, [&editor](std::span<const std::uint8_t> change) { return editor.Apply(change); }));
  Result<config::Config> config = editor.Finish();
  if (!config.ok()) return config.status().Within(Numbered(generation));
  last_read_ = {generation, std::make_shared<const config::Config>(std::move(*config))};
  return last_read_.config;
}

// One for every generation behind the newest record's: usually none.
bool Provisioner::WriteDueRecords() {
  audit_ = CatchOutOfMemory([this]() -> Status {
    for (const storage::GenerationInfo& info : options_.store->generations()) {
      if (info.number > options_.audit->newest().generation) {
        HELIOSTAT_RETURN_IF_ERROR(Append(RecordOf(info, info.number)));
      }
    }
    return {};
  });
  return audit_.ok();
}

Status Provisioner::Append(storage::AuditRecord record) {
  return options_.audit->Append(std::move(record)).Within("audit log:");
}

Status Provisioner::RecordAudit(const Identity& by, const std::string& action, const std::string& summary) {
  return CatchOutOfMemory([&]() -> Status {
    if (!WriteDueRecords()) return audit_;
    return Append(RecordOf(ProvenanceOf(&by, WallNs(), action, summary, {}), options_.store->current()));
  });
}

std::uint64_t Provisioner::WallNs() const {
  return options_.wall_ns != nullptr ? options_.wall_ns() : options_.clock->WallNs();
}

void Provisioner::Refresh() {
  const Status made = CatchOutOfMemory([this]() -> Status {
    auto next = std::make_shared<Published>();
    next->generation = options_.store->current();
    next->config = config_;
    next->sessions = options_.agent->Sessions();
    next->targets = options_.agent->Targets();
    next->kept = options_.store->generations();
    next->confirm_by_ns = confirm_by_ns_;
    next->flash_bytes = options_.store->region_bytes();
    next->flash_used_bytes = options_.store->used_bytes();
    next->remarks = Remarks();
    Show(std::move(next));
    return {};
  });
  stale_ = !made.ok();
}

std::vector<std::string> Provisioner::Remarks() const {
  std::vector<std::string> remarks;
  const auto add = [&remarks](const char* what, const Status& status) {
    if (!status.ok()) remarks.push_back(what + status.ToString());
  };
  add("the stored configuration: ", start_);
  add("a generation that was not confirmed is not undone yet: ", revert_);
  add("an audit record is due: ", audit_);
  add("", options_.store->damage());
  add("", options_.audit->damage());
  return remarks;
}

void Provisioner::Show(std::shared_ptr<const Published> next) {
  const std::lock_guard lock(mutex_);
  published_.swap(next);
}

std::shared_ptr<const Published> Provisioner::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace heliostat::control
