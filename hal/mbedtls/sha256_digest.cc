#include "mbedtls/sha256_digest.h"

#include <mbedtls/sha256.h>

namespace heliostat::hal::mbedtls {

Sha256Digest Sha256(std::span<const std::uint8_t> bytes) {
  Sha256Digest digest{};
  // The result tells only of accelerators; in software nothing can fail.
  (void)mbedtls_sha256_ret(bytes.data(), bytes.size(), digest.data(), 0);
  return digest;
}

}  // namespace heliostat::hal::mbedtls
