// mbedTLS's structures, initialised and freed with their owner. Only files that may use the library itself include it.
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

namespace heliostat::hal::mbedtls {

template <typename T, void (*kInit)(T*), void (*kFree)(T*)>
class Owned {
 public:
  Owned() { kInit(&value_); }
  ~Owned() { kFree(&value_); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  // The pointer is not const because the library takes plain pointers even to what it only reads.
  T* get() const { return &value_; }
  T* operator->() const { return &value_; }

 private:
  mutable T value_;
};

using CertificateList = Owned<mbedtls_x509_crt, mbedtls_x509_crt_init, mbedtls_x509_crt_free>;
using RevocationList = Owned<mbedtls_x509_crl, mbedtls_x509_crl_init, mbedtls_x509_crl_free>;
using PrivateKey = Owned<mbedtls_pk_context, mbedtls_pk_init, mbedtls_pk_free>;
using SslConfig = Owned<mbedtls_ssl_config, mbedtls_ssl_config_init, mbedtls_ssl_config_free>;
using SslContext = Owned<mbedtls_ssl_context, mbedtls_ssl_init, mbedtls_ssl_free>;

// Draws the kernel's entropy through a generator. It must not move, since the generator points to the entropy.
class RandomBytes {
 public:
  // Returns 0 or the library's error.
  [[nodiscard]] int Seed() {
    return mbedtls_ctr_drbg_seed(generator_.get(), mbedtls_entropy_func, entropy_.get(), nullptr, 0);
  }
  mbedtls_ctr_drbg_context* get() const { return generator_.get(); }

 private:
  Owned<mbedtls_entropy_context, mbedtls_entropy_init, mbedtls_entropy_free> entropy_;
  Owned<mbedtls_ctr_drbg_context, mbedtls_ctr_drbg_init, mbedtls_ctr_drbg_free> generator_;
};

}  // namespace heliostat::hal::mbedtls
