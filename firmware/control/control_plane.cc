#include "control/control_plane.h"

#include <utility>

namespace heliostat::control {

ControlPlane::ControlPlane(agent::Agent& agent, CardStores& stores, hal::Clock& clock)
    : agent_(agent),
      stores_(stores),
      provisioner_({.agent = &agent, .store = &stores.generations(), .audit = &stores.audit(), .clock = &clock}) {
  stores_.set_provisioner(&provisioner_);
}

ControlPlane::~ControlPlane() { stores_.set_provisioner(nullptr); }

Status ControlPlane::Serve(Access access) {
  calls_ = std::make_unique<AgentCalls>(std::move(access.post), [poller = access.poller] { poller->Wake(); });
  settings_ = std::make_unique<CardSettings>(CardSettings::Options{.settings = &stores_.settings(),
                                                                   .provisioner = &provisioner_,
                                                                   .calls = calls_.get(),
                                                                   .clock = access.clock,
                                                                   .secure = access.secure,
                                                                   .trust = std::move(access.trust),
                                                                   .recheck = [this] { server_->Recheck(); }});
  dispatcher_ = std::make_unique<Dispatcher>(Dispatcher::Options{.card = std::move(access.card),
                                                                 .agent = &agent_,
                                                                 .provisioner = &provisioner_,
                                                                 .audit = &stores_.audit(),
                                                                 .settings = settings_.get(),
                                                                 .clock = access.clock,
                                                                 .monotonic = access.monotonic,
                                                                 .calls = calls_.get()});
  Result<std::unique_ptr<Server>> server = Server::Start({.listener = access.listener,
                                                          .poller = access.poller,
                                                          .secure = access.secure,
                                                          .clock = access.monotonic,
                                                          .dispatcher = dispatcher_.get(),
                                                          .calls = calls_.get(),
                                                          .limits = access.limits,
                                                          .log = std::move(access.log)});
  if (!server.ok()) return server.status();
  server_ = std::move(*server);
  return OkStatus();
}

void ControlPlane::Shutdown(int limit_ms) {
  if (server_ != nullptr) server_->Shutdown(limit_ms);
}

}  // namespace heliostat::control
