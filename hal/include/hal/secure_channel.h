// Mutually authenticated, encrypted connections (TLS 1.2, RFC 5246), and the digest that records are chained by.
//
// A channel takes little memory until its peer has begun to speak TLS; its implementation says what it then takes.
//
// Profile: ECDHE with AES-GCM or ChaCha20-Poly1305, P-256, P-384 or X25519, certificates on both sides, revocation
// lists; no renegotiation, no session tickets, no compression. A chain has at most four certificates, with keys P-256,
// P-384 or RSA of 2048 to 4096 bits, so that the cost of verifying it is bounded before it is begun.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "hal/byte_stream.h"

namespace heliostat::hal {

using Sha256Digest = std::array<std::uint8_t, 32>;
// hal/mbedtls has one. It never fails and never allocates. Any thread.
using Sha256Function = Sha256Digest (*)(std::span<const std::uint8_t> bytes);

// Texts are UTF-8; other bytes, controls and backslashes are written as `\XX`.
struct Certificate {
  std::string subject{};      // `CN=alice,O=Example`
  std::string common_name{};  // empty when there is none, or several
  std::string issuer{};
  std::string serial{};             // hexadecimal, capitals, without separators
  std::vector<std::string> uris{};  // subject alternative names of kind URI
  std::vector<std::string> dns_names{};
  std::uint64_t not_before_s = 0;  // since 1970-01-01 UTC
  std::uint64_t not_after_s = 0;
  Sha256Digest sha256{};  // of the DER
};

// Each part is PEM or DER, and at most 64 KiB.
struct TrustBundle {
  std::string ca{};           // who peers' certificates must come from
  std::string certificate{};  // our own, with its chain if there are authorities between
  std::string private_key{};
  std::string crl{};  // the authority's; empty: nothing is revoked. It still revokes past its next update
};

struct TrustState {
  Certificate ca{};
  Certificate certificate{};
  bool has_crl = false;
  std::uint64_t crl_next_update_s = 0;  // 0: not said
  std::uint32_t revoked = 0;
};

// Seconds since 1970-01-01 UTC, by which dates of certificates are judged. Any thread.
class CertificateClock {
 public:
  virtual ~CertificateClock() = default;
  [[nodiscard]] virtual std::uint64_t NowS() = 0;
};

// Owns its stream. Read and Write are as a stream's, and only allowed after Handshake is done. Handshake and Read take
// a bounded part of what has come, whatever it is: after kWaitRead the stream may have more, and a poller says so. One
// thread.
class SecureChannel : public ByteStream {
 public:
  // Returns kBytes (with 0 bytes) when it is done, else what to wait for, or why it failed. An alert that is due has
  // then been sent, as far as the stream took it. When memory runs out it is kFailed with kResourceExhausted, and there
  // is no connection.
  [[nodiscard]] virtual Transfer Handshake() = 0;
  // The peer's certificate, which was verified; only after the handshake.
  [[nodiscard]] virtual const Certificate& peer() const = 0;
  // Says goodbye (close_notify) as far as the stream takes it.
  virtual void Close() = 0;
};

// The card's side has one trust bundle and many connections. It belongs to the I/O thread.
class SecureServer {
 public:
  virtual ~SecureServer() = default;
  // Checks that the bundle parses, the key is the certificate's, the certificate is the authority's and in date, and
  // the list is signed by the authority. Connections that are accepted from then on use it. On error (subject: the part
  // of the bundle) the one before stays.
  [[nodiscard]] virtual Status Replace(const TrustBundle& bundle) = 0;
  [[nodiscard]] virtual const TrustState& state() const = 0;
  // Would this peer's certificate be accepted now? For connections that were open before Replace.
  [[nodiscard]] virtual Status Recheck(const SecureChannel& channel) = 0;
  // Would it be accepted under a bundle that is not in use yet?
  [[nodiscard]] virtual Status WouldAccept(const SecureChannel& channel, const TrustBundle& bundle) = 0;
  // Would both this peer's certificate and our own be accepted at that time (seconds since 1970-01-01 UTC)?
  // kPermissionDenied says whose would not, and why.
  [[nodiscard]] virtual Status WouldAcceptAt(const SecureChannel& channel, std::uint64_t time_s) = 0;
  // Takes the stream. kResourceExhausted when there is no memory; the stream is then closed.
  [[nodiscard]] virtual Result<std::unique_ptr<SecureChannel>> Accept(std::unique_ptr<ByteStream> stream) = 0;
};

}  // namespace heliostat::hal
