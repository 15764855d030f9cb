// What one call may cost, whatever the peer sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <vector>

#include "unit/mbedtls/impostor.h"
#include "unit/mbedtls/tls_pair.h"

namespace heliostat::hal::mbedtls {
namespace {

using Outcome = Transfer::Outcome;

// Never runs dry: where there is nothing more to read, `more` sends it. Closed when that was no end of it.
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

  // How it ends on the card.
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

}  // namespace
}  // namespace heliostat::hal::mbedtls
