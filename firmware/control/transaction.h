// The one transaction of a card: who edits, and what has been edited so far. Ends by itself when nothing comes for a
// while. The I/O thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "codec/change.h"
#include "codec/control.h"
#include "config/config.h"
#include "control/caller.h"
#include "control/reply.h"

namespace heliostat::control {

struct TransactionTimes {  // nanoseconds
  std::uint64_t idle = 30'000'000'000;
  std::uint64_t whole = 600'000'000'000;
};

class Transaction {
 public:
  explicit Transaction(const config::Limits& limits, TransactionTimes times = {}) : limits_(limits), times_(times) {}

  // kUnavailable while another connection has one: who, and since when; or when large configurations were begun with
  // many times within a second. `base` is generation `number`; `wall_ns` is for
  // people.
  [[nodiscard]] Status Begin(const Caller& caller, const config::Config& base, std::uint64_t number,
                             std::uint64_t now_ns, std::uint64_t wall_ns);
  // Every change, or up to the first that is wrong: then `*change` counts from 1, and the transaction is over.
  [[nodiscard]] Status Apply(const Caller& caller, const codec::Edit& edit, std::uint64_t now_ns,
                             std::uint32_t* change);
  // What has come of it. Nothing more is edited: what is left is Decide or End.
  struct Edited {
    std::uint64_t base = 0;
    std::shared_ptr<const config::Config> config;
  };
  [[nodiscard]] Result<Edited> Finish(const Caller& caller);
  // It is being decided: it stays until End, whether the connection does or not, so that nobody begins before.
  void Decide(std::uint64_t connection);
  // kFailedPrecondition when the caller has none, with what became of it.
  [[nodiscard]] Status Held(const Caller& caller) const;
  [[nodiscard]] bool IsOf(std::uint64_t connection) const { return open_ && open_->connection == connection; }
  // If it is that connection's. `why` is told when it asks for it again. Never fails.
  void End(std::uint64_t connection, std::string_view why);
  // The connection is gone: over, unless it is being decided.
  void Forget(std::uint64_t connection);

  void CheckTime(std::uint64_t now_ns);
  [[nodiscard]] std::uint64_t due_ns() const;

 private:
  struct Open {
    std::uint64_t connection = 0;
    std::string holder;  // for people
    std::uint64_t base = 0;
    std::optional<codec::ConfigEditor> editor;  // none: being decided
    std::uint64_t begun_ns = 0;
    std::uint64_t used_ns = 0;
  };

  config::Limits limits_;
  TransactionTimes times_;
  std::optional<Open> open_;
  static constexpr std::uint64_t kCopyBurstNs = 1'000'000'000;
  std::uint64_t copy_left_ns_ = kCopyBurstNs;  // at copied_ns_
  std::uint64_t copied_ns_ = 0;
  std::uint64_t ended_connection_ = 0;  // whose the last one was, and why it is over
  std::string ended_why_;
};

}  // namespace heliostat::control
