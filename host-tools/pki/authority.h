// A certificate authority in memory: certificates and revocation lists (RFC 5280), ECDSA on P-256 with SHA-256.
//
// What it makes and takes is PEM. Knows no files and no clock. One thread. Nothing throws but for memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/status.h"

namespace heliostat::pki {

// What a client's certificate says of its user, as URIs in the subject alternative name: `urn:heliostat:role:admin`,
// `urn:heliostat:owner:blue`.
inline constexpr std::string_view kRoleUri = "urn:heliostat:role:";
inline constexpr std::string_view kOwnerUri = "urn:heliostat:owner:";

// Seconds since 1970-01-01 UTC, both included.
struct Validity {
  std::uint64_t not_before_s = 0;
  std::uint64_t not_after_s = 0;
};

enum class Use : std::uint8_t {
  kCard,       // a TLS server
  kUser,       // a TLS client
  kAuthority,  // an authority below this one
};

struct CertificateRequest {
  std::string common_name{};  // 1..64 bytes
  Use use = Use::kUser;
  std::vector<std::string> dns_names{};  // subject alternative names; ASCII
  std::vector<std::string> uris{};       // ASCII
  std::vector<IpAddress> addresses{};
  Validity validity{};
};

struct Credentials {
  std::string certificate{};
  std::string private_key{};
  std::string serial{};  // hexadecimal, capitals, without separators
};

// RFC 5280, 5.3.1.
enum class Reason : std::uint8_t {
  kUnspecified = 0,
  kKeyCompromise = 1,
  kAffiliationChanged = 3,
  kSuperseded = 4,
  kCessationOfOperation = 5,
  kPrivilegeWithdrawn = 9,
};

struct Revocation {
  std::string serial{};
  std::uint64_t time_s = 0;
  Reason reason = Reason::kUnspecified;
};

struct RevocationListRequest {
  std::uint64_t number = 0;  // of the list: each has a larger one than the one before
  std::uint64_t this_update_s = 0;
  std::uint64_t next_update_s = 0;
  std::vector<Revocation> revoked{};
};

class Authority {
 public:
  // With a new key, signed by itself. kInvalidArgument: the name or the dates.
  [[nodiscard]] static Result<Authority> Create(const std::string& common_name, const Validity& validity);
  // One that was made here: by Create, or by Issue with Use::kAuthority. Subject of errors: `certificate` or
  // `private key`.
  [[nodiscard]] static Result<Authority> Load(const std::string& certificate, const std::string& private_key);
  Authority(Authority&&) noexcept;
  Authority& operator=(Authority&&) noexcept;
  ~Authority();

  [[nodiscard]] const std::string& certificate() const;
  [[nodiscard]] const std::string& private_key() const;
  [[nodiscard]] const Validity& validity() const;

  // A new key and its certificate. Dates are taken as they are: outside the authority's own, or in the past.
  [[nodiscard]] Result<Credentials> Issue(const CertificateRequest& request);
  // Serials as Credentials has them, in any order.
  [[nodiscard]] Result<std::string> RevocationList(const RevocationListRequest& request);

 private:
  struct State;
  explicit Authority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace heliostat::pki
