// A client that does what OpenClient would not let it: shows any certificates and signs with any key.
#pragma once

#include <gtest/gtest.h>
#include <mbedtls/ssl_internal.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/byte_stream.h"
#include "mbedtls/owned.h"
#include "mbedtls/x509_values.h"

namespace heliostat::hal::mbedtls {

class Impostor {
 public:
  Impostor(std::string_view certificates, std::string_view private_key, std::unique_ptr<ByteStream> stream)
      : stream_(std::move(stream)) {
    EXPECT_TRUE(Parse(certificates, "certificates", certificates_).ok());
    EXPECT_TRUE(Parse(private_key, "private_key", key_).ok());
    EXPECT_EQ(random_.Seed(), 0);
    EXPECT_EQ(mbedtls_ssl_config_defaults(config_.get(), MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT),
              0);
    mbedtls_ssl_conf_rng(config_.get(), mbedtls_ctr_drbg_random, random_.get());
    mbedtls_ssl_conf_authmode(config_.get(), MBEDTLS_SSL_VERIFY_NONE);
    EXPECT_EQ(mbedtls_ssl_conf_own_cert(config_.get(), certificates_.get(), key_.get()), 0);
    EXPECT_EQ(mbedtls_ssl_setup(ssl_.get(), config_.get()), 0);
    mbedtls_ssl_set_bio(ssl_.get(), stream_.get(), &Send, &Receive, nullptr);
  }
  int Handshake() { return mbedtls_ssl_handshake(ssl_.get()); }
  // Shows these certificates instead, in DER. Is called before the handshake.
  void Show(const std::vector<std::string>& certificates) {
    mbedtls_x509_crt_free(certificates_.get());
    for (const std::string& one : certificates) {
      const auto* der = reinterpret_cast<const std::uint8_t*>(one.data());
      EXPECT_EQ(mbedtls_x509_crt_parse_der(certificates_.get(), der, one.size()), 0);
    }
  }
  // Sends an alert that ends nothing.
  void Warn() {
    (void)mbedtls_ssl_send_alert_message(ssl_.get(), MBEDTLS_SSL_ALERT_LEVEL_WARNING,
                                         MBEDTLS_SSL_ALERT_MSG_USER_CANCELED);
  }
  ByteStream& stream() { return *stream_; }
  std::uint8_t alert() const { return ssl_->in_msg[1]; }

 private:
  static int Send(void* stream, const std::uint8_t* bytes, std::size_t size) {
    const Transfer sent = static_cast<ByteStream*>(stream)->Write({bytes, size});
    return sent.outcome == Transfer::Outcome::kBytes ? static_cast<int>(sent.bytes) : MBEDTLS_ERR_SSL_WANT_WRITE;
  }
  static int Receive(void* stream, std::uint8_t* out, std::size_t size) {
    const Transfer got = static_cast<ByteStream*>(stream)->Read({out, size});
    if (got.outcome == Transfer::Outcome::kWaitRead) return MBEDTLS_ERR_SSL_WANT_READ;
    return static_cast<int>(got.bytes);
  }

  std::unique_ptr<ByteStream> stream_;
  CertificateList certificates_;
  PrivateKey key_;
  RandomBytes random_;
  SslConfig config_;
  SslContext ssl_;
};

}  // namespace heliostat::hal::mbedtls
