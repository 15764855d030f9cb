#include "mbedtls/mbedtls_server.h"

#include <new>

#include "mbedtls/channel.h"
#include "mbedtls/credentials.h"

namespace heliostat::hal::mbedtls {
namespace {

class StoppedClock final : public CertificateClock {
 public:
  explicit StoppedClock(std::uint64_t now_s) : now_s_(now_s) {}
  std::uint64_t NowS() override { return now_s_; }

 private:
  std::uint64_t now_s_;
};

class Server final : public SecureServer {
 public:
  Server(std::shared_ptr<const Credentials> credentials, CertificateClock* clock)
      : credentials_(std::move(credentials)), clock_(clock) {}

  Status Replace(const TrustBundle& bundle) override {
    Result<std::shared_ptr<const Credentials>> loaded = Credentials::Load(bundle, Side::kServer, clock_);
    if (!loaded.ok()) return loaded.status();
    credentials_ = *loaded;
    return OkStatus();
  }

  const TrustState& state() const override { return credentials_->state(); }

  Status Recheck(const SecureChannel& channel) override { return Ask(*credentials_, channel, clock_); }

  Status WouldAccept(const SecureChannel& channel, const TrustBundle& bundle) override {
    const Result<std::shared_ptr<const Credentials>> loaded = Credentials::Load(bundle, Side::kServer, clock_);
    return loaded.ok() ? Ask(**loaded, channel, clock_) : loaded.status();
  }

  Status WouldAcceptAt(const SecureChannel& channel, std::uint64_t time_s) override {
    StoppedClock then(time_s);
    HELIOSTAT_RETURN_IF_ERROR(credentials_->VerifyOwn(&then, channel.peer_address(), "the card's certificate"));
    return Ask(*credentials_, channel, &then);
  }

  Result<std::unique_ptr<SecureChannel>> Accept(std::unique_ptr<ByteStream> stream) override {
    std::unique_ptr<SecureChannel> channel(new (std::nothrow) Channel(std::move(stream), credentials_, {}));
    if (channel == nullptr) return OutOfMemory();
    return channel;
  }

 private:
  static Status Ask(const Credentials& credentials, const SecureChannel& channel, CertificateClock* clock) {
    const auto* const ours = dynamic_cast<const Channel*>(&channel);
    if (ours == nullptr || ours->peer_chain() == nullptr) {
      return {Code::kFailedPrecondition, channel.peer_address(), "the handshake is not done"};
    }
    return credentials.WouldAccept(*ours->peer_chain(), channel.peer_address(), clock);
  }

  std::shared_ptr<const Credentials> credentials_;
  CertificateClock* clock_;
};

}  // namespace

Result<std::unique_ptr<SecureServer>> OpenServer(const TrustBundle& bundle, CertificateClock* clock) {
  Result<std::shared_ptr<const Credentials>> loaded = Credentials::Load(bundle, Side::kServer, clock);
  if (!loaded.ok()) return loaded.status();
  return std::unique_ptr<SecureServer>(std::make_unique<Server>(*loaded, clock));
}

}  // namespace heliostat::hal::mbedtls
