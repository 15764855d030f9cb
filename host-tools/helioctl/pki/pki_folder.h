// The folder of `helioctl pki`: an authority, what it has issued, and what of that is revoked.
//
//   ca.pem  ca.key  crl.pem       the authority, its key (0600), its revocation list
//   index.yaml                    every certificate issued, and the number of the list
//   cards/NAME/                   ca.pem certificate.pem private_key.pem (0600) crl.pem: all that a card needs
//   users/NAME/                   the same, for whoever works with cards
//
// Each file is replaced whole. A certificate is in the index before it is anywhere else, so that it can be revoked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "helioctl/cli/files.h"
#include "pki/authority.h"

namespace heliostat::helioctl {

inline constexpr std::string_view kCardRole = "card";

// An hour: clocks of cards and hosts differ.
inline constexpr std::uint64_t kClockSkewS = 3600;

struct IssuedCertificate {
  std::string name{};   // of the card or user
  std::string role{};   // card, viewer, operator, flasher, admin
  std::string owner{};  // empty: none
  std::string serial{};
  pki::Validity validity{};
  std::uint64_t revoked_s = 0;  // 0: it is not
  pki::Reason reason = pki::Reason::kUnspecified;
};

struct IssueOrder {
  std::string name{};
  std::string role{};
  std::string owner{};
  std::vector<std::string> dns_names{};
  std::vector<IpAddress> addresses{};
  pki::Validity validity{};
  bool replace = false;  // the name's files, by new ones
};

struct Issue {
  std::string folder{};
  std::string serial{};
};

class PkiFolder {
 public:
  // A new authority, in a folder that is not there yet or is empty. kAlreadyExists, kUnavailable.
  [[nodiscard]] static Result<PkiFolder> Make(const std::string& path, const std::string& name,
                                              const pki::Validity& validity);
  // Holds a lock on the folder until it goes out of scope; waits for whoever else has it. kNotFound, kDataLoss.
  [[nodiscard]] static Result<PkiFolder> Open(const std::string& path);

  // Takes away what Make and all after it has written.
  void Discard() const;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const pki::Authority& authority() const { return authority_; }
  [[nodiscard]] const std::vector<IssuedCertificate>& issued() const { return issued_; }

  [[nodiscard]] Result<Issue> IssueCertificate(const IssueOrder& order);
  // Those of `name`, or the one with that serial, that are not revoked yet. Their serials; none: all of them are
  // revoked already. The list is written in any case: one who comes again may have been stopped before it was.
  // kNotFound.
  [[nodiscard]] Result<std::vector<std::string>> Revoke(const std::string& name_or_serial, pki::Reason reason,
                                                        std::uint64_t now_s, std::uint64_t next_update_s);
  // A list with the next number, here and in the folders of cards and users. What ran out is not listed any more.
  [[nodiscard]] Status WriteRevocationList(std::uint64_t now_s, std::uint64_t next_update_s);

  // The name's folder: `DIR/cards/NAME` or `DIR/users/NAME`.
  [[nodiscard]] std::string FolderOf(std::string_view role, std::string_view name) const;

 private:
  PkiFolder(std::string path, FileLock lock, pki::Authority authority);
  [[nodiscard]] Status WriteAuthority();
  [[nodiscard]] Status ReadIndex();
  [[nodiscard]] Status WriteIndex() const;
  [[nodiscard]] Status MayIssue(const IssueOrder& order) const;
  [[nodiscard]] Status WriteFiles(const std::string& folder, const pki::Credentials& credentials) const;

  std::string path_;
  FileLock lock_;
  pki::Authority authority_;
  std::vector<IssuedCertificate> issued_;
  std::uint64_t list_number_ = 0;
};

// May a card or user be called so? kInvalidArgument.
[[nodiscard]] Status CheckHolder(std::string_view role, const std::string& name);

// `keyCompromise`, as RFC 5280 has them.
std::string_view ReasonName(pki::Reason reason);
[[nodiscard]] Result<pki::Reason> ParseReason(const std::string& name);
const std::vector<std::string>& ReasonNames();

}  // namespace heliostat::helioctl
