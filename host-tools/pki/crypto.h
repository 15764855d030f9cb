// mbedTLS's errors as ours, and what of hal/mbedtls is used here. Included by sources of this folder only.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "mbedtls/owned.h"
#include "mbedtls/sha256_digest.h"
#include "mbedtls/x509_values.h"

namespace heliostat::pki {

using hal::mbedtls::CertificateList;
using hal::mbedtls::Hexadecimal;
using hal::mbedtls::PrivateKey;
using hal::mbedtls::RandomBytes;
using hal::mbedtls::Read;
using hal::mbedtls::RevocationList;
using hal::mbedtls::SecondsOf;
using hal::mbedtls::Sha256;

// `reason: mbedTLS's words`.
Status CryptoError(Code code, std::string subject, std::string_view reason, int error, std::string fix);

inline std::span<const std::uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::span<const std::uint8_t> Bytes(const mbedtls_asn1_buf& buffer) { return {buffer.p, buffer.len}; }
inline std::string Text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string Text(const mbedtls_asn1_buf& buffer) { return Text(Bytes(buffer)); }

}  // namespace heliostat::pki
