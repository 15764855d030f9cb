// Certificates in a folder, laid out as `helioctl pki` lays them out.
//
//   ca.pem ca.key crl.pem
//   cards/card-1     ca.pem certificate.pem private_key.pem crl.pem
//   users/NAME       the same: good, expired, future, revoked, stranger (of another authority), forged (by an authority
//                    of the same name)
//   cards/NAME       expired, future, revoked, stranger, other (card-2)
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "hal/secure_channel.h"

namespace heliostat {

[[nodiscard]] Status MakeCertificateFolder(const std::string& folder, std::uint64_t now_s);

// Reads cards/NAME or users/NAME; a revocation list that is not there is left empty.
[[nodiscard]] Result<hal::TrustBundle> ReadBundle(const std::string& folder);

}  // namespace heliostat
