// The host's side of a connection, by mbedTLS.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "hal/secure_channel.h"

namespace heliostat::hal::mbedtls {

// Takes the stream; the caller shakes hands next. `server_name` is a DNS name that the card's certificate must be for;
// it can't be empty. The clock outlives the channel. kInvalidArgument with the part of the bundle (`ca`, `certificate`,
// `private_key`, `crl`) or `server_name` as its subject.
[[nodiscard]] Result<std::unique_ptr<SecureChannel>> OpenClient(std::unique_ptr<ByteStream> stream,
                                                                const TrustBundle& bundle,
                                                                const std::string& server_name,
                                                                CertificateClock* clock);

}  // namespace heliostat::hal::mbedtls
