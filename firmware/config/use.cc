#include "config/use.h"

#include <algorithm>
#include <string>

#include "config/check.h"

namespace heliostat::config {
namespace {

std::string_view OwnerOfInterface(const Config& config, std::string_view interface) {
  const auto found = std::lower_bound(config.interfaces.begin(), config.interfaces.end(), interface,
                                      [](const InterfaceSettings& s, std::string_view name) { return s.name < name; });
  return found != config.interfaces.end() && found->name == interface ? std::string_view(found->owner)
                                                                      : std::string_view();
}

Status MayNotMirror(std::string_view user, const std::string& source, std::string_view owner) {
  return {Code::kPermissionDenied, "sources " + Quoted(source),
          (owner.empty() ? std::string("it belongs to the admin") : "it belongs to " + Quoted(owner)) + ", not to " +
              Quoted(user),
          "use an interface of the session's owner"};
}

}  // namespace

bool MayUse(std::string_view user, const Target& target) {
  return user.empty() || user == target.metadata.owner ||
         std::find(target.shared_with.begin(), target.shared_with.end(), user) != target.shared_with.end();
}

bool MayMirror(const Config& config, std::string_view user, std::string_view interface) {
  return user.empty() || user == OwnerOfInterface(config, interface);
}

const Target* FindTarget(const Config& config, std::string_view name) {
  const auto found = std::lower_bound(config.targets.begin(), config.targets.end(), name,
                                      [](const Target& t, std::string_view n) { return t.metadata.name < n; });
  return found == config.targets.end() || found->metadata.name != name ? nullptr : &*found;
}

Status CheckUse(const Config& config, const Session& session) {
  const std::string& user = session.metadata.owner;
  const std::string subject = Named("session", session.metadata.name);
  const Target* target = FindTarget(config, session.target);
  if (target != nullptr && !MayUse(user, *target)) {
    return Status(Code::kPermissionDenied, "target",
                  Named("target", session.target) + " is not shared with " + Quoted(user), "have its owner share it")
        .Within(subject);
  }
  for (const std::string& source : session.sources) {
    if (MayMirror(config, user, source)) continue;
    return MayNotMirror(user, source, OwnerOfInterface(config, source)).Within(subject);
  }
  return {};
}

Status CheckUse(const Config& config, const Target& target) {
  const std::string& user = target.metadata.owner;
  for (const std::string& name : target.members) {
    const Target* member = FindTarget(config, name);
    if (member == nullptr || MayUse(user, *member)) continue;
    const std::string& owner = member->metadata.owner;
    return Status(Code::kPermissionDenied, "members " + Quoted(name),
                  (owner.empty() ? std::string("it belongs to the admin") : "it belongs to " + Quoted(owner)) +
                      " and is not shared with " + Quoted(user),
                  "share it, or leave it out")
        .Within(Named("target", target.metadata.name));
  }
  return {};
}

Status CheckUses(const Config& config) {
  for (const Target& target : config.targets) HELIOSTAT_RETURN_IF_ERROR(CheckUse(config, target));
  for (const Session& session : config.sessions) HELIOSTAT_RETURN_IF_ERROR(CheckUse(config, session));
  return {};
}

}  // namespace heliostat::config
