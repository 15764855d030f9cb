// Bounds what it may cost to verify a chain, before any signature of it is looked at. The library tries as the signer
// of a certificate every other one of the chain that has the issuer's name, and keys of any size: a stranger's chain of
// five made-up authorities would hold the thread for seconds.
#pragma once

#include <mbedtls/x509_crt.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace heliostat::hal::mbedtls {

inline constexpr std::size_t kMaxChainCertificates = 4;
inline constexpr std::size_t kMaxRsaBits = 4096;
inline constexpr std::size_t kMaxRsaExponentBits = 32;

// kPermissionDenied: too many certificates, or a key that is too large or of a curve that the profile leaves out. A key
// that is too weak costs little, so the profile refuses it. `whose` is for example "the client's certificate".
[[nodiscard]] Status CheckBounds(const mbedtls_x509_crt& chain, const std::string& subject, const std::string& whose);

// Checks a Certificate message (RFC 5246, 7.4.2) as it came. It begins with the handshake's header and may hold any
// bytes. kDataLoss: a certificate can't be read. kResourceExhausted.
[[nodiscard]] Status CheckBounds(std::span<const std::uint8_t> message, const std::string& subject,
                                 const std::string& whose);

}  // namespace heliostat::hal::mbedtls
