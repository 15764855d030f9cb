// The control connection and all that it needs, put together: state, clock, TLS, provisioner, server. The I/O thread,
// but for Start's and Tick's work, which is the agent's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent_thread.h"
#include "arguments.h"
#include "base/status.h"
#include "card.h"
#include "card_state.h"
#include "control/agent_calls.h"
#include "control/card_clock.h"
#include "control/card_settings.h"
#include "control/dispatcher.h"
#include "control/provisioner.h"
#include "control/server.h"
#include "hal/byte_stream.h"
#include "linux/system_clock.h"

namespace heliostat {

class ControlPlane {
 public:
  // Opens state and listener, and reads whom the card trusts: before the ports, since it costs less.
  [[nodiscard]] static Result<std::unique_ptr<ControlPlane>> Open(const Arguments& arguments,
                                                                  const config::Board& board);
  ~ControlPlane();

  // The agent's: what is stored is applied; what of it failed has been said, and the card runs on.
  void Provision(agent::Agent& agent);
  void Tick() { provisioner_->Tick(); }
  // What AgentThread::Do calls first. Then connections are taken.
  void StartProvisioner();
  [[nodiscard]] Status Serve(agent::AgentThread& agent, const Card& card, hal::Poller& poller);

  [[nodiscard]] control::Server* server() { return server_.get(); }
  // Of the configuration that runs, when it has changed since it was last asked for; else null.
  [[nodiscard]] std::shared_ptr<const control::Published> News();
  // What a person should know, until the end: it is in get_info.
  void Remember(const std::string& remark);
  void Shutdown();

 private:
  ControlPlane(const Arguments& arguments, const config::Board& board) : arguments_(arguments), board_(board) {}
  Status OpenTrust();
  [[nodiscard]] control::CardView View(agent::Agent& agent, const Card& card);

  const Arguments& arguments_;
  const config::Board& board_;
  hal::linux_os::SystemClock system_clock_;
  std::unique_ptr<CardState> state_;
  std::unique_ptr<control::CardClock> clock_;
  hal::TrustBundle trust_;
  bool new_trust_ = false;                     // not on the flash yet
  std::unique_ptr<hal::SecureServer> secure_;  // null: the stored bundle can't be used
  std::unique_ptr<hal::Listener> listener_;
  agent::Agent* agent_ = nullptr;
  std::unique_ptr<control::Provisioner> provisioner_;
  std::unique_ptr<control::AgentCalls> calls_;
  std::unique_ptr<control::CardSettings> settings_;
  std::unique_ptr<control::Dispatcher> dispatcher_;
  std::unique_ptr<control::Server> server_;
  std::vector<std::string> remarks_;
  std::shared_ptr<const control::Published> told_;
};

}  // namespace heliostat
