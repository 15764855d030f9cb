#include "config/tunnel_ids.h"

#include <algorithm>
#include <bitset>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/check.h"
#include "config/use.h"

namespace heliostat::config {
namespace {

// A group's encapsulation is that of its members.
Encapsulation EncapsulationOf(const Config& config, const Target& target) {
  if (!target.group || target.members.empty()) return target.encapsulation;
  const Target* member = FindTarget(config, target.members.front());
  return member == nullptr ? target.encapsulation : member->encapsulation;
}

bool HasId(Encapsulation encapsulation) {
  return HasErspanHeader(encapsulation) || encapsulation == Encapsulation::kVxlan ||
         encapsulation == Encapsulation::kGeneve;
}

std::uint32_t Fnv1a(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return hash ^ hash >> 15U;
}

std::vector<PickedId>::const_iterator FindPick(const std::vector<PickedId>& picked, std::string_view session) {
  const auto found = std::lower_bound(picked.begin(), picked.end(), session,
                                      [](const PickedId& pick, std::string_view name) { return pick.session < name; });
  return found != picked.end() && found->session == session ? found : picked.end();
}

// The first unused ID, searched from the hash of the name on; 0 comes last, since some receivers take it as "none".
template <typename IsUsed>
std::optional<std::uint32_t> FirstFree(std::string_view name, std::uint32_t count, const IsUsed& is_used) {
  const std::uint32_t first = Fnv1a(name) % count;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    const std::uint32_t id = (first + tried) % count;
    if (id != 0 && !is_used(id)) return id;
  }
  return is_used(0) ? std::nullopt : std::optional<std::uint32_t>(0);
}

// The IDs that are used: VNIs on the whole card, ERSPAN IDs at each target that copies go to, directly or through a
// group.
class UsedIds {
 public:
  explicit UsedIds(const Config& config) : config_(config) {}

  // Returns false when another session has the ID, or copies to `target` could not carry it.
  bool Claim(const Target& target, std::uint32_t id) {
    if (!HasErspanHeader(EncapsulationOf(config_, target))) return id < kVnis && vnis_.insert(id).second;
    if (id >= kErspanIds || AtAnyOf(target).test(id)) return false;
    Mark(target, id);
    return true;
  }

  // Returns none when all are used.
  std::optional<std::uint32_t> Pick(const Target& target, std::string_view name) {
    if (!HasErspanHeader(EncapsulationOf(config_, target))) {
      const auto id = FirstFree(name, kVnis, [this](std::uint32_t vni) { return vnis_.contains(vni); });
      if (id) vnis_.insert(*id);
      return id;
    }
    const ErspanIds used = AtAnyOf(target);
    const auto id = FirstFree(name, kErspanIds, [&used](std::uint32_t one) { return used.test(one); });
    if (id) Mark(target, *id);
    return id;
  }

  // Two sessions may ask for the same ID; Validate says which of them is wrong.
  void Mark(const Target& target, std::uint32_t id) {
    if (!HasErspanHeader(EncapsulationOf(config_, target))) {
      vnis_.insert(id);
    } else if (id < kErspanIds) {
      for (ErspanIds* at : PlacesOf(target)) at->set(id);
    }
  }

 private:
  using ErspanIds = std::bitset<kErspanIds>;

  ErspanIds AtAnyOf(const Target& target) {
    ErspanIds used;
    for (const ErspanIds* at : PlacesOf(target)) used |= *at;
    return used;
  }

  // The places are looked up once a target, since many sessions may share a large group.
  const std::vector<ErspanIds*>& PlacesOf(const Target& target) {
    const auto [places, added] = places_.try_emplace(&target);
    if (!added) return places->second;
    for (const Target* member : MembersOf(config_, target)) places->second.push_back(&erspan_[member]);
    return places->second;
  }

  const Config& config_;
  std::unordered_set<std::uint32_t> vnis_;
  std::unordered_map<const Target*, ErspanIds> erspan_;  // nodes stay where they are
  std::unordered_map<const Target*, std::vector<ErspanIds*>> places_;
};

}  // namespace

std::optional<std::uint32_t> TunnelIdOf(const Config& config, const Session& session) {
  if (session.tunnel_id) return session.tunnel_id;
  const auto found = FindPick(config.picked_ids, session.metadata.name);
  return found == config.picked_ids.end() ? std::nullopt : std::optional(found->tunnel_id);
}

Status PickTunnelIds(Config& config) {
  struct Seeker {
    const Session* session;
    const Target* target;
    std::optional<std::uint32_t> id;
  };
  UsedIds used(config);
  std::vector<Seeker> seekers;  // by name, as sessions are
  for (const Session& session : config.sessions) {
    const Target* target = FindTarget(config, session.target);
    if (target == nullptr || !HasId(EncapsulationOf(config, *target))) continue;
    if (session.tunnel_id) {
      used.Mark(*target, *session.tunnel_id);
    } else {
      seekers.push_back({&session, target, {}});
    }
  }
  // Earlier picks come first, so that a new session never takes one away.
  for (Seeker& seeker : seekers) {
    const auto earlier = FindPick(config.picked_ids, seeker.session->metadata.name);
    if (earlier == config.picked_ids.end()) continue;
    if (used.Claim(*seeker.target, earlier->tunnel_id)) seeker.id = earlier->tunnel_id;
  }
  std::vector<PickedId> picked;
  picked.reserve(seekers.size());
  for (Seeker& seeker : seekers) {
    const std::string& name = seeker.session->metadata.name;
    if (!seeker.id) seeker.id = used.Pick(*seeker.target, name);
    if (!seeker.id) {
      return {Code::kResourceExhausted, Named("session", name) + " tunnel_id",
              Named("target", seeker.target->metadata.name) + " has no ERSPAN session ID left of its 1,024",
              "use another target, or remove sessions from this one"};
    }
    picked.push_back({name, *seeker.id});
  }
  config.picked_ids = std::move(picked);
  return {};
}

}  // namespace heliostat::config
