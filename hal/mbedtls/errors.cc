#include "mbedtls/errors.h"

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#include <array>

#include "mbedtls/x509_values.h"

namespace heliostat::hal::mbedtls {
namespace {

// A number is the sum of a module's and, often, one of a module below: two negative parts, the upper above 7 bits.
int Upper(int error) { return -(-error & ~0x7F); }
int Lower(int error) { return -(-error & 0x7F); }

// For a signature that does not fit, the library passes on the error of the arithmetic.
bool IsBadSignature(int error) {
  switch (Upper(error)) {
    case MBEDTLS_ERR_ECP_VERIFY_FAILED:
    case MBEDTLS_ERR_RSA_VERIFY_FAILED:
    case MBEDTLS_ERR_PK_SIG_LEN_MISMATCH:
    case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_VERIFY:
    case MBEDTLS_ERR_SSL_PEER_VERIFY_FAILED: return true;
    default: return false;
  }
}

const char* PeerName(Side our_side) { return our_side == Side::kServer ? "the client" : "the card"; }

struct AlertMeaning {
  std::uint8_t description;
  bool about_our_certificate;
  const char* reason;
  const char* fix;
};

constexpr const char* kRenew = "have a new certificate issued";
constexpr AlertMeaning kAlerts[] = {
    {MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE, false, "did not expect what we sent", ""},
    {MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC, false, "got damaged bytes from us", ""},
    {MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE, false, "found nothing in common with us, or misses our certificate", ""},
    {MBEDTLS_SSL_ALERT_MSG_NO_CERT, true, "wants one and got none", "give a certificate and its key"},
    {MBEDTLS_SSL_ALERT_MSG_BAD_CERT, true, "it is damaged, or for another name", kRenew},
    {MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT, true, "its kind, key or purpose is not taken", kRenew},
    {MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED, true, "revoked", kRenew},
    {MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED, true, "expired, or not yet valid by its clock",
     "have a new certificate issued, or set the clock"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN, true, "not acceptable", kRenew},
    {MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA, true, "signed by an authority that it does not trust",
     "use a certificate of its authority"},
    {MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED, true, "not allowed", ""},
    {MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR, false, "can't read what we sent", ""},
    {MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR, false, "can't verify what we signed", ""},
    {MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION, false, "does not speak TLS 1.2", ""},
    {MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY, false, "wants stronger encryption", ""},
    {MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, false, "has a problem of its own, such as no memory", "try again later"},
    {MBEDTLS_SSL_ALERT_MSG_USER_CANCELED, false, "gave up", ""},
    {MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME, false, "does not have the name that we asked for", ""},
};

}  // namespace

bool IsOutOfMemory(int error) {
  switch (Upper(error)) {
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
    case MBEDTLS_ERR_MD_ALLOC_FAILED:
    case MBEDTLS_ERR_PEM_ALLOC_FAILED:
    case MBEDTLS_ERR_CIPHER_ALLOC_FAILED: return true;
    default: return Lower(error) == MBEDTLS_ERR_MPI_ALLOC_FAILED || Lower(error) == MBEDTLS_ERR_ASN1_ALLOC_FAILED;
  }
}

// The text is short enough to lie inside the string itself.
Status OutOfMemory() { return {Code::kResourceExhausted, {}, "out of memory"}; }

Status Explain(int error, Side our_side, const std::string& peer) {
  if (IsOutOfMemory(error)) return OutOfMemory();
  const std::string who = PeerName(our_side);
  switch (error) {
    case MBEDTLS_ERR_SSL_CONN_EOF:
    case MBEDTLS_ERR_NET_CONN_RESET: return {Code::kUnavailable, peer, who + " broke the connection off"};
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
      return {Code::kPermissionDenied, peer, who + " shows no certificate", "give it a certificate and its key"};
    case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
    case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
      return {Code::kUnsupported, peer, who + " offers no encryption that is strong enough",
              "use TLS 1.2 with ECDHE and AES-GCM or ChaCha20-Poly1305"};
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
      return {Code::kUnsupported, peer, who + " does not speak TLS 1.2", "use TLS 1.2"};
    case MBEDTLS_ERR_SSL_INVALID_MAC: return {Code::kDataLoss, peer, "bytes were changed on their way"};
    case MBEDTLS_ERR_SSL_BAD_HS_FINISHED:
      return {Code::kPermissionDenied, peer, "the handshake was changed on its way"};
    default: break;
  }
  if (IsBadSignature(error)) {
    return {Code::kPermissionDenied, peer, who + " does not hold the key of its certificate"};
  }
  const std::array number = {static_cast<std::uint8_t>(-error >> 8), static_cast<std::uint8_t>(-error)};
  return {Code::kDataLoss, peer, who + " breaks the rules of TLS (error -0x" + Hexadecimal(number) + ")"};
}

Status ExplainAlert(std::uint8_t description, Side our_side, const std::string& peer) {
  const std::string who = PeerName(our_side);
  for (const AlertMeaning& alert : kAlerts) {
    if (alert.description != description) continue;
    if (!alert.about_our_certificate) return {Code::kUnavailable, peer, who + " " + alert.reason, alert.fix};
    return {Code::kPermissionDenied, peer, who + " refuses our certificate: " + alert.reason, alert.fix};
  }
  return {Code::kUnavailable, peer, who + " ended the connection (alert " + std::to_string(description) + ")"};
}

std::uint8_t AlertFor(int error) {
  if (IsOutOfMemory(error)) return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
  if (IsBadSignature(error)) return MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR;
  switch (Upper(error)) {
    case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE: return MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE;
    case MBEDTLS_ERR_SSL_INVALID_MAC: return MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC;
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION: return MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
    case MBEDTLS_ERR_SSL_BAD_HS_FINISHED: return MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
    case MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO:
    case MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO:
    case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE:
    case MBEDTLS_ERR_SSL_BAD_HS_SERVER_KEY_EXCHANGE:
    case MBEDTLS_ERR_SSL_BAD_HS_CLIENT_KEY_EXCHANGE:
    case MBEDTLS_ERR_SSL_BAD_HS_CHANGE_CIPHER_SPEC: return MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR;
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR: return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
    default: return MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
  }
}

}  // namespace heliostat::hal::mbedtls
