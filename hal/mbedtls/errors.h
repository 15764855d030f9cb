// mbedTLS's error numbers and TLS's alerts as reasons that people understand. The one place that knows them.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace heliostat::hal::mbedtls {

enum class Side : std::uint8_t { kServer, kClient };

[[nodiscard]] bool IsOutOfMemory(int error);
// kResourceExhausted; itself takes no memory.
[[nodiscard]] Status OutOfMemory();

// A failed call during or after the handshake that is nobody's certificate. `our_side` is who we are; the subject is
// `peer`.
[[nodiscard]] Status Explain(int error, Side our_side, const std::string& peer);
// The alert that the peer ended the connection with: kPermissionDenied when it is about our certificate.
[[nodiscard]] Status ExplainAlert(std::uint8_t description, Side our_side, const std::string& peer);
// The alert to send for an error (RFC 5246, 7.2), when the library sent none.
[[nodiscard]] std::uint8_t AlertFor(int error);

}  // namespace heliostat::hal::mbedtls
