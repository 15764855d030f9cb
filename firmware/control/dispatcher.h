// One request -> its answer. May the caller ask for it? Then what is at hand is answered at once, what is long frame by
// frame, and what is the agent's by the agent's thread. The I/O thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "codec/control.h"
#include "control/agent_calls.h"
#include "control/caller.h"
#include "control/card_clock.h"
#include "control/card_view.h"
#include "control/reply.h"
#include "control/shared_reading.h"
#include "control/transaction.h"
#include "hal/clock.h"

namespace heliostat::agent {
class Agent;
}  // namespace heliostat::agent

namespace heliostat::storage {
class AuditLog;
}  // namespace heliostat::storage

namespace heliostat::control {

class CardSettings;
class ItemReply;
class Provisioner;
struct Published;
struct UseCounts;

class Dispatcher {
 public:
  struct Options {
    CardView card;
    agent::Agent* agent = nullptr;       // Read on the agent's thread
    Provisioner* provisioner = nullptr;  // the agent's thread, but for published()
    storage::AuditLog* audit = nullptr;  // the agent's thread
    CardSettings* settings = nullptr;
    CardClock* clock = nullptr;
    hal::Clock* monotonic = nullptr;
    AgentCalls* calls = nullptr;
    TransactionTimes transaction_times{};
  };
  explicit Dispatcher(Options options);
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // How many are served: for get_info.
  void set_connections(std::function<std::uint32_t()> connections) { connections_ = std::move(connections); }

  void Welcome(const Caller& caller, std::uint64_t id, std::string* out);
  // Appends the answer, one frame, and returns null; or returns what gives it.
  [[nodiscard]] std::shared_ptr<Reply> Serve(const Caller& caller, const codec::Request& request, std::uint64_t now_ns,
                                             std::string* out);
  // A request of the caller's could not be decoded. It may have been an edit, so a transaction is over.
  void Refused(const Caller& caller);
  // The transaction is that connection's.
  [[nodiscard]] bool Edits(std::uint64_t connection) const { return transaction_.IsOf(connection); }
  // The connection is gone.
  void Forget(const Caller& caller);

  // Now and then, and at due_ns.
  void Tick(std::uint64_t now_ns);
  [[nodiscard]] std::uint64_t due_ns() const { return transaction_.due_ns(); }

 private:
  struct Asked {  // a request on its way
    const Caller& caller;
    std::uint64_t id;
    std::uint64_t now_ns;
    std::string* out;
  };
  using Answer = std::shared_ptr<Reply>;
  Answer Do(const Asked& asked, const codec::Hello& hello);
  Answer Do(const Asked& asked, const codec::GetInfo& get);
  Answer Do(const Asked& asked, const codec::Begin& begin);
  Answer Do(const Asked& asked, const codec::Edit& edit);
  Answer Do(const Asked& asked, const codec::Commit& commit);
  Answer Do(const Asked& asked, const codec::Abort& abort);
  Answer Do(const Asked& asked, const codec::Confirm& confirm);
  Answer Do(const Asked& asked, const codec::Rollback& rollback);
  Answer Do(const Asked& asked, const codec::ListGenerations& list);
  Answer Do(const Asked& asked, const codec::Get& get);
  Answer Do(const Asked& asked, const codec::List& list);
  Answer Do(const Asked& asked, const codec::Watch& watch);
  Answer Do(const Asked& asked, const codec::GetAudit& get);
  Answer Do(const Asked& asked, const codec::SetTrust& set);
  Answer Do(const Asked& asked, const codec::GetTrust& get);
  Answer Do(const Asked& asked, const codec::SetTime& set);

  static Answer Refuse(const Asked& asked, const Status& why, std::uint32_t change = 0);
  Answer Walk(const Asked& asked, codec::List query, bool get);
  Answer WalkPast(const Asked& asked, std::uint64_t generation, std::shared_ptr<ItemReply> reply);
  [[nodiscard]] std::shared_ptr<const UseCounts> UsesOf(const std::shared_ptr<const config::Config>& config);
  [[nodiscard]] std::uint32_t ConfirmLeft(const Published& published, std::uint64_t now_ns) const;
  // `work` on the agent's thread, `answer(result, frame)` here, whether the caller is still there or not. An answer
  // that there is no memory for becomes an error.
  template <typename Work, typename Encode>
  Answer OnAgent(std::uint64_t id, Work work, Encode answer);

  Options options_;
  Transaction transaction_;
  SharedReading reading_;
  // One at a time, also for those who do not wait for it: it reads a whole generation, and commits wait meanwhile.
  bool rolling_back_ = false;
  std::shared_ptr<const UseCounts> uses_;  // of the configuration last walked
  // Of older generations one at most is read, and held, at a time: each takes memory like the current one.
  std::weak_ptr<ItemReply> past_reply_;
  std::weak_ptr<const UseCounts> past_uses_;
  std::uint64_t past_generation_ = 0;
  std::function<std::uint32_t()> connections_;
  std::uint64_t begun_ns_;
};

}  // namespace heliostat::control
