// SHA-256 (FIPS 180-4).
#pragma once

#include <cstdint>
#include <span>

#include "hal/secure_channel.h"

namespace heliostat::hal::mbedtls {

[[nodiscard]] Sha256Digest Sha256(std::span<const std::uint8_t> bytes);

}  // namespace heliostat::hal::mbedtls
