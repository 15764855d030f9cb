#include "control/owners.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "config/check.h"
#include "config/use.h"

namespace heliostat::control {
namespace {

using config::Difference;
using config::Kind;

constexpr std::size_t kNamedUsers = 3;

Status Denied(std::string subject, std::string reason, std::string fix) {
  return {Code::kPermissionDenied, std::move(subject), std::move(reason), std::move(fix)};
}

std::string Whose(std::string_view owner) { return owner.empty() ? std::string("the admin") : config::Quoted(owner); }

std::string SubjectOf(const Difference& difference) {
  return config::Named(config::KindName(difference.kind), *difference.name);
}

// Disabled, and what it would use if it were not is as it was.
bool OnlyRests(const Change& change, const Difference& difference) {
  if (difference.added() || difference.removed()) return false;
  const config::Session& before = change.before.sessions[difference.before];
  const config::Session& after = change.after.sessions[difference.after];
  return !after.enabled && before.metadata.owner == after.metadata.owner && before.sources == after.sources &&
         before.target == after.target && before.filter == after.filter;
}

Status CheckFilterOf(const Identity& by, const Change& change, const Difference& difference) {
  if (OnlyRests(change, difference)) return {};
  const config::Filter* filter = FindFilter(change.after, change.after.sessions[difference.after].filter);
  if (filter == nullptr) return {};  // Validate says so
  const std::string& owner = filter->metadata.owner;
  if (owner.empty() || owner == by.owner) return {};
  return Denied(SubjectOf(difference) + " filter",
                config::Named("filter", filter->metadata.name) + " belongs to " + Whose(owner) + ", and you act for " +
                    config::Quoted(by.owner),
                "use a filter of " + config::Quoted(by.owner) + " or of the admin");
}

Status CheckOne(const Identity& by, const Change& change, const Difference& difference) {
  if (difference.kind == Kind::kInterface || difference.kind == Kind::kUnderlay) {
    return Denied(SubjectOf(difference), "only an admin changes it, and you are an operator", "ask an admin");
  }
  const std::string actor = ", and you act for " + config::Quoted(by.owner);
  if (!difference.added()) {
    const std::string& owner = config::OwnerOf(change.before, difference.kind, difference.before);
    if (owner != by.owner) {
      return Denied(SubjectOf(difference), "it belongs to " + Whose(owner) + actor,
                    "have its owner or an admin change it");
    }
  }
  if (difference.removed()) return {};
  const std::string& owner = config::OwnerOf(change.after, difference.kind, difference.after);
  if (owner != by.owner) {
    return Denied(SubjectOf(difference) + " owner", "it would belong to " + Whose(owner) + actor,
                  "set its owner to " + config::Quoted(by.owner));
  }
  return difference.kind == Kind::kSession ? CheckFilterOf(by, change, difference) : Status{};
}

// Those who name one resource.
class Users {
 public:
  void Add(std::string_view kind, const std::string& name) {
    if (++count_ > kNamedUsers) return;
    if (!names_.empty()) names_ += ", ";
    names_ += config::Named(kind, name);
  }
  [[nodiscard]] Status InUse(const Difference& removed) const {
    if (count_ == 0) return {};
    const std::string more = count_ > kNamedUsers ? " and " + std::to_string(count_ - kNamedUsers) + " more" : "";
    return {Code::kFailedPrecondition, SubjectOf(removed), "it is in use by " + names_ + more,
            "remove or change what uses it first, or in the same commit"};
  }

 private:
  std::size_t count_ = 0;
  std::string names_;
};

Users UsersOf(const config::Config& config, const Difference& removed) {
  Users users;
  const std::string& name = *removed.name;
  if (removed.kind == Kind::kTarget) {
    for (const config::Target& target : config.targets) {
      const bool member = std::find(target.members.begin(), target.members.end(), name) != target.members.end();
      if (member) users.Add("target", target.metadata.name);
    }
  }
  if (removed.kind == Kind::kFilter) {
    for (const config::InterfaceSettings& interface : config.interfaces) {
      if (interface.excluded == name) users.Add("interface", interface.name);
    }
  }
  for (const config::Session& session : config.sessions) {
    if ((removed.kind == Kind::kTarget ? session.target : session.filter) == name) {
      users.Add("session", session.metadata.name);
    }
  }
  return users;
}

// Every name of a target or filter that is used, sorted, so that thousands of removals cost no more than a few.
std::vector<std::string_view> UsedNames(const config::Config& config, Kind kind) {
  std::vector<std::string_view> names;
  for (const config::Session& session : config.sessions) {
    names.emplace_back(kind == Kind::kTarget ? session.target : session.filter);
  }
  if (kind == Kind::kTarget) {
    for (const config::Target& target : config.targets) {
      names.insert(names.end(), target.members.begin(), target.members.end());
    }
  } else {
    for (const config::InterfaceSettings& interface : config.interfaces) {
      if (!interface.excluded.empty()) names.emplace_back(interface.excluded);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Status CheckOwners(const Identity& by, const Change& change) {
  if (by.role == codec::Role::kAdmin) return {};
  if (by.role != codec::Role::kOperator || by.owner.empty()) {
    return Denied({}, "the role " + std::string(RoleName(by.role)) + " changes nothing",
                  "use a certificate with the role operator or admin");
  }
  for (const Difference& difference : change.differences) {
    HELIOSTAT_RETURN_IF_ERROR(CheckOne(by, change, difference));
  }
  return {};
}

Status CheckUses(const Change& change) {
  for (const Difference& difference : change.differences) {
    if (difference.removed()) continue;
    if (difference.kind == Kind::kTarget) {
      HELIOSTAT_RETURN_IF_ERROR(config::CheckUse(change.after, change.guests, change.after.targets[difference.after]));
    }
    if (difference.kind == Kind::kSession && !OnlyRests(change, difference)) {
      HELIOSTAT_RETURN_IF_ERROR(config::CheckUse(change.after, change.after.sessions[difference.after]));
    }
  }
  return {};
}

Status CheckNotInUse(const Change& change) {
  for (const Kind kind : {Kind::kTarget, Kind::kFilter}) {
    const auto is_removal = [&](const Difference& d) { return d.removed() && d.kind == kind; };
    if (std::none_of(change.differences.begin(), change.differences.end(), is_removal)) continue;
    const std::vector<std::string_view> used = UsedNames(change.after, kind);
    for (const Difference& difference : change.differences) {
      if (!is_removal(difference)) continue;
      if (!std::binary_search(used.begin(), used.end(), std::string_view(*difference.name))) continue;
      return UsersOf(change.after, difference).InUse(difference);
    }
  }
  return {};
}

}  // namespace heliostat::control
