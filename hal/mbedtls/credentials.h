// A trust bundle, parsed and checked, with what all its connections share. Lives until the last of them is gone.
#pragma once

#include <memory>

#include "base/status.h"
#include "hal/secure_channel.h"
#include "mbedtls/errors.h"
#include "mbedtls/owned.h"

namespace heliostat::hal::mbedtls {

class Credentials {
 public:
  // A server's bundle is checked for everything that SecureServer::Replace says; a client's own certificate is left to
  // the server's judgement. The clock must outlive the credentials.
  [[nodiscard]] static Result<std::shared_ptr<const Credentials>> Load(const TrustBundle& bundle, Side side,
                                                                       CertificateClock* clock);

  [[nodiscard]] const TrustState& state() const { return state_; }
  [[nodiscard]] const mbedtls_ssl_config* config() const { return config_.get(); }
  [[nodiscard]] CertificateClock* clock() const { return clock_; }
  [[nodiscard]] Side side() const { return side_; }
  // One thread at a time, as all of its connections are.
  [[nodiscard]] mbedtls_ctr_drbg_context* random() const { return random_.get(); }

  // Would the owner of this chain be let in, by that clock?
  [[nodiscard]] Status WouldAccept(const mbedtls_x509_crt& chain, const std::string& peer,
                                   CertificateClock* clock) const;
  // Would those who trust the authority accept a server's own certificate, by that clock?
  [[nodiscard]] Status VerifyOwn(CertificateClock* clock, const std::string& subject, const std::string& whose) const;

 private:
  Credentials(Side side, CertificateClock* clock) : side_(side), clock_(clock) {}
  [[nodiscard]] Status Parse(const TrustBundle& bundle);
  [[nodiscard]] Status CheckAuthority() const;
  [[nodiscard]] Status CheckRevocationLists() const;
  [[nodiscard]] Status CheckOwnCertificate() const;
  [[nodiscard]] Status Configure();
  void FillState();
  [[nodiscard]] mbedtls_x509_crl* crl() const { return has_crl_ ? crl_.get() : nullptr; }

  Side side_;
  CertificateClock* clock_;
  CertificateList ca_;
  CertificateList certificate_;
  PrivateKey key_;
  RevocationList crl_;
  bool has_crl_ = false;
  RandomBytes random_;
  SslConfig config_;
  TrustState state_;
};

}  // namespace heliostat::hal::mbedtls
