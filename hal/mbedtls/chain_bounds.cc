#include "mbedtls/chain_bounds.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>

#include "mbedtls/errors.h"
#include "mbedtls/judge.h"
#include "mbedtls/message_reader.h"
#include "mbedtls/owned.h"

namespace heliostat::hal::mbedtls {
namespace {

Status Refused(const std::string& subject, const std::string& reason, const char* fix) {
  return {Code::kPermissionDenied, subject, reason, fix};
}

Status TooMany(const std::string& subject, const std::string& whose) {
  return Refused(subject, whose + " comes with more than " + std::to_string(kMaxChainCertificates - 1) + " others",
                 "leave out all but the authorities between it and the one that we trust");
}

// The first certificate of a chain is its owner's.
std::string NameOf(std::size_t number, const std::string& whose) {
  return number == 1 ? whose : "an authority behind " + whose;
}

Status CheckRsa(const mbedtls_rsa_context& key, const std::string& subject, const std::string& whose) {
  const std::size_t bits = mbedtls_mpi_bitlen(&key.N);
  if (bits > kMaxRsaBits) {
    return Refused(subject, whose + " has an RSA key of " + std::to_string(bits) + " bits",
                   "use P-256, P-384 or RSA of 2048 to 4096 bits");
  }
  const std::size_t exponent_bits = mbedtls_mpi_bitlen(&key.E);
  if (exponent_bits <= kMaxRsaExponentBits) return OkStatus();
  return Refused(subject, whose + " has an RSA key with an exponent of " + std::to_string(exponent_bits) + " bits",
                 "use the exponent 65537");
}

Status CheckKey(const mbedtls_x509_crt& certificate, const std::string& subject, const std::string& whose) {
  const mbedtls_pk_context& key = certificate.pk;
  if (mbedtls_pk_can_do(&key, MBEDTLS_PK_RSA) != 0) return CheckRsa(*mbedtls_pk_rsa(key), subject, whose);
  if (mbedtls_pk_can_do(&key, MBEDTLS_PK_ECKEY) != 0 &&
      (MBEDTLS_X509_ID_FLAG(mbedtls_pk_ec(key)->grp.id) & kCertificateProfile.allowed_curves) != 0) {
    return OkStatus();
  }
  return Refused(subject, whose + " has a key of a kind or curve that is not taken",
                 "use P-256, P-384 or RSA of 2048 to 4096 bits");
}

}  // namespace

Status CheckBounds(const mbedtls_x509_crt& chain, const std::string& subject, const std::string& whose) {
  std::size_t count = 0;
  for (const mbedtls_x509_crt* one = &chain; one != nullptr; one = one->next) {
    if (++count > kMaxChainCertificates) return TooMany(subject, whose);
    HELIOSTAT_RETURN_IF_ERROR(CheckKey(*one, subject, NameOf(count, whose)));
  }
  return OkStatus();
}

// Certificates are parsed one after another, and each is dropped before the next: the library parses for itself what it
// keeps.
Status CheckBounds(std::span<const std::uint8_t> message, const std::string& subject, const std::string& whose) {
  MessageReader certificate_message(message);
  (void)certificate_message.Take(1 + 3);  // type, length
  MessageReader certificates(certificate_message.Vector(3));
  for (std::size_t count = 1; !certificates.empty(); ++count) {
    if (count > kMaxChainCertificates) return TooMany(subject, whose);
    const std::span<const std::uint8_t> der = certificates.Vector(3);
    CertificateList parsed;
    const int result = mbedtls_x509_crt_parse_der_nocopy(parsed.get(), der.data(), der.size());
    // The library leaves a certificate out of the chain when it does not know how that is signed.
    if (result == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND) continue;
    if (IsOutOfMemory(result)) return OutOfMemory();
    if (result != 0)
      return {Code::kDataLoss, subject, NameOf(count, whose) + " can't be read", "have a new one issued"};
    HELIOSTAT_RETURN_IF_ERROR(CheckKey(*parsed.get(), subject, NameOf(count, whose)));
  }
  return OkStatus();
}

}  // namespace heliostat::hal::mbedtls
