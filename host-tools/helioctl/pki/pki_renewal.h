// What `helioctl pki issue --replace` keeps of the certificate before.
#pragma once

#include "base/status.h"
#include "helioctl/pki/pki_commands.h"
#include "helioctl/pki/pki_folder.h"

namespace heliostat::helioctl {

// `options` with the owner, DNS names and addresses of the newest certificate of that name, each where none is given
// anew; as they are when there is none to renew. kFailedPrecondition: it has another role; kNotFound: its names and
// addresses are needed, and its file is not in the folder any more.
[[nodiscard]] Result<PkiIssueOptions> Renewing(const PkiFolder& folder, PkiIssueOptions options);

}  // namespace heliostat::helioctl
