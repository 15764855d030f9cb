// Reads the one part of a ClientHello that mbedTLS 2.28 does not (RFC 8446, 4.2.1).
#pragma once

#include <cstdint>
#include <span>

namespace heliostat::hal::mbedtls {

// Does the client list the versions that it speaks, and TLS 1.2 is not among them? `message` begins with the
// handshake's header; any bytes will do.
[[nodiscard]] bool LeavesOutTls12(std::span<const std::uint8_t> message);

}  // namespace heliostat::hal::mbedtls
