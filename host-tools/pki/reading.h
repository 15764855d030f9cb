// What certificates and revocation lists say, for people to read. Nothing is verified.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "pki/authority.h"

namespace heliostat::pki {

struct CertificateText {
  std::string subject{};  // `CN=alice`
  std::string common_name{};
  std::string issuer{};
  std::string serial{};  // as Credentials has it
  Validity validity{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> uris{};
  std::vector<std::string> addresses{};
  bool authority = false;
  bool server = false;  // for TLS servers
  bool client = false;
  std::string key{};     // `EC 256 bits`
  std::string sha256{};  // of the DER, hexadecimal
};

// PEM or DER; the first one of several. kInvalidArgument.
[[nodiscard]] Result<CertificateText> ReadCertificate(const std::string& bytes);

struct RevocationListText {
  std::string issuer{};
  std::uint64_t this_update_s = 0;
  std::uint64_t next_update_s = 0;  // 0: not said
  struct Entry {
    std::string serial{};
    std::uint64_t time_s = 0;
  };
  std::vector<Entry> revoked{};
};

[[nodiscard]] Result<RevocationListText> ReadRevocationList(const std::string& bytes);

// PEM or DER, without a password. kInvalidArgument.
[[nodiscard]] Status CheckPrivateKey(const std::string& private_key);
// The key is the certificate's too.
[[nodiscard]] Status CheckKeyPair(const std::string& certificate, const std::string& private_key);

}  // namespace heliostat::pki
