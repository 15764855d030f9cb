// mbedTLS's error numbers and TLS's alerts as reasons that people understand. The one place that knows them.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace heliostat::hal::mbedtls {

enum class Side : std::uint8_t { kServer, kClient };

[[nodiscard]] bool IsOutOfMemory(int error);
// kResourceExhausted. The function itself takes no memory.
[[nodiscard]] Status OutOfMemory();

// Explains why a call during or after the handshake failed, unless a certificate is to blame. `our_side` is who we are;
// the subject is `peer`.
[[nodiscard]] Status Explain(int error, Side our_side, const std::string& peer);
// Explains the alert with which the peer ended the connection: kPermissionDenied when it is about our certificate.
[[nodiscard]] Status ExplainAlert(std::uint8_t description, Side our_side, const std::string& peer);
// Returns the alert to send for an error (RFC 5246, 7.2), when the library sent none.
[[nodiscard]] std::uint8_t AlertFor(int error);

}  // namespace heliostat::hal::mbedtls
