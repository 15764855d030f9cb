#include "helioctl/card/card_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "config/difference.h"
#include "helioctl/card/change_plan.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/progress.h"
#include "helioctl/cli/table.h"

namespace heliostat::helioctl {
namespace {

constexpr int kMostAttempts = 5;
constexpr std::chrono::milliseconds kBusyPause{250};
constexpr std::string_view kBusySubject = "transaction";  // PROTOCOL.md, Transactions

// One try against one generation.
class Transaction {
 public:
  Transaction(CardClient& client, const CommitOptions& options, Progress& progress, std::ostream& err)
      : client_(client), options_(options), progress_(progress), err_(err) {}

  // kAborted: the card has another generation.
  Result<CommitAnswer> Run(std::uint64_t generation, std::vector<v1::Change> plan, const std::string& summary) {
    HELIOSTAT_RETURN_IF_ERROR(Begin(generation));
    HELIOSTAT_RETURN_IF_ERROR(Send(std::move(plan)));
    progress_.Tell("waiting for the card to commit");
    v1::Request request;
    v1::Commit& commit = *request.mutable_commit();
    commit.set_confirm_within_s(options_.confirm_within_s);
    commit.set_comment(options_.comment);
    commit.set_dry_run(options_.dry_run);
    return CallForCommit(client_, request, generation, summary, err_);
  }

 private:
  Status Begin(std::uint64_t generation) {
    v1::Request request;
    request.mutable_begin()->set_expected_generation(generation);
    progress_.Clear();
    return CallWhenFree(client_, request, err_).status();
  }

  Status Send(std::vector<v1::Change> plan) {
    const std::size_t all = plan.size();
    std::size_t sent = 0;
    for (v1::Edit& edit : Batches(std::move(plan))) {
      progress_.Tell("sending changes", sent, all);
      sent += static_cast<std::size_t>(edit.changes_size());
      v1::Request request;
      request.mutable_edit()->Swap(&edit);
      const auto response = client_.Call(request);
      if (!response.ok()) return Named(response.status(), request.edit());
    }
    return OkStatus();
  }

  // An error that does not say whose it is gets the resource of the change that was refused.
  Status Named(const Status& status, const v1::Edit& edit) {
    const auto change = static_cast<int>(client_.refused_change());
    if (!status.subject().empty() || change == 0 || change > edit.changes_size()) return status;
    return Status(status.code(), AboutWhat(edit.changes(change - 1)).Subject(), status.reason(), status.fix());
  }

  CardClient& client_;
  const CommitOptions& options_;
  Progress& progress_;
  std::ostream& err_;
};

bool IsDryRun(const v1::Request& request) {
  return request.has_commit() ? request.commit().dry_run() : request.rollback().dry_run();
}

const std::string& CommentOf(const v1::Request& request) {
  return request.has_commit() ? request.commit().comment() : request.rollback().comment();
}

// Two jobs of one user may well give the same comment, or none.
bool IsOf(const v1::Request& request, const std::string& summary, const v1::Generation& made) {
  if (made.comment() != CommentOf(request)) return false;
  return request.has_rollback() ? made.summary().starts_with(summary) : made.summary() == summary;
}

// What a card made next after `base`, if it was us who asked for it. That it made nothing says nothing: it may still be
// at it.
std::optional<v1::Generation> FindMade(CardClient& client, const v1::Request& request, std::uint64_t base,
                                       const std::string& summary) {
  if (!client.Reconnect().ok()) return std::nullopt;
  const auto generations = ReadGenerations(client);
  if (!generations.ok()) return std::nullopt;
  const auto next = std::find_if(generations->begin(), generations->end(),
                                 [base](const v1::Generation& generation) { return generation.number() > base; });
  if (next == generations->end()) return std::nullopt;
  if (next->user() != client.welcome().user() || !IsOf(request, summary, *next)) return std::nullopt;
  return *next;
}

Status Unknown(const Status& lost, std::string_view shown_by) {
  return Status(lost.code(), lost.subject(), lost.reason() + ", so whether it was done is unknown",
                "see `" + std::string(shown_by) + "` before you try again");
}

}  // namespace

Result<std::vector<v1::Generation>> ReadGenerations(CardClient& client) {
  v1::Request request;
  request.mutable_list_generations();
  auto response = client.Call(std::move(request));
  if (!response.ok()) return response.status();
  const auto& listed = response->generations().generations();
  return std::vector<v1::Generation>(listed.begin(), listed.end());
}

int FailToSet(const Status& why, bool lost, std::string_view shown_by, Streams streams) {
  return lost ? FailUnknown(Unknown(why, shown_by), streams) : Fail(why, streams);
}

Result<CommitAnswer> CallForCommit(CardClient& client, const v1::Request& request, std::uint64_t base,
                                   const std::string& summary, std::ostream& err) {
  const auto response = request.has_rollback() ? CallWhenFree(client, request, err) : client.Call(request);
  CommitAnswer answer;
  if (response.ok()) {
    answer.committed = response->committed();
    return answer;
  }
  if (!client.broken() || IsDryRun(request)) return response.status();
  const auto made = FindMade(client, request, base, summary);
  answer.lost = made.has_value();
  if (!made) {
    answer.unknown = Unknown(response.status(), "helioctl generations");
    return answer;
  }
  answer.committed.set_generation(made->number());
  answer.committed.set_confirm_within_s(made->confirm_left_s());
  return answer;
}

Result<v1::Response> CallWhenFree(CardClient& client, const v1::Request& request, std::ostream& err) {
  bool told = false;
  while (true) {
    auto response = client.Call(request);
    if (response.ok()) return response;
    const Status busy = response.status();
    // A broken connection and a flash that fails are unavailable too, and stay so.
    if (busy.code() != Code::kUnavailable || busy.subject() != kBusySubject || client.broken()) return busy;
    if (!told) err << "helioctl: waiting: " << Printable(busy.ToString()) << std::endl;
    told = true;
    std::this_thread::sleep_for(kBusyPause);
    if (client.timed_out()) {
      return Status(busy.code(), busy.subject(), busy.reason(), "try again later, or wait longer with --timeout");
    }
  }
}

Result<CardChange> ChangeCard(CardClient& client, std::span<const Selection> selections, const Want& want,
                              const CommitOptions& options, std::ostream& err) {
  Progress progress(err);
  Status lost;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    progress.Tell("reading the card's configuration");
    CardChange change;
    auto before = ReadRemote(client, selections);
    if (!before.ok()) return before.status();
    change.before = std::move(*before);
    auto after = want(change.before);
    if (!after.ok()) return after.status();
    change.after = std::move(*after);
    auto plan = PlanChanges(change.before.config, change.after);
    if (!plan.ok()) return plan.status();
    if (plan->empty()) return change;
    const std::string summary = config::Summarize(config::Compare(change.before.config, change.after));
    auto answer = Transaction(client, options, progress, err).Run(change.before.generation, std::move(*plan), summary);
    if (answer.ok()) {
      change.answer_lost = answer->lost;
      change.unknown = std::move(answer->unknown);
      if (change.unknown.ok()) change.committed = std::move(answer->committed);
      return change;
    }
    lost = answer.status();
    if (lost.code() != Code::kAborted || client.broken()) return lost;
  }
  return Status(lost.code(), lost.subject(),
                fmt::format("others changed the card {} times meanwhile: {}", kMostAttempts, lost.reason()),
                "try again when they are done");
}

}  // namespace heliostat::helioctl
