#include "mbedtls/judge.h"

#include <mbedtls/oid.h>

#include <algorithm>
#include <new>
#include <vector>

#include "mbedtls/x509_values.h"

namespace heliostat::hal::mbedtls {
namespace {

constexpr std::uint32_t kCertificateDates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
constexpr std::uint32_t kListDates = MBEDTLS_X509_BADCRL_EXPIRED | MBEDTLS_X509_BADCRL_FUTURE;
constexpr std::uint32_t kListFaults = MBEDTLS_X509_BADCRL_NOT_TRUSTED | MBEDTLS_X509_BADCRL_BAD_MD |
                                      MBEDTLS_X509_BADCRL_BAD_PK | MBEDTLS_X509_BADCRL_BAD_KEY;
constexpr std::uint32_t kPurposes =
    MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_NS_CERT_TYPE;
constexpr std::uint32_t kWeak =
    MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY;

// Says `1 day`, `3 hours` or `20 minutes`, in the largest unit that is whole.
std::string Span(std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    const char* name;
  };
  constexpr Unit kUnits[] = {{86'400, "day"}, {3'600, "hour"}, {60, "minute"}, {1, "second"}};
  for (const Unit& unit : kUnits) {
    const std::uint64_t count = seconds / unit.seconds;
    if (count != 0) return std::to_string(count) + " " + unit.name + (count == 1 ? "" : "s");
  }
  return "a moment";
}

bool HasDnsName(const mbedtls_x509_crt& certificate) {
  for (const mbedtls_x509_sequence* name = &certificate.subject_alt_names; name != nullptr; name = name->next) {
    if (name->buf.p != nullptr && (name->buf.tag & static_cast<int>(MBEDTLS_ASN1_TAG_VALUE_MASK)) == 2) return true;
  }
  return false;
}

// Lists the first few names, for people. The library's C code calls it, and no exception may pass through that.
std::string NamesOf(const mbedtls_x509_crt& certificate) {
  constexpr std::size_t kMostNames = 4;
  try {
    const std::vector<std::string> names = Describe(certificate).dns_names;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) text += (i > 0 ? ", " : "") + names[i];
    return names.size() > kMostNames ? text + ", ..." : text;
  } catch (const std::bad_alloc&) {
    return {};
  }
}

}  // namespace

const mbedtls_x509_crt_profile kCertificateProfile = {
    MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) | MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSASSA_PSS) |
        MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) | MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1),
    2048,
};

// It is called from the authority down to the owner, whose own certificate is named where all are equally late.
void Judge::CorrectDates(const mbedtls_x509_crt& certificate, int depth, std::uint32_t& flags) {
  flags &= ~(kCertificateDates | kListDates);
  const std::uint64_t now_s = clock_->NowS();
  const std::uint64_t from_s = SecondsOf(certificate.valid_from);
  const std::uint64_t to_s = SecondsOf(certificate.valid_to);
  if (now_s > to_s) {
    flags |= MBEDTLS_X509_BADCERT_EXPIRED;
    if (now_s - to_s >= late_.seconds) late_ = {now_s - to_s, depth};
  }
  if (now_s < from_s) {
    // certificate_expired is the alert for this too (RFC 5246, 7.2.2), and the library picks it by the first flag.
    flags |= kCertificateDates;
    if (from_s - now_s >= early_.seconds) early_ = {from_s - now_s, depth};
  }
}

int Judge::Look(void* judge, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags) {
  auto& self = *static_cast<Judge*>(judge);
  self.CorrectDates(*certificate, depth, *flags);
  // The library would fall back to the common name, which is a user's name in our certificates.
  if (depth == 0 && !self.expected_name_.empty() && !HasDnsName(*certificate)) {
    *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
  }
  if (depth == 0 && (*flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) self.names_ = NamesOf(*certificate);
  return 0;
}

Status Judge::Refusal(std::uint32_t flags, const std::string& subject, const std::string& whose) const {
  const auto refused = [&](const std::string& reason, const std::string& fix) {
    return Status(Code::kPermissionDenied, subject, whose + " " + reason, fix);
  };
  const auto out_of_date = [&](const Distance& distance, const std::string& reason, const std::string& fix) {
    return Status(Code::kPermissionDenied, subject,
                  (distance.depth == 0 ? whose : "the authority behind " + whose) + " " + reason, fix);
  };
  const char* const renew = "have a new one issued";
  if ((flags & MBEDTLS_X509_BADCERT_REVOKED) != 0) return refused("is revoked", renew);
  if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0) {
    return refused("is not signed by our authority", "have one issued by the authority that we trust");
  }
  if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
    return out_of_date(early_, "is not valid for another " + Span(early_.seconds), "check the clocks");
  }
  if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
    return out_of_date(late_, "expired " + Span(late_.seconds) + " ago", renew);
  }
  if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
    return refused("is not for the name \"" + expected_name_ + "\"" + (names_.empty() ? "" : ", but for " + names_),
                   "check the address, or the name to expect");
  }
  if ((flags & kPurposes) != 0) {
    return refused(our_side_ == Side::kServer ? "is not meant for clients" : "is not meant for cards", renew);
  }
  if ((flags & kWeak) != 0) {
    return refused("has a weak key or signature",
                   "use SHA-256 or better with P-256, P-384 or RSA of 2048 to 4096 bits");
  }
  if ((flags & kListFaults) != 0) {
    return refused("can't be checked: the revocation list is not our authority's", "replace the list");
  }
  if ((flags & MBEDTLS_X509_BADCERT_MISSING) != 0) return refused("is missing", "give a certificate and its key");
  return refused("is not acceptable", renew);
}

Status VerifyChain(const mbedtls_x509_crt& chain, Side side, mbedtls_x509_crt* ca, mbedtls_x509_crl* crl,
                   CertificateClock* clock, const std::string& subject, const std::string& whose) {
  Judge judge(clock, side == Side::kServer ? Side::kClient : Side::kServer, {});
  auto* const leaf = const_cast<mbedtls_x509_crt*>(&chain);  // only read
  std::uint32_t flags = 0;
  const int result =
      mbedtls_x509_crt_verify_with_profile(leaf, ca, crl, &kCertificateProfile, nullptr, &flags, &Judge::Look, &judge);
  if (result != 0 && result != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return OutOfMemory();
  // In a handshake the library itself checks this of a peer.
  if (mbedtls_x509_crt_check_key_usage(leaf, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0) {
    flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
  }
  const char* const purpose = side == Side::kServer ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH;
  const std::size_t purpose_bytes =
      side == Side::kServer ? MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH) : MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH);
  if (mbedtls_x509_crt_check_extended_key_usage(leaf, purpose, purpose_bytes) != 0) {
    flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
  }
  return flags == 0 ? OkStatus() : judge.Refusal(flags, subject, whose);
}

}  // namespace heliostat::hal::mbedtls
