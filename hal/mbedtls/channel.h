// One TLS connection, seen from either side.
//
// Memory: about 400 bytes until the peer has sent the header of its first record; from then on the library's two
// buffers, 33 KiB together (Debian's build can't make them smaller), a few KiB more while shaking hands, and the peer's
// parsed certificates until the end.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "hal/secure_channel.h"
#include "mbedtls/credentials.h"
#include "mbedtls/judge.h"
#include "mbedtls/owned.h"

namespace heliostat::hal::mbedtls {

class Channel final : public SecureChannel {
 public:
  // `expected_name` is the name that a client wants the card's certificate to be for; it is empty on a server.
  Channel(std::unique_ptr<ByteStream> stream, std::shared_ptr<const Credentials> credentials,
          std::string expected_name);

  Transfer Handshake() override;
  Transfer Read(std::span<std::uint8_t> out) override;
  Transfer Write(std::span<const std::uint8_t> bytes) override;
  void Close() override;
  const Certificate& peer() const override { return peer_; }
  const std::string& peer_address() const override { return stream_->peer_address(); }
  int descriptor() const override { return stream_->descriptor(); }

  // Returns null before the handshake is done.
  [[nodiscard]] const mbedtls_x509_crt* peer_chain() const;

 private:
  static constexpr std::size_t kRecordHeaderBytes = 5;

  static int Send(void* channel, const std::uint8_t* bytes, std::size_t size);
  static int Receive(void* channel, std::uint8_t* out, std::size_t size);
  static void ComputeFinished(mbedtls_ssl_context* ssl, std::uint8_t* out, int from);

  [[nodiscard]] bool SpeaksOnlyOtherVersions(std::span<const std::uint8_t> alert) const;
  [[nodiscard]] Transfer ShakeHands();
  [[nodiscard]] bool AwaitsCertificates() const;
  [[nodiscard]] Transfer BoundCertificates();
  [[nodiscard]] const char* PeersCertificate() const;
  void GuardFinished();
  [[nodiscard]] Transfer AwaitFirstRecord();
  [[nodiscard]] Transfer SetUp();
  [[nodiscard]] Transfer Finish();
  [[nodiscard]] Transfer FailHandshake(int error);
  [[nodiscard]] Transfer Outcome(int error);  // of Read and Write
  [[nodiscard]] Transfer Fail(Status status);
  [[nodiscard]] Status PeersLastWord(int error);

  std::unique_ptr<ByteStream> stream_;
  std::shared_ptr<const Credentials> credentials_;
  Judge judge_;
  std::string expected_name_;
  std::array<std::uint8_t, kRecordHeaderBytes> first_header_{};
  std::size_t first_header_bytes_ = 0;  // so many were read
  std::size_t first_header_given_ = 0;  // so many were passed on to the library
  SslContext ssl_;
  bool set_up_ = false;
  bool done_ = false;
  bool closed_ = false;  // the peer said goodbye
  bool said_goodbye_ = false;
  bool sent_alert_ = false;
  void (*compute_finished_)(mbedtls_ssl_context*, std::uint8_t*, int) = nullptr;  // the library's own
  bool finished_is_unknown_ = false;   // computing it failed for lack of memory
  bool other_versions_ = false;        // the client speaks only other versions
  std::size_t may_receive_bytes_ = 0;  // the present call
  std::size_t unsent_bytes_ = 0;       // of the last Write, taken by the library but not by the stream
  Status stream_error_{};
  Status failure_{};
  Certificate peer_{};
};

}  // namespace heliostat::hal::mbedtls
