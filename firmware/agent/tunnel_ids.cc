#include "agent/tunnel_ids.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "config/use.h"

namespace heliostat::agent {
namespace {

using config::Encapsulation;

constexpr std::uint32_t kErspanIds = 1024;
constexpr std::uint32_t kVnis = 1U << 24U;

bool HasId(Encapsulation encapsulation) {
  return HasErspanHeader(encapsulation) || encapsulation == Encapsulation::kVxlan ||
         encapsulation == Encapsulation::kGeneve;
}

std::uint32_t Fnv1a(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return hash ^ hash >> 15U;
}

// An ERSPAN ID is unique at its target, a VNI on the card (scope "").
struct Scoped {
  std::string scope;
  std::uint32_t id;
  friend auto operator<=>(const Scoped&, const Scoped&) = default;
};

}  // namespace

Encapsulation EncapsulationOf(const config::Config& config, const config::Target& target) {
  if (!target.group || target.members.empty()) return target.encapsulation;
  const config::Target* member = FindTarget(config, target.members.front());
  return member == nullptr ? target.encapsulation : member->encapsulation;
}

namespace {

// Where an ID must be the only one: ERSPAN's at each target that copies go to, which a group may share with others.
std::vector<std::string> ScopesOf(const config::Target& target, bool erspan) {
  if (!erspan) return {""};
  return target.group ? target.members : std::vector{target.metadata.name};
}

}  // namespace

Result<TunnelIds> PickTunnelIds(const config::Config& config, const TunnelIds& previous) {
  TunnelIds ids;
  std::set<Scoped> used;
  struct Absent {
    const config::Session* session;
    std::vector<std::string> scopes;
    std::uint32_t count;
  };
  std::vector<Absent> absent;
  for (const config::Session& session : config.sessions) {
    const config::Target* target = FindTarget(config, session.target);
    if (target == nullptr) continue;
    const Encapsulation encapsulation = EncapsulationOf(config, *target);
    if (!HasId(encapsulation)) continue;
    const bool erspan = HasErspanHeader(encapsulation);
    std::vector<std::string> scopes = ScopesOf(*target, erspan);
    if (session.tunnel_id) {
      ids[session.metadata.name] = *session.tunnel_id;
      for (const std::string& scope : scopes) used.insert({scope, *session.tunnel_id});
    } else {
      absent.push_back({&session, std::move(scopes), erspan ? kErspanIds : kVnis});
    }
  }
  // Earlier picks first, so that a new session never takes one away.
  const auto claim = [&](const Absent& a, std::uint32_t id) {
    if (id >= a.count) return false;
    for (const std::string& scope : a.scopes) {
      if (used.contains({scope, id})) return false;
    }
    for (const std::string& scope : a.scopes) used.insert({scope, id});
    ids[a.session->metadata.name] = id;
    return true;
  };
  std::erase_if(absent, [&](const Absent& a) {
    const auto kept = previous.find(a.session->metadata.name);
    return kept != previous.end() && claim(a, kept->second);
  });
  for (const Absent& a : absent) {
    const std::uint32_t first = Fnv1a(a.session->metadata.name) % a.count;
    std::uint32_t tried = 0;
    // 0 comes last: some receivers take it as "none".
    while (tried < a.count && ((first + tried) % a.count == 0 || !claim(a, (first + tried) % a.count))) ++tried;
    if (tried == a.count && !claim(a, 0)) {
      return Status(Code::kResourceExhausted, "session \"" + a.session->metadata.name + "\" sessionId",
                    "target \"" + a.session->target + "\" has no ERSPAN session ID left of its 1,024",
                    "use another target, or remove sessions from this one");
    }
  }
  return ids;
}

}  // namespace heliostat::agent
