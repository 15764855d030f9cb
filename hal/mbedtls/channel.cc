#include "mbedtls/channel.h"

#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl_internal.h>
#include <mbedtls/x509.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "mbedtls/chain_bounds.h"
#include "mbedtls/client_hello.h"
#include "mbedtls/x509_values.h"

namespace heliostat::hal::mbedtls {
namespace {

constexpr std::uint8_t kAlertRecord = 21;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kMajorVersion = 3;
constexpr std::size_t kMaxRecordBytes = 16'384 + 2'048;
constexpr std::size_t kFinishedBytes = 12;
constexpr std::size_t kAlertRecordBytes = 7;  // not encrypted
// The library skips records that carry nothing, such as warnings, for as long as more of them come: one call reads as
// much as the largest record, and the rest waits for the next.
constexpr std::size_t kBytesPerCall = 5 + kMaxRecordBytes;

Transfer Wait(int error) {
  return {.outcome = error == MBEDTLS_ERR_SSL_WANT_READ ? Transfer::Outcome::kWaitRead : Transfer::Outcome::kWaitWrite};
}

bool IsWait(int error) { return error == MBEDTLS_ERR_SSL_WANT_READ || error == MBEDTLS_ERR_SSL_WANT_WRITE; }

// Do the first bytes of a connection begin a handshake record, of any version?
bool LooksLikeTls(const std::array<std::uint8_t, 5>& header) {
  const std::size_t length = static_cast<std::size_t>(header[3] << 8U | header[4]);
  return header[0] == kHandshakeRecord && header[1] == kMajorVersion && length != 0 && length <= kMaxRecordBytes;
}

}  // namespace

Channel::Channel(std::unique_ptr<ByteStream> stream, std::shared_ptr<const Credentials> credentials,
                 std::string expected_name)
    : stream_(std::move(stream)),
      credentials_(std::move(credentials)),
      judge_(credentials_->clock(), credentials_->side(), expected_name),
      expected_name_(std::move(expected_name)) {}

int Channel::Send(void* channel, const std::uint8_t* bytes, std::size_t size) {
  auto& self = *static_cast<Channel*>(channel);
  std::span<const std::uint8_t> record(bytes, size);
  std::array<std::uint8_t, kAlertRecordBytes> changed{};
  if (size != 0 && bytes[0] == kAlertRecord) self.sent_alert_ = true;
  if (self.SpeaksOnlyOtherVersions(record)) {
    self.other_versions_ = true;
    std::copy(record.begin(), record.end(), changed.begin());
    changed.back() = MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
    record = changed;
  }
  const Transfer sent = self.stream_->Write(record);
  switch (sent.outcome) {
    case Transfer::Outcome::kBytes: return static_cast<int>(sent.bytes);
    case Transfer::Outcome::kWaitRead: return MBEDTLS_ERR_SSL_WANT_READ;
    case Transfer::Outcome::kWaitWrite: return MBEDTLS_ERR_SSL_WANT_WRITE;
    case Transfer::Outcome::kClosed: return MBEDTLS_ERR_NET_CONN_RESET;
    case Transfer::Outcome::kFailed: break;
  }
  self.stream_error_ = sent.error;
  return MBEDTLS_ERR_NET_SEND_FAILED;
}

// The library does not know the list of versions that a client of TLS 1.3 sends, and finds no common cipher suite where
// there is no common version. The alert tells the client which of the two it is.
bool Channel::SpeaksOnlyOtherVersions(std::span<const std::uint8_t> alert) const {
  if (credentials_->side() != Side::kServer || ssl_->state != MBEDTLS_SSL_CLIENT_HELLO) return false;
  if (alert.size() != kAlertRecordBytes || alert.back() != MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE) return false;
  const std::size_t length = static_cast<std::size_t>(ssl_->in_len[0] << 8U | ssl_->in_len[1]);
  return LeavesOutTls12({ssl_->in_msg, std::min<std::size_t>(length, MBEDTLS_SSL_IN_CONTENT_LEN)});
}

int Channel::Receive(void* channel, std::uint8_t* out, std::size_t size) {
  auto& self = *static_cast<Channel*>(channel);
  if (self.first_header_given_ < self.first_header_bytes_) {
    const std::size_t count = std::min(size, self.first_header_bytes_ - self.first_header_given_);
    std::memcpy(out, self.first_header_.data() + self.first_header_given_, count);
    self.first_header_given_ += count;
    return static_cast<int>(count);
  }
  if (self.may_receive_bytes_ == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  const Transfer got = self.stream_->Read({out, std::min(size, self.may_receive_bytes_)});
  switch (got.outcome) {
    case Transfer::Outcome::kBytes: self.may_receive_bytes_ -= got.bytes; return static_cast<int>(got.bytes);
    case Transfer::Outcome::kWaitRead: return MBEDTLS_ERR_SSL_WANT_READ;
    case Transfer::Outcome::kWaitWrite: return MBEDTLS_ERR_SSL_WANT_WRITE;
    case Transfer::Outcome::kClosed: return 0;
    case Transfer::Outcome::kFailed: break;
  }
  self.stream_error_ = got.error;
  return MBEDTLS_ERR_NET_RECV_FAILED;
}

Transfer Channel::Handshake() {
  if (!failure_.ok()) return {.error = failure_};
  if (done_) return {.outcome = Transfer::Outcome::kBytes};
  // We allocate little here, but that may fail as the library's own allocations may.
  try {
    return ShakeHands();
  } catch (const std::bad_alloc&) {
    return Fail(OutOfMemory());
  }
}

Transfer Channel::ShakeHands() {
  if (!set_up_) {
    if (credentials_->side() == Side::kServer && first_header_bytes_ < first_header_.size()) {
      Transfer first = AwaitFirstRecord();
      if (first.outcome != Transfer::Outcome::kBytes) return first;
    }
    Transfer set_up = SetUp();
    if (set_up.outcome != Transfer::Outcome::kBytes) return set_up;
  }
  may_receive_bytes_ = kBytesPerCall;
  while (ssl_->state != MBEDTLS_SSL_HANDSHAKE_OVER) {
    if (ssl_->state == MBEDTLS_SSL_CLIENT_FINISHED || ssl_->state == MBEDTLS_SSL_SERVER_FINISHED) GuardFinished();
    if (AwaitsCertificates()) {
      Transfer bounded = BoundCertificates();
      if (bounded.outcome != Transfer::Outcome::kBytes) return bounded;
    }
    const int result = mbedtls_ssl_handshake_step(ssl_.get());
    if (finished_is_unknown_) return FailHandshake(MBEDTLS_ERR_SSL_ALLOC_FAILED);
    if (IsWait(result)) return Wait(result);
    if (result != 0) return FailHandshake(result);
  }
  return Finish();
}

bool Channel::AwaitsCertificates() const {
  return ssl_->state ==
         (credentials_->side() == Side::kServer ? MBEDTLS_SSL_CLIENT_CERTIFICATE : MBEDTLS_SSL_SERVER_CERTIFICATE);
}

// The library verifies certificates in the step that reads them. So the message is read here, and kept for that step.
Transfer Channel::BoundCertificates() {
  int result = mbedtls_ssl_flush_output(ssl_.get());
  if (result == 0) result = mbedtls_ssl_read_record(ssl_.get(), 1);
  if (IsWait(result)) return Wait(result);
  if (result != 0) return FailHandshake(result);
  ssl_->keep_current_message = 1;
  // The step refuses any other message.
  if (ssl_->in_msgtype != MBEDTLS_SSL_MSG_HANDSHAKE || ssl_->in_msg[0] != MBEDTLS_SSL_HS_CERTIFICATE) {
    return {.outcome = Transfer::Outcome::kBytes};
  }
  Status bounds = CheckBounds({ssl_->in_msg, ssl_->in_hslen}, peer_address(), PeersCertificate());
  if (bounds.ok()) return {.outcome = Transfer::Outcome::kBytes};
  const std::uint8_t alert = bounds.code() == Code::kResourceExhausted ? MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR
                             : bounds.code() == Code::kDataLoss        ? MBEDTLS_SSL_ALERT_MSG_BAD_CERT
                                                                       : MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT;
  (void)mbedtls_ssl_send_alert_message(ssl_.get(), MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
  return Fail(std::move(bounds));
}

const char* Channel::PeersCertificate() const {
  return credentials_->side() == Side::kServer ? "the client's certificate" : "the card's certificate";
}

// mbedTLS 2.28.3 ignores an allocation that fails while it computes Finished (CVE-2025-27810), and then sends, or
// compares with, what happens to lie in its buffer. So it is put in between: the buffer holds random bytes before, and
// must hold others after.
void Channel::GuardFinished() {
  if (ssl_->handshake->calc_finished == &ComputeFinished) return;
  compute_finished_ = ssl_->handshake->calc_finished;
  ssl_->handshake->calc_finished = &ComputeFinished;
}

void Channel::ComputeFinished(mbedtls_ssl_context* ssl, std::uint8_t* out, int from) {
  auto& self = *static_cast<Channel*>(ssl->p_bio);
  std::array<std::uint8_t, kFinishedBytes> random{};
  const bool drawn = mbedtls_ctr_drbg_random(self.credentials_->random(), random.data(), random.size()) == 0;
  std::copy(random.begin(), random.end(), out);
  self.compute_finished_(ssl, out, from);
  if (!drawn || std::equal(random.begin(), random.end(), out)) self.finished_is_unknown_ = true;
}

// A connection that sends nothing, or no TLS, gets nothing set up.
Transfer Channel::AwaitFirstRecord() {
  while (first_header_bytes_ < first_header_.size()) {
    const Transfer got = stream_->Read(std::span(first_header_).subspan(first_header_bytes_));
    if (got.outcome == Transfer::Outcome::kClosed) {
      return Fail({Code::kUnavailable, peer_address(), "the client closed the connection before it said anything"});
    }
    if (got.outcome == Transfer::Outcome::kFailed) return Fail(got.error);
    if (got.outcome != Transfer::Outcome::kBytes) return got;
    first_header_bytes_ += got.bytes;
  }
  if (LooksLikeTls(first_header_)) return {.outcome = Transfer::Outcome::kBytes};
  constexpr std::array<std::uint8_t, kAlertRecordBytes> kAlert = {
      kAlertRecord, kMajorVersion, 3, 0, 2, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE};
  (void)stream_->Write(kAlert);
  return Fail({Code::kUnsupported, peer_address(), "the client speaks plain text, not TLS", "use helioctl"});
}

Transfer Channel::SetUp() {
  int result = mbedtls_ssl_setup(ssl_.get(), credentials_->config());
  if (result == 0 && credentials_->side() == Side::kClient) {
    result = mbedtls_ssl_set_hostname(ssl_.get(), expected_name_.c_str());
  }
  if (result != 0) return Fail(OutOfMemory());
  mbedtls_ssl_set_verify(ssl_.get(), &Judge::Look, &judge_);
  mbedtls_ssl_set_bio(ssl_.get(), this, &Send, &Receive, nullptr);
  set_up_ = true;
  return {.outcome = Transfer::Outcome::kBytes};
}

Transfer Channel::Finish() {
  const mbedtls_x509_crt* const chain = mbedtls_ssl_get_peer_cert(ssl_.get());
  // The library has refused such a peer already. A second look costs nothing.
  if (chain == nullptr || mbedtls_ssl_get_verify_result(ssl_.get()) != 0) {
    return FailHandshake(MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE);
  }
  peer_ = Describe(*chain);
  done_ = true;
  return {.outcome = Transfer::Outcome::kBytes};
}

Transfer Channel::FailHandshake(int error) {
  const bool stream_gone = error == MBEDTLS_ERR_SSL_CONN_EOF || error == MBEDTLS_ERR_NET_CONN_RESET ||
                           error == MBEDTLS_ERR_NET_SEND_FAILED || error == MBEDTLS_ERR_NET_RECV_FAILED ||
                           error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;
  if (!stream_gone && !sent_alert_) {
    (void)mbedtls_ssl_send_alert_message(ssl_.get(), MBEDTLS_SSL_ALERT_LEVEL_FATAL, AlertFor(error));
  }
  const std::uint32_t flags = mbedtls_ssl_get_verify_result(ssl_.get());
  const bool judged = flags != 0 && flags != UINT32_MAX && (flags & MBEDTLS_X509_BADCERT_MISSING) == 0;
  if (judged && (error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || error == MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE)) {
    return Fail(judge_.Refusal(flags, peer_address(), PeersCertificate()));
  }
  if (stream_gone) return Fail(PeersLastWord(error));
  if (other_versions_) error = MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION;
  return Fail(Explain(error, credentials_->side(), peer_address()));
}

// A peer that refuses us says so and hangs up, often while we are still sending: the alert is then what is left to
// read.
Status Channel::PeersLastWord(int error) {
  if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
    return ExplainAlert(ssl_->in_msg[1], credentials_->side(), peer_address());
  }
  std::array<std::uint8_t, kAlertRecordBytes> alert{};
  const Transfer got = stream_->Read(alert);
  if (!done_ && got.outcome == Transfer::Outcome::kBytes && got.bytes == alert.size() && alert[0] == kAlertRecord &&
      alert[4] == 2 && alert[5] == MBEDTLS_SSL_ALERT_LEVEL_FATAL) {
    return ExplainAlert(alert[6], credentials_->side(), peer_address());
  }
  if (!stream_error_.ok()) return stream_error_;
  return Explain(error, credentials_->side(), peer_address());
}

Transfer Channel::Fail(Status status) {
  failure_ = std::move(status);
  return {.error = failure_};
}

Transfer Channel::Outcome(int error) {
  if (IsWait(error)) return Wait(error);
  if (error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
    closed_ = true;
    return {.outcome = Transfer::Outcome::kClosed};
  }
  if (error == 0 || error == MBEDTLS_ERR_SSL_CONN_EOF) {
    return Fail({Code::kUnavailable, peer_address(), "the connection was cut off"});
  }
  if (error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE || error == MBEDTLS_ERR_NET_CONN_RESET ||
      error == MBEDTLS_ERR_NET_SEND_FAILED || error == MBEDTLS_ERR_NET_RECV_FAILED) {
    return Fail(PeersLastWord(error));
  }
  if (!sent_alert_) {
    (void)mbedtls_ssl_send_alert_message(ssl_.get(), MBEDTLS_SSL_ALERT_LEVEL_FATAL, AlertFor(error));
  }
  return Fail(Explain(error, credentials_->side(), peer_address()));
}

Transfer Channel::Read(std::span<std::uint8_t> out) {
  if (!failure_.ok()) return {.error = failure_};
  if (!done_) return {.error = Status(Code::kFailedPrecondition, peer_address(), "the handshake is not done")};
  if (closed_) return {.outcome = Transfer::Outcome::kClosed};
  if (out.empty()) return {.outcome = Transfer::Outcome::kBytes};
  may_receive_bytes_ = kBytesPerCall;
  const int result = mbedtls_ssl_read(ssl_.get(), out.data(), out.size());
  if (result > 0) return {.outcome = Transfer::Outcome::kBytes, .bytes = static_cast<std::size_t>(result)};
  return Outcome(result);
}

Transfer Channel::Write(std::span<const std::uint8_t> bytes) {
  if (!failure_.ok()) return {.error = failure_};
  if (!done_) return {.error = Status(Code::kFailedPrecondition, peer_address(), "the handshake is not done")};
  if (bytes.empty()) return {.outcome = Transfer::Outcome::kBytes};
  // A record that the library holds back was made of the bytes of the last Write, so their number counts now.
  if (unsent_bytes_ > bytes.size()) {
    return {.error = Status(Code::kInternal, peer_address(), "a write was taken back", "repeat the same bytes")};
  }
  const std::size_t size = unsent_bytes_ != 0 ? unsent_bytes_ : std::min<std::size_t>(bytes.size(), 16'384);
  const int result = mbedtls_ssl_write(ssl_.get(), bytes.data(), size);
  unsent_bytes_ = IsWait(result) ? size : 0;
  if (result > 0) return {.outcome = Transfer::Outcome::kBytes, .bytes = static_cast<std::size_t>(result)};
  if (result == MBEDTLS_ERR_NET_CONN_RESET) return {.outcome = Transfer::Outcome::kClosed};
  return Outcome(result);
}

void Channel::Close() {
  if (!done_ || !failure_.ok() || said_goodbye_) return;
  said_goodbye_ = true;
  (void)mbedtls_ssl_close_notify(ssl_.get());
}

const mbedtls_x509_crt* Channel::peer_chain() const { return done_ ? mbedtls_ssl_get_peer_cert(ssl_.get()) : nullptr; }

}  // namespace heliostat::hal::mbedtls
