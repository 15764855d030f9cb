// Who may use what. Pure.
//
// An empty owner is the admin's, and what the admin owns may use everything. Any other owner's session may take as a
// source only an interface of the same owner, and as a target one of the same owner or one shared with it; a group of
// such an owner may have as members only targets that its owner could use.
//
// A configuration stays valid when a right is taken back: what used it makes no copies until the right is given again.
// So Validate does not ask; who makes or changes a session or a group is asked here.
#pragma once

#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::config {

[[nodiscard]] bool MayUse(std::string_view user, const Target& target);
[[nodiscard]] bool MayMirror(const Config& config, std::string_view user, std::string_view interface);

// Null: there is none of that name.
[[nodiscard]] const Target* FindTarget(const Config& config, std::string_view name);

// kPermissionDenied, naming session, and `target` or the source, of a valid configuration.
[[nodiscard]] Status CheckUse(const Config& config, const Session& session);
// The same of a group's members; ok when `target` is none.
[[nodiscard]] Status CheckUse(const Config& config, const Target& target);
// Of all targets, then all sessions: the first error.
[[nodiscard]] Status CheckUses(const Config& config);

}  // namespace heliostat::config
