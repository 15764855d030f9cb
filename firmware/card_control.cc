#include "card_control.h"

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

CardControl::~CardControl() = default;

Result<std::unique_ptr<CardControl>> CardControl::Open(const Arguments& arguments, const config::Board& board) {
  std::unique_ptr<CardControl> opened(new CardControl(arguments, board));
  Result<std::unique_ptr<CardState>> state = CardState::Open(arguments.state, board.flash);
  if (!state.ok()) return state.status();
  opened->state_ = std::move(*state);
  for (const std::string& damage : opened->state_->damage()) {
    Log("warning: " + damage);
    opened->Remember(damage);
  }
  opened->clock_ = std::make_unique<control::CardClock>(opened->system_clock_,
                                                        control::ReadTimeBound(opened->state_->stores().settings()));
  HELIOSTAT_RETURN_IF_ERROR(opened->OpenTrust());
  Result<std::unique_ptr<hal::Listener>> listener = hal::linux_os::Listen(arguments.listen);
  if (!listener.ok()) return listener.status();
  opened->listener_ = std::move(*listener);
  return opened;
}

Status CardControl::OpenTrust() {
  new_trust_ = control::ReadTrust(state_->stores().settings()).ca.empty();
  Result<hal::TrustBundle> trust = LoadTrust(state_->stores().settings(), arguments_.trust);
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

void CardControl::Provision(agent::Agent& agent) {
  agent_ = &agent;
  plane_ = std::make_unique<control::ControlPlane>(agent, state_->stores(), *clock_);
}

void CardControl::StartProvisioner() {
  if (const Status started = plane_->provisioner().Start(); !started.ok()) Log("error: " + started.ToString());
}

control::CardView CardControl::View(const Card& card) {
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
  view.interfaces = agent_->card().interfaces;
  view.drivers = card.Drivers();
  view.link_up = agent_->link_up();
  view.peak_memory_bytes = [] { return hal::linux_os::PeakMemoryBytes(); };
  view.remarks = [this] { return remarks_; };
  return view;
}

Status CardControl::Serve(agent::AgentThread& agent, const Card& card, hal::Poller& poller) {
  if (secure_ == nullptr) return OkStatus();
  // Not before all else has been found right: a start that fails leaves the choice of --trust.
  if (new_trust_) HELIOSTAT_RETURN_IF_ERROR(control::WriteTrust(trust_, state_->stores().settings()));
  HELIOSTAT_RETURN_IF_ERROR(
      plane_->Serve({.post = [&agent](control::AgentCalls::Work work) { agent.Post(std::move(work)); },
                     .poller = &poller,
                     .listener = listener_.get(),
                     .secure = secure_.get(),
                     .trust = std::move(trust_),
                     .clock = clock_.get(),
                     .monotonic = &system_clock_,
                     .card = View(card),
                     .limits = {},
                     .log = Log}));
  Log("control on " + listener_->address());
  return OkStatus();
}

std::shared_ptr<const control::Published> CardControl::News() {
  std::shared_ptr<const control::Published> now = plane_->provisioner().published();
  if (now == nullptr || (told_ != nullptr && told_->generation == now->generation)) return nullptr;
  told_ = now;
  return now;
}

void CardControl::Remember(const std::string& remark) {
  if (remarks_.size() < kMaxRemarks) remarks_.push_back(remark);
}

void CardControl::Shutdown() { plane_->Shutdown(kShutdownMs); }

}  // namespace heliostat
