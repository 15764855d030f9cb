#include "helioctl/pki/pki_renewal.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "config/check.h"
#include "helioctl/cli/files.h"
#include "pki/reading.h"

namespace heliostat::helioctl {
namespace {

// The index has no names and addresses: only the certificate itself does.
Status KeepNames(const std::string& path, PkiIssueOptions& options) {
  std::istringstream none;
  const auto file = ReadFile(path, none);
  if (!file.ok()) {
    if (!options.dns_names.empty() || !options.addresses.empty()) return OkStatus();
    return Status(Code::kNotFound, path, file.status().reason() + ", so nobody knows the names and addresses in it",
                  "give them: --dns " + options.name + ", and --dns and --ip for each further one");
  }
  const auto old = pki::ReadCertificate(file->text);
  if (!old.ok()) return old.status().Within(path);
  if (options.dns_names.empty()) options.dns_names = old->dns_names;
  if (options.addresses.empty()) options.addresses = old->addresses;
  return OkStatus();
}

}  // namespace

Result<PkiIssueOptions> Renewing(const PkiFolder& folder, PkiIssueOptions options) {
  const auto& issued = folder.issued();  // oldest first
  const auto old = std::find_if(issued.rbegin(), issued.rend(),
                                [&](const IssuedCertificate& one) { return one.name == options.name; });
  if (old == issued.rend()) return options;
  if (old->role != options.role) {
    if (old->revoked_s != 0) return options;  // a new start
    return Status(
        Code::kFailedPrecondition, config::Quoted(options.name),
        fmt::format("is of the role {}, and --replace renews that", old->role),
        fmt::format("for another role: helioctl pki revoke {0}, then helioctl pki issue {1} {0} without --replace",
                    options.name, options.role));
  }
  if (options.owner.empty()) options.owner = old->owner;
  if (options.role == kCardRole) {
    HELIOSTAT_RETURN_IF_ERROR(KeepNames(folder.FolderOf(kCardRole, options.name) + "/certificate.pem", options));
  }
  return options;
}

}  // namespace heliostat::helioctl
