#include "control/provisioner.h"

#include <algorithm>
#include <utility>

#include "agent/agent.h"
#include "base/out_of_memory.h"
#include "codec/change.h"
#include "codec/control.h"
#include "control/owners.h"

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
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

Provisioner::Provisioner(Options options)
    : options_(options),
      config_(std::make_shared<const config::Config>()),
      trail_(*options_.audit, *options_.store),
      reader_(*options_.store) {
  auto nothing = std::make_shared<Published>();
  nothing->config = config_;
  published_ = std::move(nothing);
}

Provisioner::~Provisioner() = default;

Status Provisioner::Start() {
  // Those of records that outlived their generations are not given again: each would have a record already.
  options_.store->SkipNumbers(options_.audit->highest_generation());
  const Status begun = CatchOutOfMemory([this] { return Begin(); });
  trail_.WriteDue();
  Refresh();
  return begun.ok() ? trail_.due() : begun;
}

Status Provisioner::Begin() {
  const std::uint64_t current = options_.store->current();
  if (current == 0) return {};
  standing_.Unreadable(OutOfMemory(), true);  // what throws leaves it so: no change is made on top of what is not there
  Result<std::shared_ptr<const config::Config>> stored = reader_.Read(current);
  if (!stored.ok()) {
    const Status& why = stored.status();
    standing_.Unreadable(why, MayPass(why));
    // What it goes back to may be whole.
    return Unconfirmed() && UndoUnconfirmed().ok() ? OkStatus() : why;
  }
  config_ = *stored;
  reader_.Forget();
  if (!Unconfirmed()) return Apply();
  standing_.NotApplied(OutOfMemory(), false);  // Tick tries to undo it anyway
  const Status undone = UndoUnconfirmed();
  if (!undone.ok()) standing_.NotApplied(undone, false);
  return undone;
}

// What was stored, as it was read.
Status Provisioner::Apply() {
  standing_.NotApplied(OutOfMemory(), true);
  const std::uint64_t current = options_.store->current();
  Result<agent::Prepared> prepared = options_.agent->Prepare(config_);
  if (!prepared.ok()) {
    const bool again = prepared.status().subject() == OutOfMemory().subject();
    Status why = prepared.status().Within(Numbered(current) + " is not applied:");
    standing_.NotApplied(why, again);
    return why;
  }
  (void)options_.agent->Publish(std::move(*prepared), current);
  standing_.Published(0);
  return {};
}

// Nothing is applied yet, so where this fails nothing unconfirmed is: Tick goes on trying.
Status Provisioner::UndoUnconfirmed() {
  standing_.WaitsUntil(std::max<std::uint64_t>(options_.clock->MonotonicNs(), 1));
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
    reader_.Forget();  // one configuration less while the other tables are built
    return Change({&by, std::move(*config), "rollback", "to " + std::to_string(rollback.generation) + ": ",
                   rollback.confirm_within_s, rollback.comment, rollback.dry_run});
  });
}

Status Provisioner::CheckTaken(const Intent& intent) const {
  if (intent.by == nullptr) return {};
  if (!standing_.readable()) HELIOSTAT_RETURN_IF_ERROR(CheckReplaces(intent));
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
  const Status& why = standing_.why_not_applied();
  if (intent.by->role != codec::Role::kAdmin || (!rollback && MayPass(why))) return why;
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
    HELIOSTAT_RETURN_IF_ERROR(CheckRights(*intent.by, *intent.config, differences));
    if (differences.empty() && standing_.applied()) {
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

  if (!trail_.WriteDue() && intent.by != nullptr) return trail_.due();  // a revert waits for nothing
  const storage::GenerationInfo info = InfoOf(intent, differences);
  Ready ready{std::move(*prepared), intent.config, std::make_shared<Published>()};
  ready.published->config = intent.config;
  ready.published->sessions = std::move(ready.prepared.applied.sessions);
  ready.published->targets = std::move(ready.prepared.applied.targets);
  ready.published->kept = options_.store->generations();
  ready.published->kept.push_back(info);
  ready.published->flash_bytes = options_.store->region_bytes();
  ready.published->remarks = Remarks();
  reader_.Forget();
  const Result<std::uint64_t> number = Write(intent, differences, info);
  reader_.Forget();  // compaction may have read one
  if (!number.ok()) {
    standing_.set_told(false);  // what was begun takes room on flash
    return number.status();
  }
  committed.generation = *number;
  const bool well = standing_.well();
  const std::uint64_t now_ns = options_.clock->MonotonicNs();
  Publish(std::move(ready), *number, intent.confirm_within_s == 0 ? 0 : now_ns + intent.confirm_within_s * kSecondNs);
  if (!trail_.WriteDue() || !well) Refresh();
  return committed;
}

Status Provisioner::CheckRights(const Identity& by, const config::Config& after,
                                const std::vector<config::Difference>& differences) const {
  const config::Guests guests(options_.agent->card().interfaces);
  const control::Change change{*config_, after, differences, guests};
  HELIOSTAT_RETURN_IF_ERROR(CheckOwners(by, change));
  HELIOSTAT_RETURN_IF_ERROR(CheckUses(change));
  return CheckNotInUse(change);
}

storage::GenerationInfo Provisioner::InfoOf(const Intent& intent,
                                            const std::vector<config::Difference>& differences) const {
  const std::string summary = intent.origin + config::Summarize(differences);
  storage::GenerationInfo info{
      ProvenanceOf(intent.by, options_.clock->WallNs(), intent.action, summary, intent.comment)};
  info.unconfirmed = intent.confirm_within_s != 0;
  info.base = info.unconfirmed ? options_.store->current() : 0;
  return info;
}

Result<std::uint64_t> Provisioner::Write(const Intent& intent, const std::vector<config::Difference>& differences,
                                         const storage::GenerationInfo& info) {
  const storage::Producer changes = [&](const storage::Sink& sink) {
    return CatchOutOfMemory([&] { return codec::WriteChanges(*config_, *intent.config, differences, sink); });
  };
  const storage::Producer whole = [&](const storage::Sink& sink) {
    return CatchOutOfMemory([&] { return codec::WriteChanges(config::Config{}, *intent.config, sink); });
  };
  return CatchOutOfMemory(
      [&] { return options_.store->Commit(info, standing_.readable() ? changes : storage::Producer(), whole); });
}

// Nothing here fails or allocates: the generation is on flash.
void Provisioner::Publish(Ready ready, std::uint64_t number, std::uint64_t confirm_by_ns) {
  (void)options_.agent->Publish(std::move(ready.prepared), number);
  config_ = std::move(ready.config);
  standing_.Published(confirm_by_ns);
  Published& next = *ready.published;
  next.generation = number;
  next.kept.back().number = number;
  const std::vector<storage::GenerationInfo>& kept = options_.store->generations();
  std::erase_if(next.kept, [&kept](const storage::GenerationInfo& info) {  // compaction lets old ones go
    return std::none_of(kept.begin(), kept.end(), [&](const auto& k) { return k.number == info.number; });
  });
  next.confirm_by_ns = confirm_by_ns;
  next.flash_used_bytes = options_.store->used_bytes();
  Show(std::move(ready.published));
  standing_.set_told(true);
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
    standing_.Confirmed();
    Refresh();
    return {};
  });
}

void Provisioner::Tick() {
  const bool links = options_.agent->Tick();
  const std::uint64_t now_ns = options_.clock->MonotonicNs();
  if (standing_.TakeStart(now_ns)) (void)CatchOutOfMemory([this] { return Begin(); });
  if (standing_.TakeUndo(now_ns)) {
    Status undone = CatchOutOfMemory([this] { return Revert("not confirmed in time"); });
    if (!undone.ok()) standing_.Overdue(std::move(undone));
  }
  if (links || !standing_.told()) Refresh();
}

// Of the card's own will: it asks no owner, and what is in use there was valid there.
Status Provisioner::Revert(const std::string& why) {
  const storage::GenerationInfo& info = options_.store->generations().back();
  Result<std::shared_ptr<const config::Config>> base = reader_.Read(info.base);
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
    if (generation == options_.store->current() && standing_.readable()) return config_;
    return reader_.Read(generation);
  });
}

Status Provisioner::WriteSnapshot(std::uint64_t generation, const storage::Sink& sink) {
  const Result<std::shared_ptr<const config::Config>> config = ConfigOf(generation);
  if (!config.ok()) return config.status();
  return CatchOutOfMemory([&] { return codec::WriteChanges(config::Config{}, **config, sink); });
}

Status Provisioner::RecordAudit(const Identity& by, const std::string& action, const std::string& summary) {
  return CatchOutOfMemory(
      [&] { return trail_.Record(ProvenanceOf(&by, options_.clock->WallNs(), action, summary, {})); });
}

void Provisioner::Refresh() {
  const Status made = CatchOutOfMemory([this]() -> Status {
    auto next = std::make_shared<Published>();
    next->generation = options_.store->current();
    next->config = config_;
    next->sessions = options_.agent->Sessions();
    next->targets = options_.agent->Targets();
    next->kept = options_.store->generations();
    next->confirm_by_ns = standing_.confirm_by_ns();
    next->flash_bytes = options_.store->region_bytes();
    next->flash_used_bytes = options_.store->used_bytes();
    next->remarks = Remarks();
    Show(std::move(next));
    return {};
  });
  standing_.set_told(made.ok());
}

std::vector<std::string> Provisioner::Remarks() const {
  std::vector<std::string> remarks = standing_.Remarks();
  const auto add = [&remarks](const char* what, const Status& status) {
    if (!status.ok()) remarks.push_back(what + status.ToString());
  };
  add("an audit record is due: ", trail_.due());
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
