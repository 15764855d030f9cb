// Who is on the other side, from the certificate, and what that one may ask for.
//
// A client certificate names its role and owner by subject alternative names of kind URI, exactly as written here:
//   urn:heliostat:role:viewer | operator | flasher | admin     exactly one; without: nothing is allowed
//   urn:heliostat:owner:NAME     whose resources an operator changes; a name as resources have. An operator has one, an
//                                admin none, the others may have one
// Another URI that begins with `urn:heliostat:`, in whatever case, is refused: what was meant is not known. URIs of
// other kinds are passed over. The user is the common name, 1 to 64 characters of printable ASCII.
#pragma once

#include <string>

#include "base/status.h"
#include "codec/control.h"
#include "hal/secure_channel.h"

namespace heliostat::control {

struct Identity {
  std::string user{};
  codec::Role role = codec::Role::kNone;
  std::string owner{};    // empty for an admin: everything
  std::string address{};  // of the peer
};

// `operator`; `none`.
[[nodiscard]] std::string_view RoleName(codec::Role role);

// kPermissionDenied with the reason when the certificate carries no role, more than one, or an unknown one, and when
// its owner or user is not as above. Any thread.
[[nodiscard]] Result<Identity> IdentityOf(const hal::Certificate& certificate, const std::string& address);

// kPermissionDenied, naming the role and the ones that may. Any thread.
[[nodiscard]] Status MayCall(const Identity& identity, const codec::Call& call);

}  // namespace heliostat::control
