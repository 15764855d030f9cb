// A card's and a host's end of a TLS connection in one thread, with certificates for both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/byte_stream.h"
#include "hal/secure_channel.h"
#include "pki/authority.h"

namespace heliostat {

inline constexpr std::uint64_t kTestDay = 86'400;
inline constexpr std::uint64_t kTestNow = 1'800'000'000;  // 2027-01-15, in no relation to today

class SetClock final : public hal::CertificateClock {
 public:
  std::uint64_t NowS() override { return now_s; }
  std::uint64_t now_s = kTestNow;
};

// An authority and what it issues; valid from 100 days before kTestNow to 100 days after.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "test authority");

  // The serial of what was issued last is `last_serial`.
  [[nodiscard]] hal::TrustBundle Issue(pki::CertificateRequest request);
  [[nodiscard]] hal::TrustBundle Card(const std::string& name = "card-1");
  [[nodiscard]] hal::TrustBundle User(const std::string& name = "alice");
  [[nodiscard]] std::string RevocationList(const std::vector<std::string>& serials,
                                           std::uint64_t next_update_s = kTestNow + 10 * kTestDay);
  [[nodiscard]] pki::Authority& authority() { return authority_; }
  [[nodiscard]] const std::string& certificate() const { return authority_.certificate(); }

  std::string last_serial{};

 private:
  pki::Authority authority_;
};

// How a handshake ended on either side: kBytes, or kFailed with the reason.
struct Handshakes {
  hal::Transfer server;
  hal::Transfer client;
};

// Lets both shake hands until both are done or failed, or neither moves. One that failed hangs up (is reset).
Handshakes ShakeHands(std::unique_ptr<hal::SecureChannel>& server, std::unique_ptr<hal::SecureChannel>& client);

}  // namespace heliostat
