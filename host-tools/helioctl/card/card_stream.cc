#include "helioctl/card/card_stream.h"

#include <fmt/format.h>

#include <array>
#include <iostream>
#include <string_view>
#include <utility>

#include "helioctl/cli/files.h"
#include "linux/connect.h"
#include "linux/system_clock.h"
#include "mbedtls/mbedtls_client.h"

namespace heliostat::helioctl {
namespace {

// Outlives every channel.
hal::CertificateClock& Clock() {
  static hal::linux_os::SystemCertificateClock clock;
  return clock;
}

// Says goodbye when it goes, so that the card can tell an end from a cut.
class CardChannel final : public hal::ByteStream {
 public:
  explicit CardChannel(std::unique_ptr<hal::SecureChannel> channel) : channel_(std::move(channel)) {}
  ~CardChannel() override { channel_->Close(); }
  hal::Transfer Read(std::span<std::uint8_t> out) override { return channel_->Read(out); }
  hal::Transfer Write(std::span<const std::uint8_t> bytes) override { return channel_->Write(bytes); }
  [[nodiscard]] const std::string& peer_address() const override { return channel_->peer_address(); }
  [[nodiscard]] int descriptor() const override { return channel_->descriptor(); }

 private:
  std::unique_ptr<hal::SecureChannel> channel_;
};

Status ReadPart(const std::string& path, std::string_view what, std::string& into) {
  if (path.empty()) {
    return Status(Code::kInvalidArgument, std::string(what), "is not given",
                  fmt::format("give the file by an option, the environment or the context"));
  }
  auto file = ReadFile(path, std::cin);
  if (!file.ok()) return file.status();
  into = std::move(file->text);
  return OkStatus();
}

Result<hal::TrustBundle> ReadTrust(const Context& context) {
  hal::TrustBundle bundle;
  HELIOSTAT_RETURN_IF_ERROR(ReadPart(context.ca, "ca", bundle.ca));
  HELIOSTAT_RETURN_IF_ERROR(ReadPart(context.certificate, "certificate", bundle.certificate));
  HELIOSTAT_RETURN_IF_ERROR(ReadPart(context.private_key, "private key", bundle.private_key));
  if (!context.crl.empty()) HELIOSTAT_RETURN_IF_ERROR(ReadPart(context.crl, "crl", bundle.crl));
  return bundle;
}

// The part of the bundle that is wrong, by the name of its file.
Status WithFile(const Status& status, const Context& context) {
  const std::array<std::pair<std::string_view, const std::string*>, 4> files{{{"ca", &context.ca},
                                                                              {"certificate", &context.certificate},
                                                                              {"private_key", &context.private_key},
                                                                              {"crl", &context.crl}}};
  for (const auto& [part, path] : files) {
    if (status.subject() == part) return Status(status.code(), *path, status.reason(), status.fix());
  }
  return status;
}

// What a person can do about a certificate that one side does not like, by the files and options that are in use.
Status WithRemedy(const Status& status, const Context& context, const std::string& address) {
  const std::string& reason = status.reason();
  const auto says = [&reason](std::string_view words) { return reason.find(words) != std::string::npos; };
  std::string fix = status.fix();
  if (says("not for the name")) {
    fix = "check the address; if it is the right card, --server-name NAME (serverName in the context) says its name";
  } else if (says("not signed by our authority")) {
    fix = fmt::format("the authority in {} is another than the card's: give the card's, by --ca or the context",
                      context.ca);
  } else if (says("refuses our certificate")) {
    fix = fmt::format("our certificate is {}{}{}", context.certificate, fix.empty() ? "" : "; ", fix);
  }
  return Status(status.code(), address, reason, fix);
}

Status ShakeHands(hal::SecureChannel& channel, const Deadline& deadline) {
  while (true) {
    const hal::Transfer step = channel.Handshake();
    if (step.outcome == hal::Transfer::Outcome::kBytes) return OkStatus();
    if (step.outcome == hal::Transfer::Outcome::kFailed) return step.error;
    if (step.outcome == hal::Transfer::Outcome::kClosed) {
      return Status(Code::kUnavailable, "", "the card closed the connection during the handshake", "try again");
    }
    HELIOSTAT_RETURN_IF_ERROR(WaitFor(channel, step.outcome, deadline, "the card's handshake"));
  }
}

}  // namespace

Result<std::unique_ptr<hal::ByteStream>> ConnectToCard(const Context& context, const Deadline& deadline) {
  const std::string host = context.host.find(':') == std::string::npos ? context.host : "[" + context.host + "]";
  const std::string address = fmt::format("{}:{}", host, context.port);
  const auto bundle = ReadTrust(context);
  if (!bundle.ok()) return bundle.status();
  auto stream = hal::linux_os::Connect(context.host, context.port, deadline.end());
  if (!stream.ok()) {
    const Status& status = stream.status();
    if (status.code() != Code::kUnavailable) return status;
    return Status(status.code(), status.subject(), status.reason(),
                  "check the address and the port, and that the card runs with --listen");
  }
  auto channel = hal::mbedtls::OpenClient(std::move(*stream), *bundle, context.server_name, &Clock());
  if (!channel.ok()) return WithFile(channel.status(), context);
  const Status shaken = ShakeHands(**channel, deadline);
  if (!shaken.ok()) return WithRemedy(shaken, context, address);
  return std::unique_ptr<hal::ByteStream>(std::make_unique<CardChannel>(std::move(*channel)));
}

}  // namespace heliostat::helioctl
