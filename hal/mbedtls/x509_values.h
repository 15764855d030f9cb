// From mbedTLS's parsed structures to values. Only for this folder.
#pragma once

#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "hal/secure_channel.h"
#include "mbedtls/owned.h"

namespace heliostat::hal::mbedtls {

inline constexpr std::size_t kMaxPartBytes = 64 * 1024;

// Since 1970-01-01 UTC; 0 for no date and for older ones.
[[nodiscard]] std::uint64_t SecondsOf(const mbedtls_x509_time& time);

[[nodiscard]] Certificate Describe(const mbedtls_x509_crt& certificate);

// PEM or DER into an empty list. kInvalidArgument, kResourceExhausted; the subject is `subject`.
[[nodiscard]] Status Parse(std::string_view pem_or_der, const std::string& subject, CertificateList& into);
[[nodiscard]] Status Parse(std::string_view pem_or_der, const std::string& subject, RevocationList& into);
[[nodiscard]] Status Parse(std::string_view pem_or_der, const std::string& subject, PrivateKey& into);

}  // namespace heliostat::hal::mbedtls
