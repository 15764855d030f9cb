// What the library found about a peer's chain, corrected by our clock, and put into words.
//
// Dates are judged by the card's clock, never by time(): a card without a clock source has its time set over the
// control connection. A revocation list past its next update still refuses whom it names, and nobody else: locking
// everyone out for a list that nobody renewed would lock out those who can renew it.
#pragma once

#include <mbedtls/x509_crt.h>

#include <cstdint>
#include <string>

#include "base/status.h"
#include "hal/secure_channel.h"
#include "mbedtls/errors.h"

namespace heliostat::hal::mbedtls {

// The keys and signatures that certificates may have: SHA-256 or better, P-256 or P-384, RSA from 2048 bits.
// chain_bounds.h says how large they may be.
extern const mbedtls_x509_crt_profile kCertificateProfile;

class Judge {
 public:
  // `our_side` says what the peer must be: a server is judged by a client. `expected_name` is a server's, else empty.
  Judge(CertificateClock* clock, Side our_side, std::string expected_name)
      : clock_(clock), our_side_(our_side), expected_name_(std::move(expected_name)) {}

  // For mbedtls_ssl_set_verify and mbedtls_x509_crt_verify_with_profile, with the judge as its parameter.
  static int Look(void* judge, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);

  // Says why a chain with these flags is refused: kPermissionDenied. `whose` is for example "the client's certificate".
  [[nodiscard]] Status Refusal(std::uint32_t flags, const std::string& subject, const std::string& whose) const;

 private:
  void CorrectDates(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags);

  CertificateClock* clock_;
  Side our_side_;
  std::string expected_name_;
  std::string names_;  // the names that the certificate is for, when it is not for the one expected
  // How much too early, or too late, the worst certificate is, and how far it is above the owner's.
  struct Distance {
    std::uint64_t seconds = 0;
    int depth = 0;
  };
  Distance early_;
  Distance late_;
};

// Verifies a chain against an authority, without a connection. `side` is what the chain's owner is. kPermissionDenied.
[[nodiscard]] Status VerifyChain(const mbedtls_x509_crt& chain, Side side, mbedtls_x509_crt* ca, mbedtls_x509_crl* crl,
                                 CertificateClock* clock, const std::string& subject, const std::string& whose);

}  // namespace heliostat::hal::mbedtls
