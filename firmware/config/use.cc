#include "config/use.h"

#include <algorithm>
#include <string>
#include <utility>

#include "config/check.h"

namespace heliostat::config {
namespace {

std::string_view OwnerOfInterface(const Config& config, std::string_view interface) {
  const auto found = std::lower_bound(config.interfaces.begin(), config.interfaces.end(), interface,
                                      [](const InterfaceSettings& s, std::string_view name) { return s.name < name; });
  return found != config.interfaces.end() && found->name == interface ? std::string_view(found->owner)
                                                                      : std::string_view();
}

template <typename Resource>
const Resource* FindByName(const std::vector<Resource>& resources, std::string_view name) {
  const auto found = std::lower_bound(resources.begin(), resources.end(), name,
                                      [](const Resource& r, std::string_view n) { return r.metadata.name < n; });
  return found == resources.end() || found->metadata.name != name ? nullptr : &*found;
}

std::string BelongsTo(std::string_view owner) {
  return owner.empty() ? std::string("belongs to the admin") : "belongs to " + Quoted(owner);
}

Status MayNotMirror(std::string_view user, const std::string& source, std::string_view owner) {
  return {Code::kPermissionDenied, "sources " + Quoted(source), "it " + BelongsTo(owner) + ", not to " + Quoted(user),
          "use an interface of the session's owner"};
}

Status CheckMembers(const Config& config, const Target& group) {
  const std::string& user = group.metadata.owner;
  for (const Target* member : MembersOf(config, group)) {
    if (MayUse(user, *member)) continue;
    return {Code::kPermissionDenied, "members " + Quoted(member->metadata.name),
            "it " + BelongsTo(member->metadata.owner) + " and is not shared with " + Quoted(user),
            "share it, or leave it out"};
  }
  return {};
}

// Who may deliver to a guest may keep its owner from mirroring it; who may take VLAN IDs may blind the card to them.
Status CheckDelivery(const Config& config, const Guests& guests, const Target& target) {
  const std::string& user = target.metadata.owner;
  if (!MayDeliver(config, guests, target)) {
    const std::string& guest = guests.Of(target)->name;
    return {
        Code::kPermissionDenied,
        target.interface.empty() ? "remote " + target.remote.ToString() : "interface " + Quoted(guest),
        "copies would be delivered to interface " + Quoted(guest) + ", which " +
            BelongsTo(OwnerOfInterface(config, guest)) + ", not to " + Quoted(user),
        "deliver to an interface of " + Quoted(user) + ", or have an admin make a target without owner and share it"};
  }
  if (user.empty() || !target.vlan_id || guests.Of(target) != nullptr) return {};
  return {Code::kPermissionDenied, "vlan_id",
          "no frame tagged " + std::to_string(*target.vlan_id) + " on " + Quoted(target.interface) +
              " would be mirrored any more, whoever's session it is, and " + Quoted(user) + " is no admin",
          "have an admin make a target without owner and share it with " + Quoted(user)};
}

}  // namespace

Guests::Guests(const std::vector<Interface>& interfaces) {
  for (const Interface& interface : interfaces) {
    if (interface.kind == InterfaceKind::kEdge) continue;
    by_name_.emplace(interface.name, &interface);
    by_address_.emplace(interface.primary_ipv4, &interface);
    by_address_.emplace(interface.primary_ipv6, &interface);
  }
  by_address_.erase(IpAddress{});
}

const Interface* Guests::Of(const Target& target) const {
  if (target.group) return nullptr;
  // A target that names an edge interface leaves by it, whoever has its address.
  if (!target.interface.empty()) {
    const auto named = by_name_.find(target.interface);
    return named == by_name_.end() ? nullptr : named->second;
  }
  const auto addressed = by_address_.find(target.remote);
  return addressed == by_address_.end() ? nullptr : addressed->second;
}

bool MayUse(std::string_view user, const Target& target) {
  return user.empty() || user == target.metadata.owner ||
         std::find(target.shared_with.begin(), target.shared_with.end(), user) != target.shared_with.end();
}

bool MayMirror(const Config& config, std::string_view user, std::string_view interface) {
  return user.empty() || user == OwnerOfInterface(config, interface);
}

bool MayDeliver(const Config& config, const Guests& guests, const Target& target) {
  if (target.metadata.owner.empty()) return true;
  const Interface* guest = guests.Of(target);
  return guest == nullptr || OwnerOfInterface(config, guest->name) == target.metadata.owner;
}

const Target* FindTarget(const Config& config, std::string_view name) { return FindByName(config.targets, name); }

const Filter* FindFilter(const Config& config, std::string_view name) { return FindByName(config.filters, name); }

std::vector<const Target*> MembersOf(const Config& config, const Target& target) {
  if (!target.group) return {&target};
  std::vector<const Target*> members;
  members.reserve(target.members.size());
  for (const std::string& name : target.members) {
    if (const Target* member = FindTarget(config, name)) members.push_back(member);
  }
  return members;
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

Status CheckUse(const Config& config, const Guests& guests, const Target& target) {
  Status status = target.group ? CheckMembers(config, target) : CheckDelivery(config, guests, target);
  return std::move(status).Within(Named("target", target.metadata.name));
}

Status CheckUses(const Config& config, const Guests& guests) {
  for (const Target& target : config.targets) HELIOSTAT_RETURN_IF_ERROR(CheckUse(config, guests, target));
  for (const Session& session : config.sessions) HELIOSTAT_RETURN_IF_ERROR(CheckUse(config, session));
  return {};
}

}  // namespace heliostat::config
