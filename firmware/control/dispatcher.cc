#include "control/dispatcher.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "agent/agent.h"
#include "base/out_of_memory.h"
#include "control/audit_reply.h"
#include "control/card_settings.h"
#include "control/item_reply.h"
#include "control/pending_reply.h"
#include "control/provisioner.h"
#include "control/watch_reply.h"

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

void CountUsage(const config::Config& config, codec::Info* info) {
  info->sessions = static_cast<std::uint32_t>(config.sessions.size());
  info->targets = static_cast<std::uint32_t>(config.targets.size());
  info->filters = static_cast<std::uint32_t>(config.filters.size());
  for (const config::Filter& filter : config.filters) {
    info->rules += static_cast<std::uint32_t>(filter.inbound.size() + filter.outbound.size());
  }
  for (const config::Session& session : config.sessions) {
    info->session_sources += static_cast<std::uint32_t>(session.sources.size());
  }
}

void AppendOutcome(std::uint64_t id, const Result<codec::Committed>& committed, std::string* out) {
  if (committed.ok()) {
    codec::AppendCommitted(id, *committed, out);
  } else {
    codec::AppendError(id, committed.status(), 0, out);
  }
}

}  // namespace

Dispatcher::Dispatcher(Options options)
    : options_(std::move(options)),
      transaction_(options_.card.limits, options_.transaction_times),
      reading_([agent = options_.agent] { return std::make_shared<const agent::Reading>(agent->Read()); },
               *options_.calls),
      begun_ns_(options_.monotonic->MonotonicNs()) {}

template <typename Work, typename Encode>
Dispatcher::Answer Dispatcher::OnAgent(std::uint64_t id, Work work, Encode answer) {
  auto reply = std::make_shared<PendingReply>(id);
  options_.calls->Call(std::move(work), [weak = std::weak_ptr(reply), answer = std::move(answer)](auto result) {
    std::string frame;
    Status answered = CatchOutOfMemory([&] { answer(std::move(result), &frame); });
    const auto pending = weak.lock();
    if (pending == nullptr) return;
    if (answered.ok()) {
      pending->Set(std::move(frame));
    } else {
      pending->Fail(std::move(answered));
    }
  });
  return reply;
}

Dispatcher::Answer Dispatcher::Refuse(const Asked& asked, const Status& why, std::uint32_t change) {
  codec::AppendError(asked.id, why, change, asked.out);
  return nullptr;
}

void Dispatcher::Welcome(const Caller& caller, std::uint64_t id, std::string* out) {
  codec::AppendWelcome(id, {options_.card.name, caller.identity.user, caller.identity.role, caller.identity.owner},
                       out);
}

Dispatcher::Answer Dispatcher::Serve(const Caller& caller, const codec::Request& request, std::uint64_t now_ns,
                                     std::string* out) {
  const Asked asked{caller, request.id, now_ns, out};
  if (const Status may = MayCall(caller.identity, request.call); !may.ok()) return Refuse(asked, may);
  return std::visit([&](const auto& call) { return Do(asked, call); }, request.call);
}

void Dispatcher::Refused(const Caller& caller) {
  if (transaction_.Held(caller).ok()) transaction_.End(caller.connection, "a request was not understood");
}

void Dispatcher::Forget(const Caller& caller) { transaction_.Forget(caller.connection); }

void Dispatcher::Tick(std::uint64_t now_ns) {
  transaction_.CheckTime(now_ns);
  options_.settings->Tick();
  // Counts of a configuration that is no longer current would keep it in memory.
  if (uses_ != nullptr && uses_->of != options_.provisioner->published()->config) uses_.reset();
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Hello& /*hello*/) {
  return Refuse(asked, {Code::kFailedPrecondition, "request", "hello was said already", "say it once a connection"});
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::GetInfo& /*get*/) {
  const std::shared_ptr<const Published> published = options_.provisioner->published();
  const CardView& card = options_.card;
  codec::Info info;
  info.card = card.name;
  info.board = card.board;
  info.description = card.description;
  info.firmware = card.firmware;
  info.hardware_id = card.hardware_id;
  info.workers = card.workers;
  info.uptime_s = (asked.now_ns - begun_ns_) / kSecondNs;
  info.time_ns = options_.clock->WallNs();
  info.generation = published->generation;
  info.confirm_left_s = ConfirmLeft(*published, asked.now_ns);
  info.limits = card.limits;
  CountUsage(*published->config, &info);
  info.interfaces = static_cast<std::uint32_t>(card.interfaces.size());
  info.flash_bytes = published->flash_bytes;
  info.flash_used_bytes = published->flash_used_bytes;
  info.oldest_generation = published->kept.empty() ? 0 : published->kept.front().number;
  if (card.peak_memory_bytes) info.peak_memory_bytes = card.peak_memory_bytes();
  info.connections = connections_ ? connections_() : 0;
  info.remarks = published->remarks;
  if (card.remarks) {
    for (std::string& remark : card.remarks()) info.remarks.push_back(std::move(remark));
  }
  codec::AppendInfo(asked.id, info, asked.out);
  return nullptr;
}

std::uint32_t Dispatcher::ConfirmLeft(const Published& published, std::uint64_t now_ns) const {
  if (published.confirm_by_ns == 0) return 0;
  // 0 would say that nothing waits, so what is due is shown as one second.
  if (published.confirm_by_ns <= now_ns) return 1;
  return static_cast<std::uint32_t>((published.confirm_by_ns - now_ns + kSecondNs - 1) / kSecondNs);
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Begin& begin) {
  const std::shared_ptr<const Published> published = options_.provisioner->published();
  if (begin.expected_generation != 0 && begin.expected_generation != published->generation) {
    return Refuse(asked, {Code::kAborted, "generation",
                          "the card has " + std::to_string(published->generation) + ", not " +
                              std::to_string(begin.expected_generation),
                          "read its configuration again, then change that"});
  }
  const Status begun = transaction_.Begin(asked.caller, *published->config, published->generation, asked.now_ns,
                                          options_.clock->WallNs());
  if (!begun.ok()) return Refuse(asked, begun);
  codec::AppendBegun(asked.id, published->generation, asked.out);
  return nullptr;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Edit& edit) {
  std::uint32_t change = 0;
  const Status applied = transaction_.Apply(asked.caller, edit, asked.now_ns, &change);
  if (!applied.ok()) return Refuse(asked, applied, change);
  codec::AppendDone(asked.id, asked.out);
  return nullptr;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Commit& commit) {
  Result<Transaction::Edited> edited = transaction_.Finish(asked.caller);
  if (!edited.ok()) return Refuse(asked, edited.status());
  CommitRequest request{.by = asked.caller.identity,
                        .base = edited->base,
                        .config = std::move(edited->config),
                        .confirm_within_s = commit.confirm_within_s,
                        .comment = commit.comment,
                        .dry_run = commit.dry_run};
  Answer answer = OnAgent(
      asked.id, [this, request = std::move(request)] { return options_.provisioner->Commit(request); },
      [this, id = asked.id, connection = asked.caller.connection](const Result<codec::Committed>& committed,
                                                                  std::string* out) {
        transaction_.End(connection, committed.ok() ? "" : "its commit failed");
        AppendOutcome(id, committed, out);
      });
  // Only now that somebody will end it.
  transaction_.Decide(asked.caller.connection);
  return answer;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Abort& /*abort*/) {
  if (const Status held = transaction_.Held(asked.caller); !held.ok()) return Refuse(asked, held);
  transaction_.End(asked.caller.connection, "");
  codec::AppendDone(asked.id, asked.out);
  return nullptr;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Confirm& confirm) {
  return OnAgent(
      asked.id,
      [this, by = asked.caller.identity, generation = confirm.generation] {
        return options_.provisioner->Confirm(by, generation);
      },
      [id = asked.id](const Status& confirmed, std::string* out) {
        if (confirmed.ok()) {
          codec::AppendDone(id, out);
        } else {
          codec::AppendError(id, confirmed, 0, out);
        }
      });
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Rollback& rollback) {
  if (rolling_back_) {
    return Refuse(asked, {Code::kUnavailable, "transaction", "another rollback is under way", "try again in a moment"});
  }
  Answer answer = OnAgent(
      asked.id, [this, by = asked.caller.identity, rollback] { return options_.provisioner->Rollback(by, rollback); },
      [this, id = asked.id](const Result<codec::Committed>& committed, std::string* out) {
        rolling_back_ = false;
        AppendOutcome(id, committed, out);
      });
  rolling_back_ = true;
  return answer;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::ListGenerations& /*list*/) {
  const std::shared_ptr<const Published> published = options_.provisioner->published();
  std::vector<codec::GenerationLine> lines;
  for (const storage::GenerationInfo& info : published->kept) {
    const bool current = info.number == published->generation;
    lines.push_back({.number = info.number,
                     .time_ns = info.time_ns,
                     .user = info.user,
                     .comment = info.comment,
                     .summary = info.summary,
                     .current = current,
                     .confirm_left_s = current ? ConfirmLeft(*published, asked.now_ns) : 0});
  }
  codec::AppendGenerations(asked.id, lines, asked.out);
  return nullptr;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Get& get) {
  codec::List query;
  query.kind = get.kind;
  query.name = get.name;
  query.generation = get.generation;
  return Walk(asked, std::move(query), true);
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::List& list) { return Walk(asked, list, false); }

Dispatcher::Answer Dispatcher::Walk(const Asked& asked, codec::List query, bool get) {
  const std::shared_ptr<const Published> published = options_.provisioner->published();
  const std::uint64_t generation = query.generation;
  auto reply = std::make_shared<ItemReply>(asked.id, std::move(query), get, options_.card);
  if (generation == 0 || generation == published->generation) {
    reply->Start(published->generation, UsesOf(published->config), published);
    return reply;
  }
  return WalkPast(asked, generation, std::move(reply));
}

Dispatcher::Answer Dispatcher::WalkPast(const Asked& asked, std::uint64_t generation,
                                        std::shared_ptr<ItemReply> reply) {
  if (std::shared_ptr<const UseCounts> uses = past_uses_.lock(); uses != nullptr && generation == past_generation_) {
    reply->Start(generation, std::move(uses), nullptr);
    return reply;
  }
  if (!past_reply_.expired() || !past_uses_.expired()) {
    return Refuse(asked, {Code::kUnavailable, "generation", "another older generation is being read",
                          "try again when that is done"});
  }
  const std::weak_ptr<ItemReply> weak = reply;
  options_.calls->Call(
      [this, generation, weak]() -> Result<std::shared_ptr<const config::Config>> {
        // Reading takes long, and commits wait behind it: not for somebody who has hung up.
        if (weak.expired()) return Status(Code::kAborted, "generation", "nobody waits for it");
        return options_.provisioner->ConfigOf(generation);
      },
      [this, weak, generation](const Result<std::shared_ptr<const config::Config>>& config) {
        const auto walk = weak.lock();
        if (walk == nullptr) return;
        Status started = CatchOutOfMemory([&] {
          HELIOSTAT_RETURN_IF_ERROR(config.status());
          std::shared_ptr<const UseCounts> uses = CountUses(*config);
          past_uses_ = uses;
          past_generation_ = generation;
          walk->Start(generation, std::move(uses), nullptr);
          return OkStatus();
        });
        if (!started.ok()) walk->Fail(std::move(started));
      });
  past_reply_ = weak;
  return reply;
}

std::shared_ptr<const UseCounts> Dispatcher::UsesOf(const std::shared_ptr<const config::Config>& config) {
  if (uses_ == nullptr || uses_->of != config) uses_ = CountUses(config);
  return uses_;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::Watch& watch) {
  if (const Status checked = CheckWatch(watch); !checked.ok()) return Refuse(asked, checked);
  return std::make_shared<WatchReply>(
      asked.id, watch,
      WatchReply::Options{.card = &options_.card,
                          .published = [this] { return options_.provisioner->published(); },
                          .reading = &reading_,
                          .wall_ns = [this] { return options_.clock->WallNs(); }},
      asked.now_ns);
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::GetAudit& get) {
  return std::make_shared<AuditReply>(asked.id, get, *options_.audit, *options_.calls);
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::SetTrust& set) {
  return options_.settings->SetTrust(asked.caller, asked.id, set, asked.out);
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::GetTrust& /*get*/) {
  options_.settings->GetTrust(asked.id, asked.out);
  return nullptr;
}

Dispatcher::Answer Dispatcher::Do(const Asked& asked, const codec::SetTime& set) {
  return options_.settings->SetTime(asked.caller, asked.id, set, asked.out);
}

}  // namespace heliostat::control
