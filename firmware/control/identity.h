// Who is on the other side, from the certificate, and what that one may ask for.
//
// A client certificate names its role and owner by subject alternative names of kind URI:
//   urn:heliostat:role:viewer | operator | flasher | admin     exactly one; without: nothing is allowed
//   urn:heliostat:owner:NAME                                    at most one; the owner whose resources an operator
//   changes
// The user is the common name.
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

// kPermissionDenied with the reason when the certificate carries no role, more than one, or an unknown one.
[[nodiscard]] Result<Identity> IdentityOf(const hal::Certificate& certificate, const std::string& address);

// kPermissionDenied, naming the role and the ones that may.
[[nodiscard]] Status MayCall(const Identity& identity, const codec::Call& call);

}  // namespace heliostat::control
