#include "pki/authority.h"

#include <mbedtls/oid.h>
#include <mbedtls/pem.h>

#include <algorithm>
#include <utility>

#include "pki/crypto.h"
#include "pki/der.h"

namespace heliostat::pki {
namespace {

constexpr std::size_t kLongestCommonName = 64;  // RFC 5280, appendix A: ub-common-name
constexpr std::size_t kSerialBytes = 16;
constexpr std::size_t kKeyBufferBytes = 1024;
constexpr std::uint64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z: four digits of year

Status Invalid(std::string subject, std::string reason, std::string fix) {
  return Status(Code::kInvalidArgument, std::move(subject), std::move(reason), std::move(fix));
}

Status CheckCommonName(const std::string& name) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (!name.empty() && name.size() <= kLongestCommonName && std::none_of(name.begin(), name.end(), control)) {
    return OkStatus();
  }
  return Invalid("common name", "is empty, overlong, or has control characters in it", "give 1..64 bytes of text");
}

Status CheckValidity(const Validity& validity) {
  if (validity.not_before_s <= validity.not_after_s && validity.not_after_s <= kLastSecond) return OkStatus();
  return Invalid("validity", "ends before it begins, or after the year 9999", "give fewer days, or another beginning");
}

// IA5String: what a DNS name or URI may hold.
Status CheckAscii(std::string_view what, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (name.empty() || !printable) {
      return Invalid(std::string(what) + " \"" + name + "\"", "is empty, or has spaces or other than ASCII in it",
                     "write international names as xn--..., other characters as %XX");
    }
  }
  return OkStatus();
}

// One common name: `CN=alice`.
std::string Name(std::string_view common_name) {
  const std::string attribute =
      der::Sequence({der::Oid(MBEDTLS_OID_AT_CN), der::Element(der::kUtf8String, common_name)});
  return der::Sequence({der::Element(der::kSet, attribute)});
}

enum class Critical : std::uint8_t { kNo, kYes };

std::string Extension(std::string_view oid, Critical critical, std::string_view value) {
  const std::string flag = critical == Critical::kYes ? der::Boolean(true) : std::string();
  return der::Sequence({der::Oid(oid), flag, der::Element(der::kOctetString, value)});
}

// GeneralNames (RFC 5280, 4.2.1.6).
std::string AlternativeNames(const CertificateRequest& request) {
  std::string names;
  for (const std::string& name : request.dns_names) names += der::Element(der::Primitive(2), name);
  for (const std::string& uri : request.uris) names += der::Element(der::Primitive(6), uri);
  for (const IpAddress& address : request.addresses) {
    const std::string_view bytes(reinterpret_cast<const char*>(address.bytes.data()), address.Bits() / 8);
    names += der::Element(der::Primitive(7), bytes);
  }
  if (names.empty()) return names;
  return Extension(MBEDTLS_OID_SUBJECT_ALT_NAME, Critical::kNo, der::Element(der::kSequence, names));
}

std::string Usage(Use use) {
  const bool authority = use == Use::kAuthority;
  const std::string constraints = authority ? der::Boolean(true) : std::string();
  // Certificate and list signing (bits 5 and 6), or signatures alone (bit 0): ECDHE needs no more.
  const std::string key_usage = authority ? der::BitString("\x06", 1) : der::BitString("\x80", 7);
  std::string extensions = Extension(MBEDTLS_OID_BASIC_CONSTRAINTS, Critical::kYes, der::Sequence({constraints})) +
                           Extension(MBEDTLS_OID_KEY_USAGE, Critical::kYes, key_usage);
  if (authority) return extensions;
  const std::string purpose = der::Oid(use == Use::kCard ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH);
  return extensions + Extension(MBEDTLS_OID_EXTENDED_KEY_USAGE, Critical::kNo, der::Sequence({purpose}));
}

Result<std::string> Pem(const char* label, std::string_view der) {
  const std::string header = std::string("-----BEGIN ") + label + "-----\n";
  const std::string footer = std::string("-----END ") + label + "-----\n";
  std::string text(header.size() + footer.size() + der.size() * 3 / 2 + 64, '\0');
  std::size_t written = 0;
  const int error = mbedtls_pem_write_buffer(header.c_str(), footer.c_str(), Bytes(der).data(), der.size(),
                                             reinterpret_cast<unsigned char*>(text.data()), text.size(), &written);
  if (error != 0) return CryptoError(Code::kInternal, label, "can't be written as PEM", error, "");
  text.resize(written - 1);  // its closing NUL
  return text;
}

std::string SignatureAlgorithm() { return der::Sequence({der::Oid(MBEDTLS_OID_ECDSA_SHA256)}); }

// Signs what a certificate or a list says (`content`, DER), and wraps both.
Result<std::string> Signed(const std::string& content, PrivateKey& key, RandomBytes& random) {
  const auto digest = Sha256(Bytes(content));
  unsigned char signature[MBEDTLS_PK_SIGNATURE_MAX_SIZE];
  std::size_t length = 0;
  const int error = mbedtls_pk_sign(key.get(), MBEDTLS_MD_SHA256, digest.data(), digest.size(), signature, &length,
                                    mbedtls_ctr_drbg_random, random.get());
  if (error != 0) return CryptoError(Code::kInternal, "signature", "can't be made", error, "");
  const std::string bits = der::BitString({reinterpret_cast<const char*>(signature), length});
  return der::Sequence({content, SignatureAlgorithm(), bits});
}

Status Seed(RandomBytes& random) {
  const int error = random.Seed();
  if (error == 0) return OkStatus();
  return CryptoError(Code::kUnavailable, "random numbers", "the system gives none", error,
                     "see that /dev/urandom can be read");
}

Status Generate(PrivateKey& key, RandomBytes& random) {
  int error = mbedtls_pk_setup(key.get(), mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (error == 0) {
    error =
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key.get()), mbedtls_ctr_drbg_random, random.get());
  }
  return error == 0 ? OkStatus() : CryptoError(Code::kInternal, "private key", "can't be made", error, "");
}

// mbedTLS writes DER from the end of a buffer.
Result<std::string> PublicKeyInfo(PrivateKey& key) {
  unsigned char buffer[kKeyBufferBytes];
  const int written = mbedtls_pk_write_pubkey_der(key.get(), buffer, sizeof buffer);
  if (written < 0) return CryptoError(Code::kInternal, "public key", "can't be written", written, "");
  const auto length = static_cast<std::size_t>(written);
  return std::string(reinterpret_cast<const char*>(buffer + sizeof buffer - length), length);
}

Result<std::string> PrivateKeyPem(PrivateKey& key) {
  std::string text(kKeyBufferBytes, '\0');
  const int error = mbedtls_pk_write_key_pem(key.get(), reinterpret_cast<unsigned char*>(text.data()), text.size());
  if (error != 0) return CryptoError(Code::kInternal, "private key", "can't be written", error, "");
  text.resize(text.find('\0'));
  return text;
}

// RFC 7093, 2, method 1: the first 160 bits of the SHA-256 of the public key's bits.
Result<std::string> KeyIdentifier(PrivateKey& key) {
  unsigned char buffer[kKeyBufferBytes];
  unsigned char* start = buffer + sizeof buffer;
  const int written = mbedtls_pk_write_pubkey(&start, buffer, key.get());
  if (written < 0) return CryptoError(Code::kInternal, "public key", "can't be written", written, "");
  const auto digest = Sha256({start, static_cast<std::size_t>(written)});
  return Text(std::span(digest).first(20));
}

// 127 bits, the first of them set, so that all serials are equally long. RFC 5280, 4.1.2.2: at most 20 bytes.
Result<std::string> NewSerial(RandomBytes& random) {
  std::string serial(kSerialBytes, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(serial.data());
  const int error = mbedtls_ctr_drbg_random(random.get(), bytes, serial.size());
  if (error != 0) return CryptoError(Code::kUnavailable, "random numbers", "there are none", error, "try again");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x3fU) | 0x40U);
  return serial;
}

Result<std::string> SerialBytes(const std::string& serial) {
  const auto digit = [](char c) { return c >= 'A' ? (c & ~0x20) - 'A' + 10 : c - '0'; };
  const bool good = !serial.empty() && serial.size() % 2 == 0 && serial.size() <= 40 &&
                    serial.find_first_not_of("0123456789ABCDEFabcdef") == std::string::npos;
  if (!good) return Invalid("serial \"" + serial + "\"", "is not one", "give up to 20 bytes in hexadecimal");
  std::string bytes;
  for (std::size_t i = 0; i < serial.size(); i += 2) {
    bytes += static_cast<char>(digit(serial[i]) << 4U | digit(serial[i + 1]));
  }
  return bytes;
}

std::string Entry(std::string_view serial, const Revocation& revocation) {
  std::string extensions;
  if (revocation.reason != Reason::kUnspecified) {  // RFC 5280, 5.3.1: then it is left out
    const std::string reason = der::Enumerated(static_cast<std::uint8_t>(revocation.reason));
    extensions = der::Sequence({Extension("\x55\x1d\x15", Critical::kNo, reason)});  // id-ce-cRLReasons
  }
  return der::Sequence({der::Integer(serial), der::Time(revocation.time_s), extensions});
}

std::string AuthorityKeyIdentifier(std::string_view identifier) {
  return Extension(MBEDTLS_OID_AUTHORITY_KEY_IDENTIFIER, Critical::kNo,
                   der::Sequence({der::Element(der::Primitive(0), identifier)}));
}

}  // namespace

struct Authority::State {
  RandomBytes random;
  PrivateKey key;
  std::string subject;         // DER
  std::string key_identifier;  // of its own key
  std::string certificate;
  std::string private_key;
  Validity validity;

  // Signed by this authority for whoever has `subject_key`.
  Result<std::string> Certify(const CertificateRequest& request, PrivateKey& subject_key, std::string_view serial);
};

Result<std::string> Authority::State::Certify(const CertificateRequest& request, PrivateKey& subject_key,
                                              std::string_view serial) {
  const auto public_key = PublicKeyInfo(subject_key);
  if (!public_key.ok()) return public_key.status();
  const auto identifier = KeyIdentifier(subject_key);
  if (!identifier.ok()) return identifier.status();
  const std::string extensions =
      Usage(request.use) + AlternativeNames(request) +
      Extension(MBEDTLS_OID_SUBJECT_KEY_IDENTIFIER, Critical::kNo, der::Element(der::kOctetString, *identifier)) +
      AuthorityKeyIdentifier(key_identifier);
  const std::string version = der::Element(der::Constructed(0), der::Integer(2));  // v3
  const std::string dates =
      der::Sequence({der::Time(request.validity.not_before_s), der::Time(request.validity.not_after_s)});
  const std::string content =
      der::Sequence({version, der::Integer(serial), SignatureAlgorithm(), subject, dates, Name(request.common_name),
                     *public_key, der::Element(der::Constructed(3), der::Element(der::kSequence, extensions))});
  const auto whole = Signed(content, key, random);
  return whole.ok() ? Pem("CERTIFICATE", *whole) : whole.status();
}

Authority::Authority(std::unique_ptr<State> state) : state_(std::move(state)) {}
Authority::Authority(Authority&&) noexcept = default;
Authority& Authority::operator=(Authority&&) noexcept = default;
Authority::~Authority() = default;

const std::string& Authority::certificate() const { return state_->certificate; }
const std::string& Authority::private_key() const { return state_->private_key; }
const Validity& Authority::validity() const { return state_->validity; }

Result<Authority> Authority::Create(const std::string& common_name, const Validity& validity) {
  HELIOSTAT_RETURN_IF_ERROR(CheckCommonName(common_name));
  HELIOSTAT_RETURN_IF_ERROR(CheckValidity(validity));
  auto state = std::make_unique<State>();
  HELIOSTAT_RETURN_IF_ERROR(Seed(state->random));
  HELIOSTAT_RETURN_IF_ERROR(Generate(state->key, state->random));
  const auto identifier = KeyIdentifier(state->key);
  if (!identifier.ok()) return identifier.status();
  const auto serial = NewSerial(state->random);
  if (!serial.ok()) return serial.status();
  const auto private_key = PrivateKeyPem(state->key);
  if (!private_key.ok()) return private_key.status();
  state->subject = Name(common_name);
  state->key_identifier = *identifier;
  state->private_key = *private_key;
  state->validity = validity;
  CertificateRequest request;
  request.common_name = common_name;
  request.use = Use::kAuthority;
  request.validity = validity;
  const auto certificate = state->Certify(request, state->key, *serial);
  if (!certificate.ok()) return certificate.status();
  state->certificate = *certificate;
  return Authority(std::move(state));
}

Result<Authority> Authority::Load(const std::string& certificate, const std::string& private_key) {
  auto state = std::make_unique<State>();
  HELIOSTAT_RETURN_IF_ERROR(Seed(state->random));
  CertificateList parsed;
  if (const int error = Read(certificate, parsed); error != 0) {
    return CryptoError(Code::kInvalidArgument, "certificate", "can't be read", error, "give the authority's own, PEM");
  }
  if (const int error = Read(private_key, state->key); error != 0) {
    return CryptoError(Code::kInvalidArgument, "private key", "can't be read", error, "give the authority's own, PEM");
  }
  if (parsed->ca_istrue == 0) {
    return Invalid("certificate", "is not an authority's", "give the one that `pki init` made");
  }
  if (!mbedtls_pk_can_do(state->key.get(), MBEDTLS_PK_ECDSA) ||
      mbedtls_pk_check_pair(&parsed->pk, state->key.get()) != 0) {
    return Invalid("private key", "is not the certificate's", "give the two that were made together");
  }
  const auto identifier = KeyIdentifier(state->key);
  if (!identifier.ok()) return identifier.status();
  state->subject = Text(parsed->subject_raw);
  state->key_identifier = *identifier;
  state->certificate = certificate;
  state->private_key = private_key;
  state->validity = {SecondsOf(parsed->valid_from), SecondsOf(parsed->valid_to)};
  return Authority(std::move(state));
}

Result<Credentials> Authority::Issue(const CertificateRequest& request) {
  HELIOSTAT_RETURN_IF_ERROR(CheckCommonName(request.common_name));
  HELIOSTAT_RETURN_IF_ERROR(CheckValidity(request.validity));
  HELIOSTAT_RETURN_IF_ERROR(CheckAscii("DNS name", request.dns_names));
  HELIOSTAT_RETURN_IF_ERROR(CheckAscii("URI", request.uris));
  PrivateKey key;
  HELIOSTAT_RETURN_IF_ERROR(Generate(key, state_->random));
  const auto private_key = PrivateKeyPem(key);
  if (!private_key.ok()) return private_key.status();
  const auto serial = NewSerial(state_->random);
  if (!serial.ok()) return serial.status();
  const auto certificate = state_->Certify(request, key, *serial);
  if (!certificate.ok()) return certificate.status();
  return Credentials{*certificate, *private_key, Hexadecimal(Bytes(*serial))};
}

Result<std::string> Authority::RevocationList(const RevocationListRequest& request) {
  HELIOSTAT_RETURN_IF_ERROR(CheckValidity({request.this_update_s, request.next_update_s}));
  std::string entries;
  for (const Revocation& revocation : request.revoked) {
    const auto serial = SerialBytes(revocation.serial);
    if (!serial.ok()) return serial.status();
    entries += Entry(*serial, revocation);
  }
  // RFC 5280, 5.1.2.6: a list of none is left out.
  if (!entries.empty()) entries = der::Element(der::kSequence, entries);
  const std::string extensions =
      der::Sequence({AuthorityKeyIdentifier(state_->key_identifier),
                     Extension(MBEDTLS_OID_CRL_NUMBER, Critical::kNo, der::Integer(request.number))});
  const std::string content = der::Sequence({der::Integer(1), SignatureAlgorithm(), state_->subject,
                                             der::Time(request.this_update_s), der::Time(request.next_update_s),
                                             entries, der::Element(der::Constructed(0), extensions)});  // version 1: v2
  const auto whole = Signed(content, state_->key, state_->random);
  return whole.ok() ? Pem("X509 CRL", *whole) : whole.status();
}

}  // namespace heliostat::pki
