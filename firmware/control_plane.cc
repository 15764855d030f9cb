#include "control_plane.h"

#include <utility>

#include "linux/process_memory.h"
#include "linux/sockets.h"
#include "log.h"
#include "mbedtls/mbedtls_server.h"

namespace heliostat {
namespace {

constexpr std::size_t kMaxRemarks = 16;
constexpr int kShutdownMs = 2000;

}  // namespace

ControlPlane::~ControlPlane() = default;

Result<std::unique_ptr<ControlPlane>> ControlPlane::Open(const Arguments& arguments, const config::Board& board) {
  std::unique_ptr<ControlPlane> plane(new ControlPlane(arguments, board));
  Result<std::unique_ptr<CardState>> state = CardState::Open(arguments.state, board.flash);
  if (!state.ok()) return state.status();
  plane->state_ = std::move(*state);
  for (const std::string& damage : plane->state_->damage()) {
    Log("warning: " + damage);
    plane->Remember(damage);
  }
  plane->clock_ =
      std::make_unique<control::CardClock>(plane->system_clock_, control::ReadTimeBound(plane->state_->settings()));
  HELIOSTAT_RETURN_IF_ERROR(plane->OpenTrust());
  Result<std::unique_ptr<hal::Listener>> listener = hal::linux_os::Listen(arguments.listen);
  if (!listener.ok()) return listener.status();
  plane->listener_ = std::move(*listener);
  return plane;
}

Status ControlPlane::OpenTrust() {
  new_trust_ = control::ReadTrust(state_->settings()).ca.empty();
  Result<hal::TrustBundle> trust = LoadTrust(state_->settings(), arguments_.trust);
  if (!trust.ok()) return trust.status();
  trust_ = std::move(*trust);
  Result<std::unique_ptr<hal::SecureServer>> secure = hal::mbedtls::OpenServer(trust_, clock_.get());
  if (secure.ok()) {
    secure_ = std::move(*secure);
    return OkStatus();
  }
  if (new_trust_) return secure.status().Within(arguments_.trust);
  // Mirroring goes on under what is stored; nobody would be let in with a bundle like this anyway.
  Log("error: no control connection: the trust bundle on the flash can't be used: " + secure.status().ToString());
  return OkStatus();
}

void ControlPlane::Provision(agent::Agent& agent) {
  agent_ = &agent;
  provisioner_ = std::make_unique<control::Provisioner>(control::Provisioner::Options{
      .agent = &agent, .store = &state_->generations(), .audit = &state_->audit(), .clock = clock_.get()});
  state_->set_provisioner(provisioner_.get());
}

void ControlPlane::StartProvisioner() {
  if (const Status started = provisioner_->Start(); !started.ok()) Log("error: " + started.ToString());
}

control::CardView ControlPlane::View(agent::Agent& agent, const Card& card) {
  control::CardView view;
  view.name = arguments_.name;
  if (view.name.empty()) {
    const std::vector<std::string>& names = secure_->state().certificate.dns_names;
    view.name = names.empty() ? board_.name : names.front();
  }
  view.board = board_.name;
  view.description = board_.description;
  view.firmware = HELIOSTAT_VERSION;
  view.hardware_id = board_.hardware_id;
  view.workers = static_cast<std::uint32_t>(card.workers());
  view.limits = board_.limits;
  view.interfaces = agent.card().interfaces;
  view.drivers = card.Drivers();
  view.link_up = agent.link_up();
  view.peak_memory_bytes = [] { return hal::linux_os::PeakMemoryBytes(); };
  view.remarks = [this] { return remarks_; };
  return view;
}

Status ControlPlane::Serve(agent::AgentThread& agent, const Card& card, hal::Poller& poller) {
  if (secure_ == nullptr) return OkStatus();
  // Not before all else has been found right: a start that fails leaves the choice of --trust.
  if (new_trust_) HELIOSTAT_RETURN_IF_ERROR(control::WriteTrust(trust_, state_->settings()));
  calls_ = std::make_unique<control::AgentCalls>(
      [&agent](control::AgentCalls::Work work) { agent.Post(std::move(work)); }, [&poller] { poller.Wake(); });
  settings_ = std::make_unique<control::CardSettings>(control::CardSettings::Options{.settings = &state_->settings(),
                                                                                     .provisioner = provisioner_.get(),
                                                                                     .calls = calls_.get(),
                                                                                     .clock = clock_.get(),
                                                                                     .secure = secure_.get(),
                                                                                     .trust = std::move(trust_),
                                                                                     .recheck = {}});
  dispatcher_ = std::make_unique<control::Dispatcher>(control::Dispatcher::Options{.card = View(*agent_, card),
                                                                                   .agent = agent_,
                                                                                   .provisioner = provisioner_.get(),
                                                                                   .audit = &state_->audit(),
                                                                                   .settings = settings_.get(),
                                                                                   .clock = clock_.get(),
                                                                                   .monotonic = &system_clock_,
                                                                                   .calls = calls_.get()});
  Result<std::unique_ptr<control::Server>> server = control::Server::Start({.listener = listener_.get(),
                                                                            .poller = &poller,
                                                                            .secure = secure_.get(),
                                                                            .clock = &system_clock_,
                                                                            .dispatcher = dispatcher_.get(),
                                                                            .calls = calls_.get(),
                                                                            .log = Log});
  if (!server.ok()) return server.status();
  server_ = std::move(*server);
  settings_->set_recheck([this] { server_->Recheck(); });
  Log("control on " + listener_->address());
  return OkStatus();
}

std::shared_ptr<const control::Published> ControlPlane::News() {
  std::shared_ptr<const control::Published> now = provisioner_->published();
  if (now == nullptr || (told_ != nullptr && told_->generation == now->generation)) return nullptr;
  told_ = now;
  return now;
}

void ControlPlane::Remember(const std::string& remark) {
  if (remarks_.size() < kMaxRemarks) remarks_.push_back(remark);
}

void ControlPlane::Shutdown() {
  if (server_ != nullptr) server_->Shutdown(kShutdownMs);
}

}  // namespace heliostat
