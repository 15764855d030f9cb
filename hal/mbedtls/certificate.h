// Certificates as values (X.509, RFC 5280).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "hal/secure_channel.h"

namespace heliostat::hal::mbedtls {

// Reads PEM (the first certificate in it) or DER, and verifies nothing. Texts are UTF-8: other bytes, controls and
// backslashes are written as `\XX`, so that no two names look alike. Several common names count as none.
// kInvalidArgument with `subject`.
[[nodiscard]] Result<Certificate> ParseCertificate(std::string_view pem_or_der, const std::string& subject);

}  // namespace heliostat::hal::mbedtls
