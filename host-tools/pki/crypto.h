// Owners of mbedTLS's contexts, and its errors as ours. Included by sources of this folder only.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace heliostat::pki {

// `reason: mbedTLS's words`.
Status CryptoError(Code code, std::string subject, std::string_view reason, int error, std::string fix);

inline const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
inline std::string Text(const mbedtls_asn1_buf& buffer) {
  return {reinterpret_cast<const char*>(buffer.p), buffer.len};
}

std::array<unsigned char, 32> Sha256(std::string_view bytes);
// Capitals, without separators.
std::string Hexadecimal(std::string_view bytes);

// Seconds since 1970-01-01 UTC.
std::uint64_t SecondsOf(const mbedtls_x509_time& time);

// With one of mbedTLS's parsers: PEM needs its closing NUL counted, DER must not have it. 0, or mbedTLS's error, also
// where some of several could not be read.
template <typename T>
int Parse(int (*parser)(T*, const unsigned char*, std::size_t), T* parsed, const std::string& bytes) {
  const bool pem = bytes.find("-----BEGIN ") != std::string::npos;
  const int error = parser(parsed, Bytes(bytes), bytes.size() + (pem ? 1 : 0));
  return error > 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT : error;
}

template <typename T, void (*Init)(T*), void (*Free)(T*)>
class Owned {
 public:
  Owned() { Init(&value_); }
  ~Owned() { Free(&value_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  T* get() { return &value_; }
  const T* get() const { return &value_; }
  T* operator->() { return &value_; }
  const T* operator->() const { return &value_; }

 private:
  T value_;
};

using Key = Owned<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free>;
using ParsedCertificate = Owned<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free>;
using ParsedRevocationList = Owned<mbedtls_x509_crl, mbedtls_x509_crl_init, mbedtls_x509_crl_free>;

// The kernel's entropy through a generator. At a fixed place: the generator points to the entropy.
class Random {
 public:
  // kUnavailable.
  [[nodiscard]] Status Seed();
  mbedtls_ctr_drbg_context* generator() { return generator_.get(); }

 private:
  Owned<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free> entropy_;
  Owned<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free> generator_;
};

}  // namespace heliostat::pki
