#include "support/tls_end/certificate_folder.h"

#include <filesystem>
#include <vector>

#include "base/file.h"
#include "pki/authority.h"

namespace heliostat {
namespace {

constexpr std::uint64_t kDay = 86'400;
constexpr std::size_t kMaxBytes = 64 * 1024;

class Folder {
 public:
  Folder(std::string folder, std::string ca, std::uint64_t now_s)
      : folder_(std::move(folder)), ca_(std::move(ca)), now_s_(now_s) {}

  // Valid from `from_day` to `to_day`, counted from now. The serial is returned.
  Result<std::string> Issue(pki::Authority& authority, pki::CertificateRequest request, const std::string& name,
                            int from_day = -1, int to_day = 1) {
    const auto at = [&](int day) { return now_s_ + static_cast<std::uint64_t>(day) * kDay; };
    request.validity = {.not_before_s = at(from_day), .not_after_s = at(to_day)};
    if (request.use == pki::Use::kUser) request.uris = {"urn:heliostat:role:admin"};
    Result<pki::Credentials> issued = authority.Issue(request);
    if (!issued.ok()) return issued.status();
    const std::string own = folder_ + (request.use == pki::Use::kCard ? "/cards/" : "/users/") + name;
    std::filesystem::create_directories(own);
    HELIOSTAT_RETURN_IF_ERROR(WriteFileAtomically(own + "/ca.pem", ca_));
    HELIOSTAT_RETURN_IF_ERROR(WriteFileAtomically(own + "/certificate.pem", issued->certificate));
    HELIOSTAT_RETURN_IF_ERROR(WriteFileAtomically(own + "/private_key.pem", issued->private_key));
    return issued->serial;
  }

 private:
  std::string folder_;
  std::string ca_;
  std::uint64_t now_s_;
};

Result<pki::Authority> NewAuthority(const std::string& name, std::uint64_t now_s) {
  return pki::Authority::Create(name, {.not_before_s = now_s - 100 * kDay, .not_after_s = now_s + 100 * kDay});
}

}  // namespace

Status MakeCertificateFolder(const std::string& folder, std::uint64_t now_s) {
  Result<pki::Authority> ours = NewAuthority("our authority", now_s);
  Result<pki::Authority> namesake = NewAuthority("our authority", now_s);
  Result<pki::Authority> other = NewAuthority("another authority", now_s);
  for (const auto* authority : {&ours, &namesake, &other}) HELIOSTAT_RETURN_IF_ERROR(authority->status());
  Folder made(folder, ours->certificate(), now_s);
  std::vector<pki::Revocation> revoked;

  const auto issue = [&](pki::Authority& authority, pki::Use use, const std::string& name, int from_day, int to_day) {
    pki::CertificateRequest request{.common_name = name, .use = use};
    // A card that is wrong otherwise has the right name.
    if (use == pki::Use::kCard) request.dns_names = {name == "other" ? "card-2" : "card-1"};
    const Result<std::string> serial = made.Issue(authority, request, name, from_day, to_day);
    if (serial.ok() && name == "revoked") revoked.push_back({.serial = *serial, .time_s = now_s - kDay});
    return serial.status();
  };
  for (const pki::Use use : {pki::Use::kCard, pki::Use::kUser}) {
    HELIOSTAT_RETURN_IF_ERROR(issue(*ours, use, use == pki::Use::kCard ? "card-1" : "good", -1, 50));
    HELIOSTAT_RETURN_IF_ERROR(issue(*ours, use, "other", -1, 50));
    HELIOSTAT_RETURN_IF_ERROR(issue(*ours, use, "expired", -50, -1));
    HELIOSTAT_RETURN_IF_ERROR(issue(*ours, use, "future", 1, 50));
    HELIOSTAT_RETURN_IF_ERROR(issue(*ours, use, "revoked", -1, 50));
    HELIOSTAT_RETURN_IF_ERROR(issue(*other, use, "stranger", -1, 50));
    HELIOSTAT_RETURN_IF_ERROR(issue(*namesake, use, "forged", -1, 50));
  }
  const Result<std::string> list = ours->RevocationList(
      {.number = 1, .this_update_s = now_s - kDay, .next_update_s = now_s + 50 * kDay, .revoked = revoked});
  HELIOSTAT_RETURN_IF_ERROR(list.status());
  for (const char* place : {"", "/cards/card-1", "/users/good"}) {
    HELIOSTAT_RETURN_IF_ERROR(WriteFileAtomically(folder + place + "/crl.pem", *list));
  }
  HELIOSTAT_RETURN_IF_ERROR(WriteFileAtomically(folder + "/ca.key", ours->private_key()));
  return WriteFileAtomically(folder + "/ca.pem", ours->certificate());
}

Result<hal::TrustBundle> ReadBundle(const std::string& folder) {
  hal::TrustBundle bundle;
  const std::pair<const char*, std::string*> parts[] = {{"/ca.pem", &bundle.ca},
                                                        {"/certificate.pem", &bundle.certificate},
                                                        {"/private_key.pem", &bundle.private_key},
                                                        {"/crl.pem", &bundle.crl}};
  for (const auto& [name, part] : parts) {
    Result<std::string> content = ReadFile(folder + name, kMaxBytes);
    if (content.ok()) {
      *part = std::move(content).value();
    } else if (part != &bundle.crl || content.status().code() != Code::kNotFound) {
      return content.status();
    }
  }
  return bundle;
}

}  // namespace heliostat
