// Who may use what. Pure.
//
// An empty owner is the admin's, and what the admin owns may use everything. Any other owner's session may take as a
// source only an interface of the same owner, and as a target one of the same owner or one shared with it; a group of
// such an owner may have as members only targets that its owner could use. Such an owner's target delivers copies to no
// guest but its own, and takes no VLAN ID on an edge interface, since that ID would be the mirror's from then on, for
// everyone.
//
// A configuration stays valid when a right is taken back: what used it makes no copies until the right is given again.
// So Validate does not ask about rights; these functions do, when somebody makes or changes a session or a target.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::config {

// Finds which of the card's interfaces are guests (vm or nfv), by name and primary address. It holds views into
// `interfaces`, which must outlive it; there are none when the interfaces are not known.
class Guests {
 public:
  Guests() = default;
  explicit Guests(const std::vector<Interface>& interfaces);
  explicit Guests(std::vector<Interface>&&) = delete;

  // Returns the guest that gets the copies for `target`, or null when they leave by an edge interface or it is a group.
  [[nodiscard]] const Interface* Of(const Target& target) const;

 private:
  std::map<std::string_view, const Interface*> by_name_;
  std::map<IpAddress, const Interface*> by_address_;
};

[[nodiscard]] bool MayUse(std::string_view user, const Target& target);
[[nodiscard]] bool MayMirror(const Config& config, std::string_view user, std::string_view interface);
// May the owner of `target` have copies delivered where they go?
[[nodiscard]] bool MayDeliver(const Config& config, const Guests& guests, const Target& target);

// Returns null when there is none of that name.
[[nodiscard]] const Target* FindTarget(const Config& config, std::string_view name);
[[nodiscard]] const Filter* FindFilter(const Config& config, std::string_view name);
// Returns the targets that copies sent to `target` may reach: itself, or those members of the group that exist.
[[nodiscard]] std::vector<const Target*> MembersOf(const Config& config, const Target& target);

// Checks a session of a valid configuration. kPermissionDenied names the session, and `target` or the source.
[[nodiscard]] Status CheckUse(const Config& config, const Session& session);
// Checks what a target uses: a group its members, another target the guest or the VLAN ID that it names.
[[nodiscard]] Status CheckUse(const Config& config, const Guests& guests, const Target& target);
// Checks all targets, then all sessions, and returns the first error.
[[nodiscard]] Status CheckUses(const Config& config, const Guests& guests);

}  // namespace heliostat::config
