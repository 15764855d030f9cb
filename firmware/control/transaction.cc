#include "control/transaction.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/out_of_memory.h"
#include "config/tunnel_ids.h"

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

// Time that must pass for each thing that is copied, many times what copying takes: a full configuration may be begun
// with some ten times a second.
constexpr std::uint64_t kCopyNs = 500;

// What copying it costs, counted in rules.
std::uint64_t SizeOf(const config::Config& config) {
  std::uint64_t size = config.targets.size() + config.filters.size() + config.sessions.size();
  for (const config::Filter& filter : config.filters) size += filter.inbound.size() + filter.outbound.size();
  for (const config::Session& session : config.sessions) size += session.sources.size();
  return size;
}

std::string UtcText(std::uint64_t wall_ns) {
  const auto seconds = static_cast<std::time_t>(wall_ns / kSecondNs);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "an unknown time";
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

Status Transaction::Begin(const Caller& caller, const config::Config& base, std::uint64_t number, std::uint64_t now_ns,
                          std::uint64_t wall_ns) {
  CheckTime(now_ns);
  if (open_ && open_->connection == caller.connection) {
    return {Code::kFailedPrecondition, "transaction", "this connection has one open", "commit or abort it first"};
  }
  if (open_) {
    return {Code::kUnavailable, "transaction", open_->holder,
            "wait until it is committed or aborted; left alone it ends after " +
                std::to_string(times_.idle / kSecondNs) + " s"};
  }
  // Each copies the configuration, on the thread that serves everybody.
  const std::uint64_t cost_ns = std::min(SizeOf(base) * kCopyNs, kCopyBurstNs);
  copy_left_ns_ = std::min(kCopyBurstNs, copy_left_ns_ + now_ns - copied_ns_);
  copied_ns_ = now_ns;
  if (cost_ns > copy_left_ns_) {
    return {Code::kUnavailable, "transaction", "transactions are begun too often for a configuration of this size",
            "try again in a second"};
  }
  copy_left_ns_ -= cost_ns;
  Open open;
  open.connection = caller.connection;
  open.holder = caller.identity.user + " from " + caller.identity.address + " has one open since " + UtcText(wall_ns);
  open.base = number;
  HELIOSTAT_RETURN_IF_ERROR(CatchOutOfMemory([&] { open.editor.emplace(base, limits_); }));
  open.begun_ns = open.used_ns = now_ns;
  open_ = std::move(open);
  return {};
}

Status Transaction::Held(const Caller& caller) const {
  if (open_ && open_->connection == caller.connection) return {};
  const bool had = ended_connection_ == caller.connection && !ended_why_.empty();
  return {Code::kFailedPrecondition, "transaction", had ? "it is over: " + ended_why_ : "none is open",
          "begin one and send the edits again"};
}

Status Transaction::Apply(const Caller& caller, const codec::Edit& edit, std::uint64_t now_ns, std::uint32_t* change) {
  *change = 0;
  CheckTime(now_ns);
  HELIOSTAT_RETURN_IF_ERROR(Held(caller));
  open_->editor->BeginFrame();
  codec::ChangeReader reader(edit);
  std::uint32_t count = 0;
  for (std::span<const std::uint8_t> bytes; reader.Next(&bytes);) {
    ++count;
    Status applied = CatchOutOfMemory([&] { return open_->editor->Apply(bytes); });
    if (applied.ok()) continue;
    *change = count;
    End(caller.connection, "an edit was wrong");
    return applied;
  }
  open_->used_ns = now_ns;
  return {};
}

Result<Transaction::Edited> Transaction::Finish(const Caller& caller) {
  HELIOSTAT_RETURN_IF_ERROR(Held(caller));
  Result<Edited> edited = CatchOutOfMemory([&]() -> Result<Edited> {
    Result<config::Config> config = open_->editor->Finish();
    if (!config.ok()) return config.status();
    HELIOSTAT_RETURN_IF_ERROR(config::PickTunnelIds(*config));
    return Edited{open_->base, std::make_shared<const config::Config>(std::move(*config))};
  });
  if (!edited.ok()) End(caller.connection, "it could not be finished");
  return edited;
}

void Transaction::Decide(std::uint64_t connection) {
  if (IsOf(connection)) open_->editor.reset();
}

void Transaction::End(std::uint64_t connection, std::string_view why) {
  if (!open_ || open_->connection != connection) return;
  open_.reset();
  ended_connection_ = connection;
  ended_why_.clear();
  // Told to people, so it may be lacking.
  LeaveOutOfMemory([&] { ended_why_ = why; });
}

void Transaction::Forget(std::uint64_t connection) {
  if (open_ && open_->editor) End(connection, "");
}

std::uint64_t Transaction::due_ns() const {
  if (!open_ || !open_->editor) return kNever;
  return std::min(open_->used_ns + times_.idle, open_->begun_ns + times_.whole);
}

void Transaction::CheckTime(std::uint64_t now_ns) {
  if (now_ns < due_ns()) return;
  const bool idle = now_ns >= open_->used_ns + times_.idle;
  End(open_->connection, idle ? "nothing came for " + std::to_string(times_.idle / kSecondNs) + " s"
                              : "it took longer than " + std::to_string(times_.whole / kSecondNs) + " s");
}

}  // namespace heliostat::control
