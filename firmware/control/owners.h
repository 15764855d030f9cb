// May these differences be made, and by this one? Pure.
//
// An admin may change everything. An operator may change targets, filters and sessions that were its owner's before (if
// they were there) and are its owner's behind it (if they are still there); never an interface's settings or an
// underlay. Filters have no sharing: an operator's session takes one of its owner's, or of the admin's.
//
// Whoever makes a change, a session or target that it makes or alters may use only what config/use.h says. One session
// is not asked: that which is left as it was, but disabled - so that an owner can always end what it may not do any
// more.
#pragma once

#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "config/difference.h"
#include "config/use.h"
#include "control/identity.h"

namespace heliostat::control {

struct Change {
  const config::Config& before;
  const config::Config& after;  // names sorted, not yet validated
  const std::vector<config::Difference>& differences;
  const config::Guests& guests;  // of this card
};

// kPermissionDenied, naming the resource, whose it is and for whom the caller acts, and the fix.
[[nodiscard]] Status CheckOwners(const Identity& by, const Change& change);
// kPermissionDenied, of the sessions and targets that differ: config::CheckUse.
[[nodiscard]] Status CheckUses(const Change& change);
// kFailedPrecondition: a target or filter is removed that sessions or groups still name. The first few are named, and
// how many more there are.
[[nodiscard]] Status CheckNotInUse(const Change& change);

}  // namespace heliostat::control
