#include "mbedtls/credentials.h"

#include <mbedtls/md.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "mbedtls/chain_bounds.h"
#include "mbedtls/judge.h"
#include "mbedtls/x509_values.h"

namespace heliostat::hal::mbedtls {
namespace {

constexpr std::array<int, 7> kSuites = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                                        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                                        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
                                        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
                                        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                                        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                                        0};
constexpr std::array<mbedtls_ecp_group_id, 4> kCurves = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1,
                                                         MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
constexpr std::array<int, 4> kHashes = {MBEDTLS_MD_SHA512, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA256, MBEDTLS_MD_NONE};

bool SameName(const mbedtls_x509_buf& one, const mbedtls_x509_buf& other) {
  return one.len == other.len && std::memcmp(one.p, other.p, one.len) == 0;
}

bool Signed(const mbedtls_x509_crl& crl, mbedtls_x509_crt& authority) {
  if (!SameName(crl.issuer_raw, authority.subject_raw)) return false;
  if (mbedtls_x509_crt_check_key_usage(&authority, MBEDTLS_X509_KU_CRL_SIGN) != 0) return false;
  if ((MBEDTLS_X509_ID_FLAG(crl.sig_md) & kCertificateProfile.allowed_mds) == 0) return false;
  const mbedtls_md_info_t* const digest = mbedtls_md_info_from_type(crl.sig_md);
  std::array<std::uint8_t, MBEDTLS_MD_MAX_SIZE> hash{};
  return digest != nullptr && mbedtls_md(digest, crl.tbs.p, crl.tbs.len, hash.data()) == 0 &&
         mbedtls_pk_verify_ext(crl.sig_pk, crl.sig_opts, &authority.pk, crl.sig_md, hash.data(),
                               mbedtls_md_get_size(digest), crl.sig.p, crl.sig.len) == 0;
}

}  // namespace

Result<std::shared_ptr<const Credentials>> Credentials::Load(const TrustBundle& bundle, Side side,
                                                             CertificateClock* clock) {
  const std::shared_ptr<Credentials> loaded(new Credentials(side, clock));
  HELIOSTAT_RETURN_IF_ERROR(loaded->Parse(bundle));
  HELIOSTAT_RETURN_IF_ERROR(loaded->CheckAuthority());
  HELIOSTAT_RETURN_IF_ERROR(loaded->CheckRevocationLists());
  if (side == Side::kServer) HELIOSTAT_RETURN_IF_ERROR(loaded->CheckOwnCertificate());
  HELIOSTAT_RETURN_IF_ERROR(loaded->Configure());
  loaded->FillState();
  return std::shared_ptr<const Credentials>(loaded);
}

Status Credentials::Parse(const TrustBundle& bundle) {
  HELIOSTAT_RETURN_IF_ERROR(mbedtls::Parse(bundle.ca, "ca", ca_));
  HELIOSTAT_RETURN_IF_ERROR(mbedtls::Parse(bundle.certificate, "certificate", certificate_));
  HELIOSTAT_RETURN_IF_ERROR(mbedtls::Parse(bundle.private_key, "private_key", key_));
  has_crl_ = !bundle.crl.empty();
  if (has_crl_) HELIOSTAT_RETURN_IF_ERROR(mbedtls::Parse(bundle.crl, "crl", crl_));
  if (mbedtls_pk_check_pair(&certificate_->pk, key_.get()) != 0) {
    return {Code::kInvalidArgument, "private_key", "is not the key of the certificate",
            "give the two that belong together"};
  }
  return OkStatus();
}

Status Credentials::CheckAuthority() const {
  for (const mbedtls_x509_crt* one = ca_.get(); one != nullptr; one = one->next) {
    if (one->ca_istrue == 0 || mbedtls_x509_crt_check_key_usage(one, MBEDTLS_X509_KU_KEY_CERT_SIGN) != 0) {
      return {Code::kInvalidArgument, "ca", "is not an authority's certificate: " + Describe(*one).subject,
              "give the certificate that others are signed with"};
    }
  }
  return OkStatus();
}

Status Credentials::CheckRevocationLists() const {
  for (const mbedtls_x509_crl* list = crl(); list != nullptr; list = list->next) {
    bool known = false;
    for (mbedtls_x509_crt* one = ca_.get(); one != nullptr && !known; one = one->next) known = Signed(*list, *one);
    if (!known) {
      return {Code::kInvalidArgument, "crl", "is not signed by the authority", "give the list of the authority in ca"};
    }
  }
  return OkStatus();
}

Status Credentials::CheckOwnCertificate() const {
  Status status = CheckBounds(*certificate_.get(), "certificate", "our own");
  if (status.ok()) status = VerifyOwn(clock_, "certificate", "our own");
  if (status.ok() || status.code() == Code::kResourceExhausted) return status;
  return {Code::kInvalidArgument, status.subject(), status.reason(), status.fix()};
}

Status Credentials::Configure() {
  int result = random_.Seed();
  if (result == 0) {
    result = mbedtls_ssl_config_defaults(config_.get(),
                                         side_ == Side::kServer ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                         MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  }
  if (result == 0) result = mbedtls_ssl_conf_own_cert(config_.get(), certificate_.get(), key_.get());
  if (result != 0) return OutOfMemory();

  mbedtls_ssl_config* const config = config_.get();
  mbedtls_ssl_conf_rng(config, mbedtls_ctr_drbg_random, random_.get());
  mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_max_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_ciphersuites(config, kSuites.data());
  mbedtls_ssl_conf_curves(config, kCurves.data());
  mbedtls_ssl_conf_sig_hashes(config, kHashes.data());
  mbedtls_ssl_conf_cert_profile(config, &kCertificateProfile);
  mbedtls_ssl_conf_authmode(config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(config, ca_.get(), crl());
  mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
  mbedtls_ssl_conf_legacy_renegotiation(config, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
  mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
  return OkStatus();
}

void Credentials::FillState() {
  state_.ca = Describe(*ca_.get());
  state_.certificate = Describe(*certificate_.get());
  state_.has_crl = has_crl_;
  for (const mbedtls_x509_crl* list = crl(); list != nullptr; list = list->next) {
    const std::uint64_t next_s = SecondsOf(list->next_update);
    if (next_s != 0 && (state_.crl_next_update_s == 0 || next_s < state_.crl_next_update_s)) {
      state_.crl_next_update_s = next_s;
    }
    for (const mbedtls_x509_crl_entry* entry = &list->entry; entry != nullptr; entry = entry->next) {
      if (entry->raw.len != 0) ++state_.revoked;  // the first is there even when the list is empty
    }
  }
}

Status Credentials::VerifyOwn(CertificateClock* clock, const std::string& subject, const std::string& whose) const {
  return VerifyChain(*certificate_.get(), Side::kServer, ca_.get(), crl(), clock, subject, whose);
}

Status Credentials::WouldAccept(const mbedtls_x509_crt& chain, const std::string& peer, CertificateClock* clock) const {
  const bool server = side_ == Side::kServer;
  return VerifyChain(chain, server ? Side::kClient : Side::kServer, ca_.get(), crl(), clock, peer,
                     server ? "the client's certificate" : "the card's certificate");
}

}  // namespace heliostat::hal::mbedtls
