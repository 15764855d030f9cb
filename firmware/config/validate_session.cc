#include <algorithm>
#include <unordered_set>

#include "config/bounds.h"
#include "config/check.h"
#include "config/tunnel_ids.h"
#include "config/use.h"
#include "config/validate_parts.h"

namespace heliostat::config {
namespace {

constexpr std::uint16_t kMaxSessionNumber = 32766;
constexpr std::uint16_t kMinPacketLength = 35;
constexpr std::uint16_t kWhole = 10'000;  // hundredths of a percent
// These are above what any port carries; they bound the limiter's arithmetic, so that it can't overflow.
constexpr std::uint64_t kMaxPacketsPerSecond = 10'000'000'000;
constexpr std::uint64_t kMaxBitsPerSecond = 10'000'000'000'000;

Status CheckRate(const RateLimit& rate) {
  if ((rate.packets_per_second == 0) == (rate.bits_per_second == 0)) {
    return Invalid("rate_limit", rate.bits_per_second == 0 ? "there is no rate" : "there are two rates",
                   "give packets_per_second or bits_per_second");
  }
  const auto above = [](std::string subject, std::uint64_t value, std::uint64_t most) {
    return Invalid(std::move(subject), "it is " + std::to_string(value), "use at most " + std::to_string(most));
  };
  if (rate.packets_per_second > kMaxPacketsPerSecond) {
    return above("rate_limit packets_per_second", rate.packets_per_second, kMaxPacketsPerSecond);
  }
  if (rate.bits_per_second > kMaxBitsPerSecond) {
    return above("rate_limit bits_per_second", rate.bits_per_second, kMaxBitsPerSecond);
  }
  if (rate.burst > kMaxBitsPerSecond) return above("rate_limit burst", rate.burst, kMaxBitsPerSecond);
  return {};
}

Status CheckNumbers(const Session& session) {
  if (session.number == 0 || session.number > kMaxSessionNumber) {
    return Invalid("number", "it is " + std::to_string(session.number), "use 1 to 32766");
  }
  if (session.tier >= kTiers) {
    return Invalid("tier", "it is " + std::to_string(session.tier), "use 0 to " + std::to_string(kTiers - 1));
  }
  if (session.packet_length != 0 && session.packet_length < kMinPacketLength) {
    return Invalid("packet_length", "it is " + std::to_string(session.packet_length),
                   "use 35 or more, or leave it out for whole packets");
  }
  if (session.sample_hundredths > kWhole) {
    return Invalid("sample_hundredths", "it is " + std::to_string(session.sample_hundredths),
                   "use 0 to 10000 (100 percent)");
  }
  return session.rate_limit ? CheckRate(*session.rate_limit) : Status{};
}

Status CheckTunnelId(const Session& session, Encapsulation encapsulation) {
  if (!session.tunnel_id) return {};
  const std::string name(Name(encapsulation));
  if (!IsTunnel(encapsulation) || encapsulation == Encapsulation::kErspan1) {
    return Invalid("tunnel_id", name + " carries no VNI or session ID", "leave it out");
  }
  const std::uint32_t most = (HasErspanHeader(encapsulation) ? kErspanIds : kVnis) - 1;
  if (*session.tunnel_id <= most) return {};
  return Invalid("tunnel_id", std::to_string(*session.tunnel_id) + " is out of range for " + name,
                 "use 0 to " + std::to_string(most));
}

// Checks what must hold for all sessions together. Sources and targets are counted by their views into the Config.
class SessionChecks {
 public:
  SessionChecks(const Config& config, const Index& index, const Limits& limits)
      : config_(config), index_(index), limits_(limits) {
    for (const Target& target : config.targets) {
      if (target.group) continue;
      const Interface* guest = index.guests.Of(target);
      if (guest == nullptr && target.encapsulation != Encapsulation::kNone) continue;
      local_.insert(&target);
      // A target whose owner may not deliver there (any more) gets no copies, so it keeps nobody from mirroring the
      // guest.
      if (!MayDeliver(config, index.guests, target)) continue;
      delivered_to_.emplace(guest == nullptr ? std::string_view(target.interface) : guest->name, &target);
    }
  }

  Status Check(const Session& session) {
    HELIOSTAT_RETURN_IF_ERROR(CheckMetadata(session.metadata));
    HELIOSTAT_RETURN_IF_ERROR(CheckNumbers(session));
    if (!index_.filters.contains(session.filter)) {
      return {Code::kNotFound, "filter", "there is no " + Named("filter", session.filter), "name a filter"};
    }
    const Target* target = index_.FindTarget(session.target);
    if (target == nullptr) {
      return {Code::kNotFound, "target", "there is no " + Named("target", session.target), "name a target"};
    }
    const std::vector<const Target*> members = MembersOf(config_, *target);
    HELIOSTAT_RETURN_IF_ERROR(CheckTargets(session, members));
    return CheckSources(session, members);
  }

 private:
  // `targets` are those that the session's copies may reach; all have one encapsulation.
  Status CheckTargets(const Session& session, const std::vector<const Target*>& targets) {
    const Encapsulation encapsulation = targets.front()->encapsulation;
    HELIOSTAT_RETURN_IF_ERROR(CheckTunnelId(session, encapsulation));
    if (!HasErspanHeader(encapsulation)) return {};
    for (const Target* one : targets) HELIOSTAT_RETURN_IF_ERROR(TakeErspanId(session, *one));
    return {};
  }

  // Receivers tell sessions of one target apart by the session ID alone.
  Status TakeErspanId(const Session& session, const Target& target) {
    ErspanIds& ids = erspan_ids_[&target];
    if (++ids.sessions > kErspanIds) {
      return {Code::kResourceExhausted, "target",
              Named("target", target.metadata.name) + " has more sessions than ERSPAN has session IDs, " +
                  std::to_string(kErspanIds),
              "use a second target, or vxlan"};
    }
    if (!session.tunnel_id) return {};
    const auto [taken, fresh] = ids.taken.emplace(*session.tunnel_id, session.metadata.name);
    if (fresh) return {};
    return {Code::kAlreadyExists, "tunnel_id",
            std::to_string(*session.tunnel_id) + " is that of " + Named("session", taken->second) + " at " +
                Named("target", target.metadata.name),
            "use another, or leave it out to have the card pick one"};
  }

  Status CheckSources(const Session& session, const std::vector<const Target*>& targets) {
    if (session.sources.empty()) return Invalid("sources", "there are none", "name at least one interface");
    const bool local =
        std::any_of(targets.begin(), targets.end(), [this](const Target* one) { return local_.contains(one); });
    std::unordered_set<std::string_view> names;
    for (const std::string& name : session.sources) {
      if (Status status = CheckSource(session, name, local); !status.ok()) {
        return std::move(status).Within("sources " + Quoted(name));
      }
      if (names.insert(name).second) continue;
      return {Code::kAlreadyExists, "sources " + Quoted(name), "it is there twice", "name each source once"};
    }
    // Numbers come after the names: of a source that is named twice in one session the error should not say that its
    // number is taken.
    for (const std::string& name : session.sources) HELIOSTAT_RETURN_IF_ERROR(TakeNumber(session, name));
    return {};
  }

  Status CheckSource(const Session& session, const std::string& name, bool local_target) const {
    HELIOSTAT_RETURN_IF_ERROR(CheckName({}, name));
    // An edge interface that copies leave by may be a source: its VLAN ID keeps copies from being mirrored again.
    if (const auto used = delivered_to_.find(name); used != delivered_to_.end()) {
      return {Code::kFailedPrecondition,
              {},
              "it is the interface of " + Named("target", used->second->metadata.name),
              "an interface can't be source and target at once: use another"};
    }
    if (!index_.interfaces_known) return {};
    const Interface* interface = index_.FindInterface(name);
    if (interface == nullptr) {
      return {Code::kNotFound, {}, "the card has no such interface", "use a name from the board's description"};
    }
    if (interface->kind != InterfaceKind::kEdge || !local_target) return {};
    return {Code::kFailedPrecondition,
            {},
            "it is an edge interface, and " + Named("target", session.target) + " is a local vm or nfv interface",
            "use a target beyond an edge interface"};
  }

  Status TakeNumber(const Session& session, const std::string& source) {
    auto& numbers = numbers_[source];
    const auto [taken, fresh] = numbers.emplace(session.number, session.metadata.name);
    if (!fresh) {
      return {Code::kAlreadyExists, "number",
              std::to_string(session.number) + " is that of " + Named("session", taken->second) + " at source " +
                  Quoted(source),
              "give the sessions of a source different numbers, whatever their tiers"};
    }
    if (numbers.size() <= limits_.sessions_per_source) return {};
    return OverLimit("sources " + Quoted(source), "sessions_per_source", limits_.sessions_per_source, numbers.size());
  }

  struct ErspanIds {
    std::uint32_t sessions = 0;
    std::unordered_map<std::uint32_t, std::string_view> taken;  // ID -> session
  };

  const Config& config_;
  const Index& index_;
  const Limits& limits_;
  std::unordered_set<const Target*> local_;                           // delivered on this card
  std::unordered_map<std::string_view, const Target*> delivered_to_;  // vm or nfv interface -> target
  std::unordered_map<const Target*, ErspanIds> erspan_ids_;
  std::unordered_map<std::string_view, std::unordered_map<std::uint16_t, std::string_view>> numbers_;  // by source
};

}  // namespace

Status ValidateSessions(const Config& config, const Index& index, const Limits& limits) {
  SessionChecks checks(config, index, limits);
  for (const Session& session : config.sessions) {
    if (Status status = checks.Check(session); !status.ok()) {
      return std::move(status).Within(Named("session", session.metadata.name));
    }
  }
  return {};
}

}  // namespace heliostat::config
