// What one call may cost, whatever the peer sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mbedtls/oid.h>

#include <array>
#include <functional>
#include <vector>

#include "mbedtls/chain_bounds.h"
#include "pki/der.h"
#include "unit/mbedtls/impostor.h"
#include "unit/mbedtls/tls_pair.h"

namespace heliostat::hal::mbedtls {
namespace {

using Outcome = Transfer::Outcome;

// Never runs dry: when there is nothing more to read, `more` sends something. It closes once that has gone on for too
// long.
class EndlessStream final : public ByteStream {
 public:
  explicit EndlessStream(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}
  Transfer Read(std::span<std::uint8_t> out) override {
    Transfer got = stream_->Read(out);
    if (got.outcome == Outcome::kWaitRead && more) {
      if (bytes > kMostBytes) return {.outcome = Outcome::kClosed};
      more();
      got = stream_->Read(out);
    }
    bytes += got.bytes;
    return got;
  }
  Transfer Write(std::span<const std::uint8_t> out) override { return stream_->Write(out); }
  const std::string& peer_address() const override { return stream_->peer_address(); }
  int descriptor() const override { return stream_->descriptor(); }

  std::function<void()> more{};
  std::size_t bytes = 0;  // read

 private:
  static constexpr std::size_t kMostBytes = 1'000'000;
  std::unique_ptr<ByteStream> stream_;
};

class Bounds : public TlsPair {
 protected:
  void SetUp() override { Serve(card_); }

  void Connect(std::string_view certificates, std::string_view private_key) {
    auto [near, far] = linux_os::ConnectedPair().value();
    auto stream = std::make_unique<EndlessStream>(std::move(near));
    stream_ = stream.get();
    server_end_ = server_->Accept(std::move(stream)).value();
    client_ = std::make_unique<Impostor>(certificates, private_key, std::move(far));
  }

  // Shakes hands and returns how it ends on the card.
  Transfer ShakeHands() {
    Transfer ended{.outcome = Outcome::kWaitRead};
    for (int turn = 0; turn < 20 && ended.outcome == Outcome::kWaitRead; ++turn) {
      said_ = client_->Handshake();
      ended = server_end_->Handshake();
    }
    if (said_ == MBEDTLS_ERR_SSL_WANT_READ) said_ = client_->Handshake();
    return ended;
  }

  EndlessStream* stream_ = nullptr;  // the card's
  std::unique_ptr<Impostor> client_;
  int said_ = 0;  // by the client's handshake
};

TEST_F(Bounds, AHandshakeThatIsSentWarningsWithoutEndReturns) {
  const TrustBundle user = authority_.User();
  Connect(user.certificate, user.private_key);
  EXPECT_EQ(client_->Handshake(), MBEDTLS_ERR_SSL_WANT_READ);
  EXPECT_EQ(server_end_->Handshake().outcome, Outcome::kWaitRead);
  stream_->more = [this] {
    constexpr std::array<std::uint8_t, 7> kWarning = {21, 3, 3, 0, 2, 1, MBEDTLS_SSL_ALERT_MSG_USER_CANCELED};
    (void)client_->stream().Write(kWarning);
  };
  for (int call = 0; call < 3; ++call) {
    stream_->bytes = 0;
    EXPECT_EQ(server_end_->Handshake().outcome, Outcome::kWaitRead);
    EXPECT_LE(stream_->bytes, 20'000U);
  }
  stream_->more = nullptr;
  EXPECT_EQ(ShakeHands().outcome, Outcome::kBytes) << "warnings do no harm";
}

TEST_F(Bounds, AReadThatIsSentWarningsWithoutEndReturns) {
  const TrustBundle user = authority_.User();
  Connect(user.certificate, user.private_key);
  ASSERT_EQ(ShakeHands().outcome, Outcome::kBytes);
  stream_->more = [this] { client_->Warn(); };
  std::array<std::uint8_t, 64> bytes{};
  for (int call = 0; call < 3; ++call) {
    stream_->bytes = 0;
    EXPECT_EQ(server_end_->Read(bytes).outcome, Outcome::kWaitRead);
    EXPECT_LE(stream_->bytes, 20'000U);
  }
}

// An authority "a" that is issued by "a": one of them could be the signer of any other. Nothing of it needs to fit.
std::string MadeUpAuthority(std::size_t key_bits, std::size_t exponent_bits) {
  namespace der = pki::der;
  const auto number = [](std::size_t bits) {
    std::string bytes(bits / 8, '\xa5');
    bytes.front() = static_cast<char>(1U << (bits - 1) % 8);  // all of it
    return bytes;
  };
  const std::string signed_with = der::Sequence({der::Oid(MBEDTLS_OID_PKCS1_SHA256), std::string_view("\5\0", 2)});
  const std::string key_kind = der::Sequence({der::Oid(MBEDTLS_OID_PKCS1_RSA), std::string_view("\5\0", 2)});
  const std::string key = der::Sequence({der::Integer(number(key_bits)), der::Integer(number(exponent_bits))});
  const std::string name = der::Sequence(
      {der::Element(der::kSet, der::Sequence({der::Oid(MBEDTLS_OID_AT_CN), der::Element(der::kUtf8String, "a")}))});
  const std::string dates = der::Sequence({der::Time(kTestNow - kTestDay), der::Time(kTestNow + kTestDay)});
  const std::string authority = der::Sequence({der::Boolean(true)});
  const std::string extensions = der::Element(
      der::Constructed(3), der::Sequence({der::Sequence({der::Oid(MBEDTLS_OID_BASIC_CONSTRAINTS), der::Boolean(true),
                                                         der::Element(der::kOctetString, authority)})}));
  const std::string body =
      der::Sequence({der::Element(der::Constructed(0), der::Integer(2)), der::Integer(1), signed_with, name, dates,
                     name, der::Sequence({key_kind, der::BitString(key)}), extensions});
  return der::Sequence({body, signed_with, der::BitString(number(key_bits))});
}

TEST_F(Bounds, AChainThatWouldTakeLongToVerifyIsRefusedBeforeItIs) {
  constexpr const char* kKeys = "use P-256, P-384 or RSA of 2048 to 4096 bits";
  struct Chain {
    std::size_t certificates;
    std::size_t key_bits;
    std::size_t exponent_bits;
    const char* reason;
    const char* fix;
  };
  constexpr Chain kChains[] = {
      {1, 8192, 24, "the client's certificate has an RSA key of 8192 bits", kKeys},
      {1, 4104, 24, "the client's certificate has an RSA key of 4104 bits", kKeys},
      {4, 4096, 40, "the client's certificate has an RSA key with an exponent of 40 bits", "use the exponent 65537"},
      {5, 2048, 24, "the client's certificate comes with more than 3 others",
       "leave out all but the authorities between it and the one that we trust"},
  };
  const TrustBundle user = authority_.User();
  for (const Chain& chain : kChains) {
    SCOPED_TRACE(chain.reason);
    Connect(user.certificate, user.private_key);
    client_->Show(std::vector(chain.certificates, MadeUpAuthority(chain.key_bits, chain.exponent_bits)));
    const Transfer ended = ShakeHands();
    EXPECT_EQ(ended.error.reason(), chain.reason);
    EXPECT_EQ(ended.error.fix(), chain.fix);
    EXPECT_EQ(ended.error.code(), Code::kPermissionDenied);
    EXPECT_EQ(said_, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    EXPECT_EQ(client_->alert(), MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT);
  }
}

TEST_F(Bounds, AChainThatIsAsLargeAsItMayBeIsVerified) {
  const TrustBundle user = authority_.User();
  Connect(user.certificate, user.private_key);
  client_->Show(std::vector(4, MadeUpAuthority(4096, 32)));
  EXPECT_EQ(ShakeHands().error.reason(), "the client's certificate is not signed by our authority");
  EXPECT_EQ(client_->alert(), MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA);
}

TEST_F(Bounds, OurOwnChainIsHeldToThemBeforeItIsUsed) {
  for (int i = 0; i < 4; ++i) card_.certificate += authority_.Card().certificate;
  EXPECT_EQ(server_->Replace(card_).ToString(),
            "certificate: our own comes with more than 3 others; leave out all but the authorities between it and the "
            "one that we trust");
}

// The message has any bytes in the place of certificates.
TEST_F(Bounds, ADamagedCertificateMessageIsReadAsFarAsItGoes) {
  const std::string certificate = MadeUpAuthority(2048, 24);
  const auto number = [](std::size_t value) {
    return std::string{static_cast<char>(value >> 16U), static_cast<char>(value >> 8U), static_cast<char>(value)};
  };
  const std::string one = number(certificate.size()) + certificate;
  const std::string message = std::string("\x0b\0\0\0", 4) + number(one.size()) + one;
  for (std::size_t size = 0; size <= message.size(); ++size) {
    const std::vector<std::uint8_t> part(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
    const Status status = CheckBounds(part, "message", "it");
    EXPECT_TRUE(size <= 7 || size == message.size() ? status.ok() : status.code() == Code::kDataLoss) << size;
  }
}

}  // namespace
}  // namespace heliostat::hal::mbedtls
