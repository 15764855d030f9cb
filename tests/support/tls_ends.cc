#include "support/tls_ends.h"

#include <cstdlib>
#include <iostream>

namespace heliostat {
namespace {

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    std::cerr << "test certificates: " << result.status().ToString() << "\n";
    std::abort();
  }
  return std::move(result).value();
}

constexpr pki::Validity kAround{kTestNow - 100 * kTestDay, kTestNow + 100 * kTestDay};

bool Over(const hal::Transfer& transfer) {
  return transfer.outcome == hal::Transfer::Outcome::kBytes || transfer.outcome == hal::Transfer::Outcome::kFailed;
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name) : authority_(Must(pki::Authority::Create(name, kAround))) {}

hal::TrustBundle TestAuthority::Issue(pki::CertificateRequest request) {
  if (request.validity.not_after_s == 0) request.validity = kAround;
  pki::Credentials issued = Must(authority_.Issue(request));
  last_serial = issued.serial;
  return {.ca = authority_.certificate(),
          .certificate = std::move(issued.certificate),
          .private_key = std::move(issued.private_key)};
}

hal::TrustBundle TestAuthority::Card(const std::string& name) {
  return Issue({.common_name = name, .use = pki::Use::kCard, .dns_names = {name}});
}

hal::TrustBundle TestAuthority::User(const std::string& name) {
  return Issue({.common_name = name, .use = pki::Use::kUser, .uris = {"urn:heliostat:role:admin"}});
}

std::string TestAuthority::RevocationList(const std::vector<std::string>& serials, std::uint64_t next_update_s) {
  pki::RevocationListRequest request{.number = 1, .this_update_s = kTestNow - kTestDay, .next_update_s = next_update_s};
  for (const std::string& serial : serials) {
    request.revoked.push_back({.serial = serial, .time_s = kTestNow - kTestDay});
  }
  return Must(authority_.RevocationList(request));
}

Handshakes ShakeHands(std::unique_ptr<hal::SecureChannel>& server, std::unique_ptr<hal::SecureChannel>& client) {
  Handshakes ended{{.outcome = hal::Transfer::Outcome::kWaitRead}, {.outcome = hal::Transfer::Outcome::kWaitRead}};
  // A handshake takes some four turns each; tiny socket buffers take more.
  for (int turn = 0; turn < 10'000 && !(Over(ended.server) && Over(ended.client)); ++turn) {
    for (auto [channel, result] : {std::pair(&client, &ended.client), std::pair(&server, &ended.server)}) {
      if (Over(*result)) continue;
      *result = (*channel)->Handshake();
      if (result->outcome == hal::Transfer::Outcome::kFailed) channel->reset();
    }
  }
  return ended;
}

}  // namespace heliostat
