// The control plane of a card, put together: what commits go through, and the connections that ask for them. The one
// place that knows in which order its parts are made and end.
//
//   stores, agent --> Provisioner            from then on the agent's thread may tick
//   agent's thread, TLS, listener, poller --> AgentCalls, CardSettings, Dispatcher --> Server
//
// The agent's thread ends before this does, so that no work is under way that asks for it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "control/agent_calls.h"
#include "control/card_clock.h"
#include "control/card_settings.h"
#include "control/card_stores.h"
#include "control/card_view.h"
#include "control/dispatcher.h"
#include "control/provisioner.h"
#include "control/server.h"
#include "hal/byte_stream.h"
#include "hal/clock.h"
#include "hal/secure_channel.h"

namespace heliostat::control {

class ControlPlane {
 public:
  // Nothing is applied yet: that is Provisioner::Start. `clock` gives the time of records, and when a commit is
  // overdue. All outlive this.
  ControlPlane(agent::Agent& agent, CardStores& stores, hal::Clock& clock);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // The agent's thread, but for what says otherwise.
  [[nodiscard]] Provisioner& provisioner() { return provisioner_; }

  // All outlive this.
  struct Access {
    std::function<void(AgentCalls::Work)> post{};  // hands work to the agent's thread
    hal::Poller* poller = nullptr;
    hal::Listener* listener = nullptr;
    hal::SecureServer* secure = nullptr;
    hal::TrustBundle trust{};  // that `secure` uses
    CardClock* clock = nullptr;
    hal::Clock* monotonic = nullptr;
    CardView card{};
    ServerLimits limits{};
    std::function<void(std::string_view)> log{};
  };
  // Connections are taken from now on. Once; errors are Server::Start's. The I/O thread.
  [[nodiscard]] Status Serve(Access access);
  // Null: there are no connections. The I/O thread.
  [[nodiscard]] Server* server() { return server_.get(); }
  // Answers that are under way go out, in that time, and nobody is served any more. The I/O thread.
  void Shutdown(int limit_ms);

 private:
  agent::Agent& agent_;
  CardStores& stores_;
  Provisioner provisioner_;
  std::unique_ptr<AgentCalls> calls_;
  std::unique_ptr<CardSettings> settings_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<Server> server_;
};

}  // namespace heliostat::control
