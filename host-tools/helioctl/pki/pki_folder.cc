#include "helioctl/pki/pki_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>

#include "config/check.h"
#include "helioctl/cli/files.h"
#include "helioctl/pki/pki_index.h"

namespace heliostat::helioctl {
namespace {

namespace fs = std::filesystem;
using config::Quoted;

constexpr unsigned kPublic = 0644;
constexpr unsigned kSecret = 0600;

constexpr const char* kAuthorityFile = "ca.pem";
constexpr const char* kAuthorityKeyFile = "ca.key";
constexpr const char* kListFile = "crl.pem";
constexpr const char* kIndexFile = "index.yaml";
constexpr const char* kCertificateFile = "certificate.pem";
constexpr const char* kPrivateKeyFile = "private_key.pem";

Status Failed(const std::string& path, const std::string& doing, int error) {
  return Status(Code::kUnavailable, path, doing + std::strerror(error), "choose another with --dir, or put that right");
}

Status NoAuthority(const std::string& path, const std::string& reason) {
  return Status(Code::kNotFound, path, reason,
                "name the folder of an authority with --dir, or make one: helioctl pki init");
}

Result<std::string> ReadPart(const std::string& path) {
  std::istringstream none;
  auto file = ReadFile(path, none);
  if (!file.ok()) return NoAuthority(path, file.status().reason());
  return std::move(file->text);
}

Status CheckEmpty(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) return OkStatus();
  if (fs::is_directory(path, error) && fs::is_empty(path, error) && !error) return OkStatus();
  const bool authority = fs::exists(path + "/" + kAuthorityFile, error);
  return Status(Code::kAlreadyExists, path, authority ? "has an authority already" : "is there already",
                "name another folder with --dir; nothing is ever overwritten");
}

// What is put in the place of a folder, if there is one: made beside it, so that whoever reads it never finds a key and
// a certificate that do not belong together. What is left over, the new or the old, is gone with this.
class Replacement {
 public:
  explicit Replacement(std::string folder)
      : folder_(std::move(folder)), path_(folder_ + ".new-" + std::to_string(getpid())) {
    Remove();  // of a run that was killed
  }
  ~Replacement() { Remove(); }
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  Status Make() const {
    std::error_code error;
    fs::create_directories(path_, error);
    return error ? Failed(path_, "can't be made: ", error.value()) : OkStatus();
  }

  Status PutInPlace() const {
    std::error_code error;
    const bool replaces = fs::exists(folder_, error);
    if (replaces ? Exchange() : Rename(path_, folder_)) return KeepNameOf(folder_);
    return Failed(folder_, "can't be put in place: ", errno);
  }

 private:
  static bool Rename(const std::string& from, const std::string& to) { return rename(from.c_str(), to.c_str()) == 0; }

  // False: `errno` says why, and all is as it was.
  bool Exchange() const {
    if (renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, folder_.c_str(), RENAME_EXCHANGE) == 0) return true;
    // Not every file system can, NFS for one. Then there is none of that name for a moment.
    if (errno != EINVAL && errno != ENOSYS) return false;
    const std::string old = path_ + ".old";
    if (!Rename(folder_, old)) return false;
    if (Rename(path_, folder_)) return Rename(old, path_);
    const int error = errno;
    (void)Rename(old, folder_);
    errno = error;
    return false;
  }

  void Remove() const {
    std::error_code error;
    fs::remove_all(path_, error);
  }

  std::string folder_;
  std::string path_;
};

std::string Subject(std::string_view role, const std::string& name) {
  return (role == kCardRole ? "card " : "user ") + Quoted(name);
}

}  // namespace

PkiFolder::PkiFolder(std::string path, FileLock lock, pki::Authority authority)
    : path_(std::move(path)), lock_(std::move(lock)), authority_(std::move(authority)) {}

Result<PkiFolder> PkiFolder::Make(const std::string& path, const std::string& name, const pki::Validity& validity) {
  HELIOSTAT_RETURN_IF_ERROR(CheckEmpty(path));
  auto authority = pki::Authority::Create(name, validity);
  if (!authority.ok()) return authority.status();
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Failed(path, "can't be made: ", error.value());
  auto lock = FileLock::Take(path, O_RDONLY | O_DIRECTORY);
  if (!lock.ok()) return lock.status();
  PkiFolder folder(path, std::move(lock).value(), std::move(authority).value());
  HELIOSTAT_RETURN_IF_ERROR(CheckEmpty(path));  // again: another run may have been quicker
  const Status written = folder.WriteAuthority();
  if (written.ok()) return folder;
  folder.Discard();
  return written;
}

// The folder was empty: all that is in it is ours.
void PkiFolder::Discard() const {
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
  }
}

// The certificate last: a folder that has one has all that it needs.
Status PkiFolder::WriteAuthority() {
  const pki::Validity& validity = authority_.validity();
  HELIOSTAT_RETURN_IF_ERROR(KeepFile(path_ + "/" + kAuthorityKeyFile, authority_.private_key(), kSecret));
  HELIOSTAT_RETURN_IF_ERROR(WriteRevocationList(validity.not_before_s + kClockSkewS, validity.not_after_s));
  return KeepFile(path_ + "/" + kAuthorityFile, authority_.certificate(), kPublic);
}

Result<PkiFolder> PkiFolder::Open(const std::string& path) {
  auto lock = FileLock::Take(path, O_RDONLY | O_DIRECTORY);
  if (!lock.ok()) return NoAuthority(path, lock.status().reason());
  const auto certificate = ReadPart(path + "/" + kAuthorityFile);
  if (!certificate.ok()) return certificate.status();
  const auto key = ReadPart(path + "/" + kAuthorityKeyFile);
  if (!key.ok()) return key.status();
  auto authority = pki::Authority::Load(*certificate, *key);
  if (!authority.ok()) return authority.status().Within(path);
  PkiFolder folder(path, std::move(lock).value(), std::move(authority).value());
  HELIOSTAT_RETURN_IF_ERROR(folder.ReadIndex());
  return folder;
}

Status PkiFolder::ReadIndex() {
  const std::string path = path_ + "/" + kIndexFile;
  const auto text = ReadPart(path);
  if (!text.ok()) return text.status();
  auto index = ParsePkiIndex(path, *text);
  if (!index.ok()) return index.status();
  issued_ = std::move(index->issued);
  list_number_ = index->list_number;
  return OkStatus();
}

Status PkiFolder::WriteIndex() const {
  return KeepFile(path_ + "/" + kIndexFile, PkiIndexText({list_number_, issued_}), kPublic);
}

std::string PkiFolder::FolderOf(std::string_view role, std::string_view name) const {
  return (fs::path(path_) / (role == kCardRole ? "cards" : "users") / name).string();
}

Status CheckHolder(std::string_view role, const std::string& name) {
  std::string plain(name);  // alice@example.com is a name too
  std::replace(plain.begin() + (plain.empty() ? 0 : 1), plain.end(), '@', '-');
  if (config::IsName(plain)) return OkStatus();
  return Status(Code::kInvalidArgument, Subject(role, name), "is not a name",
                "give 1..63 of a-z, A-Z, 0-9, '.', '_', '-' and '@', the first and last a letter or digit");
}

Status PkiFolder::MayIssue(const IssueOrder& order) const {
  HELIOSTAT_RETURN_IF_ERROR(CheckHolder(order.role, order.name));
  if (order.replace) return OkStatus();
  const auto taken = std::find_if(issued_.begin(), issued_.end(), [&](const IssuedCertificate& issued) {
    return issued.name == order.name && issued.revoked_s == 0 &&
           issued.validity.not_after_s > order.validity.not_before_s;
  });
  if (taken == issued_.end()) return OkStatus();
  return Status(
      Code::kAlreadyExists, Subject(order.role, order.name), "has a certificate already, as " + taken->role,
      "choose another name, end that one by `helioctl pki revoke " + order.name + "`, or add --replace to renew it");
}

Result<Issue> PkiFolder::IssueCertificate(const IssueOrder& order) {
  HELIOSTAT_RETURN_IF_ERROR(MayIssue(order));
  pki::CertificateRequest request;
  request.common_name = order.name;
  request.validity = order.validity;
  request.dns_names = order.dns_names;
  request.addresses = order.addresses;
  request.use = order.role == kCardRole ? pki::Use::kCard : pki::Use::kUser;
  if (request.use == pki::Use::kUser) request.uris.push_back(std::string(pki::kRoleUri) + order.role);
  if (!order.owner.empty()) request.uris.push_back(std::string(pki::kOwnerUri) + order.owner);
  const auto credentials = authority_.Issue(request);
  if (!credentials.ok()) return credentials.status();
  issued_.push_back({order.name, order.role, order.owner, credentials->serial, order.validity});
  HELIOSTAT_RETURN_IF_ERROR(WriteIndex());
  const std::string folder = FolderOf(order.role, order.name);
  HELIOSTAT_RETURN_IF_ERROR(WriteFiles(folder, *credentials));
  return Issue{folder, credentials->serial};
}

Status PkiFolder::WriteFiles(const std::string& folder, const pki::Credentials& credentials) const {
  const auto list = ReadPart(path_ + "/" + kListFile);
  if (!list.ok()) return list.status();
  const Replacement made(folder);
  HELIOSTAT_RETURN_IF_ERROR(made.Make());
  HELIOSTAT_RETURN_IF_ERROR(KeepFile(made.path() + "/" + kPrivateKeyFile, credentials.private_key, kSecret));
  HELIOSTAT_RETURN_IF_ERROR(KeepFile(made.path() + "/" + kCertificateFile, credentials.certificate, kPublic));
  HELIOSTAT_RETURN_IF_ERROR(KeepFile(made.path() + "/" + kAuthorityFile, authority_.certificate(), kPublic));
  HELIOSTAT_RETURN_IF_ERROR(KeepFile(made.path() + "/" + kListFile, *list, kPublic));
  return made.PutInPlace();
}

Result<std::vector<std::string>> PkiFolder::Revoke(const std::string& name_or_serial, pki::Reason reason,
                                                   std::uint64_t now_s, std::uint64_t next_update_s) {
  std::vector<std::string> serials;
  bool known = false;
  for (IssuedCertificate& issued : issued_) {
    if (issued.name != name_or_serial && issued.serial != name_or_serial) continue;
    known = true;
    if (issued.revoked_s != 0) continue;
    issued.revoked_s = now_s;
    issued.reason = reason;
    serials.push_back(issued.serial);
  }
  if (!known) {
    return Status(Code::kNotFound, "certificate " + Quoted(name_or_serial),
                  "was not issued here, as a name or a serial number", "see `helioctl pki list`");
  }
  HELIOSTAT_RETURN_IF_ERROR(WriteRevocationList(now_s, next_update_s));
  return serials;
}

Status PkiFolder::WriteRevocationList(std::uint64_t now_s, std::uint64_t next_update_s) {
  pki::RevocationListRequest request;
  request.number = ++list_number_;
  request.this_update_s = now_s > kClockSkewS ? now_s - kClockSkewS : 0;
  request.next_update_s = next_update_s;
  for (const IssuedCertificate& issued : issued_) {
    // RFC 5280, 3.3: a certificate that ran out need not be listed. Cards take 64 KiB.
    if (issued.revoked_s == 0 || issued.validity.not_after_s + kClockSkewS < now_s) continue;
    request.revoked.push_back({issued.serial, issued.revoked_s, issued.reason});
  }
  const auto list = authority_.RevocationList(request);
  if (!list.ok()) return list.status();
  HELIOSTAT_RETURN_IF_ERROR(WriteIndex());
  HELIOSTAT_RETURN_IF_ERROR(KeepFile(path_ + "/" + kListFile, *list, kPublic));
  std::set<std::string> folders;
  for (const IssuedCertificate& issued : issued_) folders.insert(FolderOf(issued.role, issued.name));
  for (const std::string& folder : folders) {
    std::error_code error;  // folders that were taken to a card, or deleted, are none of ours
    if (!fs::is_directory(folder, error)) continue;
    HELIOSTAT_RETURN_IF_ERROR(KeepFile(folder + "/" + kListFile, *list, kPublic));
  }
  return OkStatus();
}

}  // namespace heliostat::helioctl
