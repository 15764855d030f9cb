// From bytes to mbedTLS's parsed structures, and from those to values. Only files that may use the library itself
// include it.
#pragma once

#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "hal/secure_channel.h"
#include "mbedtls/owned.h"

namespace heliostat::hal::mbedtls {

inline constexpr std::size_t kMaxPartBytes = 64 * 1024;

// The seconds since 1970-01-01 UTC; 0 for no date and for older ones.
[[nodiscard]] std::uint64_t SecondsOf(const mbedtls_x509_time& time);

// The digits are capitals, without separators.
[[nodiscard]] std::string Hexadecimal(std::span<const std::uint8_t> bytes);

[[nodiscard]] Certificate Describe(const mbedtls_x509_crt& certificate);

// Reads PEM or DER into an empty structure. Returns 0 or the library's error, also when only some of several
// certificates could be read.
[[nodiscard]] int Read(std::string_view pem_or_der, CertificateList& into);
[[nodiscard]] int Read(std::string_view pem_or_der, RevocationList& into);
[[nodiscard]] int Read(std::string_view pem_or_der, PrivateKey& into);

// Reads at most kMaxPartBytes. kInvalidArgument, kUnsupported (a key with a pass phrase), kResourceExhausted; the
// subject is `subject`.
[[nodiscard]] Status Parse(std::string_view pem_or_der, const std::string& subject, CertificateList& into);
[[nodiscard]] Status Parse(std::string_view pem_or_der, const std::string& subject, RevocationList& into);
[[nodiscard]] Status Parse(std::string_view pem_or_der, const std::string& subject, PrivateKey& into);

}  // namespace heliostat::hal::mbedtls
