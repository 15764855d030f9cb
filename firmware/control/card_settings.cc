#include "control/card_settings.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/out_of_memory.h"
#include "control/pending_reply.h"
#include "control/provisioner.h"

namespace heliostat::control {
namespace {

using storage::Setting;

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kBoundStepNs = 86'400 * kSecondNs;

std::string ToText(const std::optional<std::span<const std::uint8_t>>& bytes, const std::string& otherwise) {
  return bytes ? std::string(bytes->begin(), bytes->end()) : otherwise;
}

codec::CertificateLine ToLine(const hal::Certificate& certificate) {
  return {.subject = certificate.subject,
          .issuer = certificate.issuer,
          .serial = certificate.serial,
          .not_before_s = certificate.not_before_s,
          .not_after_s = certificate.not_after_s,
          .sha256 = certificate.sha256};
}

// `ca, crl`
std::string NamesOf(const codec::SetTrust& change) {
  std::string names;
  const auto add = [&](bool given, std::string_view name) {
    if (given) names += (names.empty() ? "" : ", ") + std::string(name);
  };
  add(change.ca.has_value(), "ca");
  add(change.certificate.has_value(), "certificate");
  add(change.private_key.has_value(), "private key");
  add(change.crl.has_value(), "crl");
  return names;
}

Status Busy() { return {Code::kUnavailable, "card", "another change of its settings is being written", "try again"}; }

}  // namespace

hal::TrustBundle ReadTrust(const storage::SettingsStore& settings) {
  return {.ca = settings.Get(Setting::kTrustCa),
          .certificate = settings.Get(Setting::kTrustCertificate),
          .private_key = settings.Get(Setting::kTrustPrivateKey),
          .crl = settings.Get(Setting::kTrustCrl)};
}

Status WriteTrust(const hal::TrustBundle& bundle, storage::SettingsStore& settings) {
  return settings.Set({{Setting::kTrustCa, bundle.ca},
                       {Setting::kTrustCertificate, bundle.certificate},
                       {Setting::kTrustPrivateKey, bundle.private_key},
                       {Setting::kTrustCrl, bundle.crl}});
}

std::uint64_t ReadTimeBound(const storage::SettingsStore& settings) {
  const std::string& bytes = settings.Get(Setting::kTimeBound);
  if (bytes.size() != sizeof(std::uint64_t)) return 0;
  std::uint64_t bound_ns = 0;
  for (const char byte : bytes) bound_ns = bound_ns << 8U | static_cast<std::uint8_t>(byte);
  return bound_ns;
}

Status WriteTimeBound(std::uint64_t bound_ns, storage::SettingsStore& settings) {
  std::string bytes;
  for (unsigned shift = 64; shift != 0; shift -= 8) bytes.push_back(static_cast<char>(bound_ns >> (shift - 8)));
  return settings.Set({{Setting::kTimeBound, std::move(bytes)}});
}

template <typename Write, typename Then>
Status CardSettings::Ask(Write write, Then then) {
  return CatchOutOfMemory([&] {
    options_.calls->Call(std::move(write), std::move(then));
    changing_ = true;  // last: where it throws nothing is on its way, and nobody would say that it is done
  });
}

// The record comes first, so that no change is without one; where the change then fails, another one says so.
template <typename Write>
Status CardSettings::Recorded(const Identity& by, const char* action, const std::string& summary, Write write) {
  HELIOSTAT_RETURN_IF_ERROR(options_.provisioner->RecordAudit(by, action, summary));
  Status written = CatchOutOfMemory(write);
  if (!written.ok()) static_cast<void>(options_.provisioner->RecordAudit(by, action, "failed: what was before stays"));
  return written;
}

void CardSettings::GetTrust(std::uint64_t id, std::string* out) const {
  const hal::TrustState& state = options_.secure->state();
  codec::AppendTrust(id,
                     {.ca = ToLine(state.ca),
                      .certificate = ToLine(state.certificate),
                      .has_crl = state.has_crl,
                      .crl_next_update_s = state.crl_next_update_s,
                      .revoked = state.revoked},
                     out);
}

Status CardSettings::UseTrust(const Caller& caller, const codec::SetTrust& change, const hal::TrustBundle& bundle) {
  if (changing_) return Busy();
  if (NamesOf(change).empty()) {
    return {Code::kInvalidArgument, "trust", "nothing is given", "give ca, certificate, private_key or crl"};
  }
  if (!change.allow_lockout) {
    if (Status would = options_.secure->WouldAccept(*caller.channel, bundle); !would.ok()) {
      if (would.code() != Code::kPermissionDenied) return would;
      return {Code::kFailedPrecondition, "trust", "it would shut you out: " + would.ToString(),
              "issue your own certificate anew first, or allow the lockout: --allow-lockout"};
    }
  }
  return options_.secure->Replace(bundle);
}

std::shared_ptr<Reply> CardSettings::SetTrust(const Caller& caller, std::uint64_t id, const codec::SetTrust& change,
                                              std::string* out) {
  const auto bundle = std::make_shared<hal::TrustBundle>(
      hal::TrustBundle{.ca = ToText(change.ca, options_.trust.ca),
                       .certificate = ToText(change.certificate, options_.trust.certificate),
                       .private_key = ToText(change.private_key, options_.trust.private_key),
                       .crl = ToText(change.crl, options_.trust.crl)});
  auto reply = std::make_shared<PendingReply>();
  auto write = [this, bundle, by = caller.identity, summary = NamesOf(change)] {
    return Recorded(by, "trust", summary, [&] { return WriteTrust(*bundle, *options_.settings); });
  };
  auto then = [this, id, bundle, weak = std::weak_ptr(reply)](const Status& written) {
    changing_ = false;
    std::string frame;
    if (written.ok()) {
      options_.trust = std::move(*bundle);
      codec::AppendDone(id, &frame);
    } else {
      // It was good before, but its dates may be over by now: then the new one stays until the next start.
      static_cast<void>(options_.secure->Replace(options_.trust));
      codec::AppendError(id, written, 0, &frame);
    }
    if (const auto pending = weak.lock()) pending->Set(std::move(frame));
    if (options_.recheck) options_.recheck();
  };
  Status used = UseTrust(caller, change, *bundle);
  if (used.ok()) {
    used = Ask(std::move(write), std::move(then));
    if (used.ok()) return reply;
    static_cast<void>(options_.secure->Replace(options_.trust));
  }
  codec::AppendError(id, used, 0, out);
  return nullptr;
}

// A time at which nobody gets in could not be taken back: set_time itself needs a connection, and a card without a
// clock begins with it again.
Status CardSettings::CheckTime(const Caller& caller, std::uint64_t time_ns) const {
  if (changing_) return Busy();
  HELIOSTAT_RETURN_IF_ERROR(options_.clock->CheckTime(time_ns));
  Status then = options_.secure->WouldAcceptAt(*caller.channel, time_ns / kSecondNs);
  if (then.code() != Code::kPermissionDenied) return then;
  return {Code::kFailedPrecondition, "time", "it would shut you out: at that time " + then.reason(),
          "set a time at which your certificate, the card's and the authority's are all valid, or issue others first"};
}

std::shared_ptr<Reply> CardSettings::SetTime(const Caller& caller, std::uint64_t id, const codec::SetTime& change,
                                             std::string* out) {
  if (const Status checked = CheckTime(caller, change.time_ns); !checked.ok()) {
    codec::AppendError(id, checked, 0, out);
    return nullptr;
  }
  auto reply = std::make_shared<PendingReply>();
  auto write = [this, time_ns = change.time_ns, by = caller.identity]() -> Status {
    const std::uint64_t before_ns = options_.clock->WallNs();
    const bool later = time_ns >= before_ns;
    const std::uint64_t seconds = (later ? time_ns - before_ns : before_ns - time_ns) / kSecondNs;
    const std::string summary = std::to_string(seconds) + (later ? " s later" : " s earlier");
    HELIOSTAT_RETURN_IF_ERROR(
        Recorded(by, "time", summary, [&] { return WriteTimeBound(time_ns, *options_.settings); }));
    options_.clock->Set(time_ns);
    return OkStatus();
  };
  auto then = [this, id, weak = std::weak_ptr(reply)](const Status& written) {
    changing_ = false;
    std::string frame;
    if (written.ok()) {
      codec::AppendTime(id, options_.clock->WallNs(), &frame);
    } else {
      codec::AppendError(id, written, 0, &frame);
    }
    if (const auto pending = weak.lock()) pending->Set(std::move(frame));
    if (options_.recheck) options_.recheck();
  };
  const Status asked = Ask(std::move(write), std::move(then));
  if (asked.ok()) return reply;
  codec::AppendError(id, asked, 0, out);
  return nullptr;
}

void CardSettings::Tick() {
  if (changing_) return;
  const std::uint64_t next_ns = options_.clock->NextBoundNs(options_.secure->state().certificate);
  if (next_ns - options_.clock->bound_ns() < kBoundStepNs) return;
  // Not a change that others would have to wait for: what they write is written behind it. Where there is no memory to
  // ask, the next turn asks again.
  static_cast<void>(CatchOutOfMemory([&] {
    options_.calls->Call([this, next_ns] { return WriteTimeBound(next_ns, *options_.settings); },
                         [](const Status& /*written: what could not be is tried again in a day, not all the time*/) {});
    // Already: no time before it may be set and then written behind it.
    options_.clock->RaiseBound(next_ns);
  }));
}

}  // namespace heliostat::control
