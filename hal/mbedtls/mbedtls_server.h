// The card's side of connections, by mbedTLS.
#pragma once

#include <memory>

#include "base/status.h"
#include "hal/secure_channel.h"

namespace heliostat::hal::mbedtls {

// Opens a server with its first bundle, checked as by Replace. The clock must outlive the server and its channels;
// channels may outlive the server.
[[nodiscard]] Result<std::unique_ptr<SecureServer>> OpenServer(const TrustBundle& bundle, CertificateClock* clock);

}  // namespace heliostat::hal::mbedtls
