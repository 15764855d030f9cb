#include "mbedtls/certificate.h"

#include <mbedtls/oid.h>

#include <array>
#include <chrono>
#include <cstring>
#include <functional>
#include <span>

#include "base/utf8.h"
#include "mbedtls/errors.h"
#include "mbedtls/sha256_digest.h"
#include "mbedtls/x509_values.h"

namespace heliostat::hal::mbedtls {
namespace {

// The kinds of subject alternative names (RFC 5280, 4.2.1.6), as the low bits of the tag number them.
constexpr int kDnsName = 2;
constexpr int kUri = 6;

// `also` are characters that mean something where the text is put.
std::string Text(const mbedtls_x509_buf& value, std::string_view also = {}) {
  std::string text;
  std::span<const std::uint8_t> rest(value.p, value.len);
  while (!rest.empty()) {
    const std::size_t length = CharacterBytes(rest);
    const auto first = static_cast<char>(rest[0]);
    const bool plain = length > 1 || (length == 1 && rest[0] >= 0x20 && rest[0] != 0x7F && first != '\\' &&
                                      also.find(first) == std::string_view::npos);
    if (plain) {
      text.append(reinterpret_cast<const char*>(rest.data()), length);
    } else {
      text += "\\" + Hexadecimal(rest.first(1));
    }
    rest = rest.subspan(plain ? length : 1);
  }
  return text;
}

bool IsCommonName(const mbedtls_x509_name& name) { return MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name.oid) == 0; }

// The name in the notation of RFC 4514, in the order of the certificate.
std::string DistinguishedName(const mbedtls_x509_name& first) {
  std::string text;
  for (const mbedtls_x509_name* name = &first; name != nullptr; name = name->next) {
    if (name->oid.p == nullptr) continue;
    const char* type = nullptr;
    if (mbedtls_oid_get_attr_short_name(&name->oid, &type) != 0) type = "?";
    text += (text.empty() ? "" : ",") + std::string(type) + "=" + Text(name->val, ",+\"<>;=#");
  }
  return text;
}

std::string CommonName(const mbedtls_x509_name& first) {
  const mbedtls_x509_name* found = nullptr;
  for (const mbedtls_x509_name* name = &first; name != nullptr; name = name->next) {
    if (name->oid.p == nullptr || !IsCommonName(*name)) continue;
    if (found != nullptr) return {};
    found = name;
  }
  return found != nullptr ? Text(found->val) : std::string();
}

// Gives the parser the bytes as the library wants them: PEM with the NUL behind it, DER without.
template <typename Parser>
int ReadWith(const Parser& parser, std::string_view text) {
  if (text.find("-----BEGIN") == std::string_view::npos) {
    return parser(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  }
  std::string terminated(text);
  const int result = parser(reinterpret_cast<const std::uint8_t*>(terminated.c_str()), terminated.size() + 1);
  mbedtls_platform_zeroize(terminated.data(), terminated.size());  // it may be a key
  return result > 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT : result;    // above 0, so many certificates could not be read
}

Status CheckSize(std::string_view text, const std::string& subject, const char* what) {
  if (text.empty()) return {Code::kInvalidArgument, subject, "missing", std::string("give ") + what + " in PEM or DER"};
  if (text.size() > kMaxPartBytes) {
    return {Code::kInvalidArgument, subject, "longer than 65,536 bytes", std::string("give only ") + what};
  }
  return OkStatus();
}

Status ParsedAs(int result, const std::string& subject, const char* what) {
  if (result == 0) return OkStatus();
  if (IsOutOfMemory(result)) return OutOfMemory();
  return {Code::kInvalidArgument, subject, std::string("can't be read as ") + what,
          std::string("give ") + what + " in PEM or DER"};
}

}  // namespace

std::string Hexadecimal(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const std::uint8_t byte : bytes) text += {kDigits[byte >> 4U], kDigits[byte & 15U]};
  return text;
}

std::uint64_t SecondsOf(const mbedtls_x509_time& time) {
  if (time.year < 1970) return 0;
  const auto day = std::chrono::sys_days(std::chrono::year(time.year) / time.mon / time.day);
  const std::int64_t days = day.time_since_epoch().count();
  return static_cast<std::uint64_t>(((days * 24 + time.hour) * 60 + time.min) * 60 + time.sec);
}

Certificate Describe(const mbedtls_x509_crt& certificate) {
  Certificate described;
  described.subject = DistinguishedName(certificate.subject);
  described.common_name = CommonName(certificate.subject);
  described.issuer = DistinguishedName(certificate.issuer);
  described.serial = Hexadecimal({certificate.serial.p, certificate.serial.len});
  // The library's own reading of these names knows DNS names alone; the entries are kept as they are.
  for (const mbedtls_x509_sequence* name = &certificate.subject_alt_names; name != nullptr; name = name->next) {
    if (name->buf.p == nullptr) continue;
    const int kind = name->buf.tag & static_cast<int>(MBEDTLS_ASN1_TAG_VALUE_MASK);
    if (kind == kUri) described.uris.push_back(Text(name->buf));
    if (kind == kDnsName) described.dns_names.push_back(Text(name->buf));
  }
  described.not_before_s = SecondsOf(certificate.valid_from);
  described.not_after_s = SecondsOf(certificate.valid_to);
  described.sha256 = Sha256({certificate.raw.p, certificate.raw.len});
  return described;
}

int Read(std::string_view pem_or_der, CertificateList& into) {
  return ReadWith(std::bind_front(mbedtls_x509_crt_parse, into.get()), pem_or_der);
}

int Read(std::string_view pem_or_der, RevocationList& into) {
  return ReadWith(std::bind_front(mbedtls_x509_crl_parse, into.get()), pem_or_der);
}

int Read(std::string_view pem_or_der, PrivateKey& into) {
  const auto parser = [&into](const std::uint8_t* bytes, std::size_t size) {
    return mbedtls_pk_parse_key(into.get(), bytes, size, nullptr, 0);
  };
  return ReadWith(parser, pem_or_der);
}

Status Parse(std::string_view pem_or_der, const std::string& subject, CertificateList& into) {
  HELIOSTAT_RETURN_IF_ERROR(CheckSize(pem_or_der, subject, "a certificate"));
  return ParsedAs(Read(pem_or_der, into), subject, "a certificate");
}

Status Parse(std::string_view pem_or_der, const std::string& subject, RevocationList& into) {
  HELIOSTAT_RETURN_IF_ERROR(CheckSize(pem_or_der, subject, "a revocation list"));
  return ParsedAs(Read(pem_or_der, into), subject, "a revocation list");
}

Status Parse(std::string_view pem_or_der, const std::string& subject, PrivateKey& into) {
  HELIOSTAT_RETURN_IF_ERROR(CheckSize(pem_or_der, subject, "a private key"));
  const int result = Read(pem_or_der, into);
  if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED) {
    return {Code::kUnsupported, subject, "is encrypted", "give it without a pass phrase"};
  }
  return ParsedAs(result, subject, "a private key");
}

Result<Certificate> ParseCertificate(std::string_view pem_or_der, const std::string& subject) {
  CertificateList list;
  HELIOSTAT_RETURN_IF_ERROR(Parse(pem_or_der, subject, list));
  return Describe(*list.get());
}

}  // namespace heliostat::hal::mbedtls
