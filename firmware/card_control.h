// What this program gives the control plane: state, trust and listener as its arguments say, what people are told, and
// what the card says of itself. The I/O thread, but for StartProvisioner and Tick, which are the agent's thread's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/agent_thread.h"
#include "arguments.h"
#include "base/status.h"
#include "card.h"
#include "card_state.h"
#include "control/card_clock.h"
#include "control/control_plane.h"
#include "hal/byte_stream.h"
#include "linux/system_clock.h"

namespace heliostat {

class CardControl {
 public:
  // Opens state and listener, and reads whom the card trusts: before the ports, since it costs less.
  [[nodiscard]] static Result<std::unique_ptr<CardControl>> Open(const Arguments& arguments,
                                                                 const config::Board& board);
  ~CardControl();

  // Before the agent has a thread.
  void Provision(agent::Agent& agent);
  void Tick() { plane_->provisioner().Tick(); }
  // What is stored is applied; what of it failed is said, and the card runs on. Before connections are taken.
  void StartProvisioner();
  [[nodiscard]] Status Serve(agent::AgentThread& agent, const Card& card, hal::Poller& poller);

  [[nodiscard]] control::Server* server() { return plane_->server(); }
  // Of the configuration that runs, when it has changed since it was last asked for; else null.
  [[nodiscard]] std::shared_ptr<const control::Published> News();
  // What a person should know, until the end: it is in get_info.
  void Remember(const std::string& remark);
  void Shutdown();

 private:
  CardControl(const Arguments& arguments, const config::Board& board) : arguments_(arguments), board_(board) {}
  Status OpenTrust();
  [[nodiscard]] control::CardView View(const Card& card);

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
  std::vector<std::string> remarks_;
  std::unique_ptr<control::ControlPlane> plane_;
  std::shared_ptr<const control::Published> told_;
};

}  // namespace heliostat
