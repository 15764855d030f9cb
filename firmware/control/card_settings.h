// What an admin sets that is no configuration: whom the card trusts, and its time. Kept on flash before it counts.
// The I/O thread; writes to flash on the agent's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "codec/control.h"
#include "control/agent_calls.h"
#include "control/caller.h"
#include "control/card_clock.h"
#include "control/reply.h"
#include "hal/secure_channel.h"
#include "storage/settings_store.h"

namespace heliostat::control {

// As it lies on flash; empty where never set.
[[nodiscard]] hal::TrustBundle ReadTrust(const storage::SettingsStore& settings);
[[nodiscard]] Status WriteTrust(const hal::TrustBundle& bundle, storage::SettingsStore& settings);
[[nodiscard]] std::uint64_t ReadTimeBound(const storage::SettingsStore& settings);  // 0: never set
[[nodiscard]] Status WriteTimeBound(std::uint64_t bound_ns, storage::SettingsStore& settings);

class Provisioner;

class CardSettings {
 public:
  struct Options {
    storage::SettingsStore* settings = nullptr;  // the agent's thread
    Provisioner* provisioner = nullptr;          // the agent's thread
    AgentCalls* calls = nullptr;
    CardClock* clock = nullptr;
    hal::SecureServer* secure = nullptr;
    hal::TrustBundle trust;  // that `secure` uses
    // Closes connections whose certificates are not accepted any more.
    std::function<void()> recheck;
  };
  explicit CardSettings(Options options) : options_(std::move(options)) {}

  // Null: `out` has the answer.
  [[nodiscard]] std::shared_ptr<Reply> SetTrust(const Caller& caller, std::uint64_t id, const codec::SetTrust& change,
                                                std::string* out);
  [[nodiscard]] std::shared_ptr<Reply> SetTime(const Caller& caller, std::uint64_t id, const codec::SetTime& change,
                                               std::string* out);
  void GetTrust(std::uint64_t id, std::string* out) const;
  // Raises the bound on flash as far as CardClock lets it, once a day.
  void Tick();

 private:
  Status UseTrust(const Caller& caller, const codec::SetTrust& change, const hal::TrustBundle& bundle);
  // On the agent's thread, then here; `changing_` meanwhile. On error (kResourceExhausted) neither is done.
  template <typename Write, typename Then>
  [[nodiscard]] Status Ask(Write write, Then then);
  template <typename Write>
  [[nodiscard]] Status Recorded(const Identity& by, const char* action, const std::string& summary, Write write);
  [[nodiscard]] Status CheckTime(const Caller& caller, std::uint64_t time_ns) const;

  Options options_;
  bool changing_ = false;  // a change is on its way to flash
};

}  // namespace heliostat::control
