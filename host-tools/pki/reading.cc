#include "pki/reading.h"

#include <mbedtls/oid.h>

#include <algorithm>

#include "pki/crypto.h"

namespace heliostat::pki {
namespace {

constexpr std::size_t kLongestName = 1024;
constexpr std::uint8_t kTagNumber = 0x1f;

std::string NameText(const mbedtls_x509_name& name) {
  char text[kLongestName];
  const int length = mbedtls_x509_dn_gets(text, sizeof text, &name);
  return length < 0 ? "?" : std::string(text, static_cast<std::size_t>(length));
}

std::string CommonName(const mbedtls_x509_name& name) {
  for (const mbedtls_x509_name* part = &name; part != nullptr; part = part->next) {
    if (Text(part->oid) == MBEDTLS_OID_AT_CN) return Text(part->val);
  }
  return {};
}

std::string AddressText(const mbedtls_x509_buf& bytes) {
  IpAddress address;
  if (bytes.len != 4 && bytes.len != 16) return "?";
  address.family = bytes.len == 4 ? IpFamily::kIpv4 : IpFamily::kIpv6;
  std::copy(bytes.p, bytes.p + bytes.len, address.bytes.begin());
  return address.ToString();
}

void ReadAlternativeNames(const mbedtls_x509_crt& certificate, CertificateText& text) {
  if ((certificate.ext_types & MBEDTLS_X509_EXT_SUBJECT_ALT_NAME) == 0) return;
  for (const auto* name = &certificate.subject_alt_names; name != nullptr; name = name->next) {
    switch (name->buf.tag & kTagNumber) {
      case MBEDTLS_X509_SAN_DNS_NAME: text.dns_names.push_back(Text(name->buf)); break;
      case MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER: text.uris.push_back(Text(name->buf)); break;
      case MBEDTLS_X509_SAN_IP_ADDRESS: text.addresses.push_back(AddressText(name->buf)); break;
      default: break;
    }
  }
}

bool IsFor(const mbedtls_x509_crt& certificate, const char* purpose, std::size_t length) {
  return certificate.ca_istrue == 0 && mbedtls_x509_crt_check_extended_key_usage(&certificate, purpose, length) == 0;
}

}  // namespace

Result<CertificateText> ReadCertificate(const std::string& bytes) {
  CertificateList parsed;
  if (const int error = Read(bytes, parsed); error != 0) {
    return CryptoError(Code::kInvalidArgument, "certificate", "can't be read", error, "give one in PEM or DER");
  }
  const mbedtls_x509_crt& certificate = *parsed.get();
  CertificateText text;
  text.subject = NameText(certificate.subject);
  text.common_name = CommonName(certificate.subject);
  text.issuer = NameText(certificate.issuer);
  text.serial = Hexadecimal(Bytes(certificate.serial));
  text.validity = {SecondsOf(certificate.valid_from), SecondsOf(certificate.valid_to)};
  ReadAlternativeNames(certificate, text);
  text.authority = certificate.ca_istrue != 0;
  text.server = IsFor(certificate, MBEDTLS_OID_SERVER_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH));
  text.client = IsFor(certificate, MBEDTLS_OID_CLIENT_AUTH, MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH));
  text.key = std::string(mbedtls_pk_get_name(&certificate.pk)) + " " +
             std::to_string(mbedtls_pk_get_bitlen(&certificate.pk)) + " bits";
  text.sha256 = Hexadecimal(Sha256(Bytes(certificate.raw)));
  return text;
}

Result<RevocationListText> ReadRevocationList(const std::string& bytes) {
  RevocationList parsed;
  if (const int error = Read(bytes, parsed); error != 0) {
    return CryptoError(Code::kInvalidArgument, "revocation list", "can't be read", error, "give one in PEM or DER");
  }
  RevocationListText text;
  text.issuer = NameText(parsed->issuer);
  text.this_update_s = SecondsOf(parsed->this_update);
  text.next_update_s = parsed->next_update.year == 0 ? 0 : SecondsOf(parsed->next_update);
  for (const auto* entry = &parsed->entry; entry != nullptr && entry->raw.len > 0; entry = entry->next) {
    text.revoked.push_back({Hexadecimal(Bytes(entry->serial)), SecondsOf(entry->revocation_date)});
  }
  return text;
}

namespace {

Status ParseKey(const std::string& bytes, PrivateKey& key) {
  const int error = Read(bytes, key);
  if (error == 0) return OkStatus();
  return CryptoError(Code::kInvalidArgument, "private key", "can't be read", error,
                     "give one in PEM or DER, without a password");
}

}  // namespace

Status CheckPrivateKey(const std::string& private_key) {
  PrivateKey key;
  return ParseKey(private_key, key);
}

Status CheckKeyPair(const std::string& certificate, const std::string& private_key) {
  PrivateKey key;
  HELIOSTAT_RETURN_IF_ERROR(ParseKey(private_key, key));
  CertificateList parsed;
  if (const int error = Read(certificate, parsed); error != 0) {
    return CryptoError(Code::kInvalidArgument, "certificate", "can't be read", error, "give one in PEM or DER");
  }
  if (mbedtls_pk_check_pair(&parsed->pk, key.get()) == 0) return OkStatus();
  return {Code::kInvalidArgument, "private key", "is not the certificate's", "give the key that belongs to it"};
}

}  // namespace heliostat::pki
