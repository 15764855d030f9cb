#include "helioctl/card/message_channel.h"

#include <gtest/gtest.h>

#include <deque>

#include "control.pb.h"

namespace heliostat::helioctl {
namespace {

using Outcome = hal::Transfer::Outcome;

// A peer whose words come a few bytes at a time.
struct Script {
  std::string to_read{};
  std::string written{};
  std::size_t piece = 1;
  Outcome then = Outcome::kClosed;
};

class ScriptedStream : public hal::ByteStream {
 public:
  explicit ScriptedStream(Script& script) : script_(script) {}
  hal::Transfer Read(std::span<std::uint8_t> out) override {
    const std::size_t bytes = std::min({out.size(), script_.piece, script_.to_read.size()});
    if (bytes == 0) return {.outcome = script_.then, .error = Status(Code::kDataLoss, "", "broken")};
    std::copy_n(script_.to_read.begin(), bytes, out.begin());
    script_.to_read.erase(0, bytes);
    return {.outcome = Outcome::kBytes, .bytes = bytes};
  }
  hal::Transfer Write(std::span<const std::uint8_t> bytes) override {
    const std::size_t taken = std::min(bytes.size(), script_.piece);
    script_.written.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    return {.outcome = Outcome::kBytes, .bytes = taken};
  }
  const std::string& peer_address() const override { return peer_; }
  int descriptor() const override { return -1; }  // poll() takes it for one on which nothing ever happens

 private:
  Script& script_;
  std::string peer_ = "192.0.2.1:8789";
};

TEST(MessageChannel, CarriesWhatComesInPieces) {
  v1::Request request;
  request.set_id(7);
  request.mutable_hello()->set_client("helioctl");
  for (const std::size_t piece : {1U, 3U, 1000U}) {
    Script script{.piece = piece};
    MessageChannel sender(std::make_unique<ScriptedStream>(script));
    ASSERT_TRUE(sender.Send(request, Deadline(1)).ok());
    EXPECT_EQ(script.written.substr(0, 4), std::string({0, 0, 0, static_cast<char>(request.ByteSizeLong())}));

    script.to_read = script.written;
    MessageChannel receiver(std::make_unique<ScriptedStream>(script));
    v1::Request received;
    ASSERT_TRUE(receiver.Receive(received, Deadline(1), "it").ok());
    EXPECT_EQ(received.SerializeAsString(), request.SerializeAsString());
  }
}

TEST(MessageChannel, SaysWhatItWaitedFor) {
  Script script{.then = Outcome::kWaitRead};
  MessageChannel channel(std::make_unique<ScriptedStream>(script));
  v1::Response response;
  const Status status = channel.Receive(response, Deadline(0.01), "the card to commit");
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.reason(), "waited 0.01 s for the card to commit");
  EXPECT_NE(status.fix().find("--timeout"), std::string::npos);
  EXPECT_TRUE(channel.broken());
}

TEST(MessageChannel, SaysThatTheCardIsGone) {
  Script script{.to_read = std::string("\0\0\0\5ab", 6), .piece = 10};
  MessageChannel channel(std::make_unique<ScriptedStream>(script));
  v1::Response response;
  EXPECT_EQ(channel.Receive(response, Deadline(1), "a list").reason(),
            "the card closed the connection while a list was waited for");
  EXPECT_FALSE(channel.Send(v1::Request(), Deadline(1)).ok()) << "a broken channel sends nothing more";
}

TEST(MessageChannel, TakesNoFramePastItsBound) {
  Script script{.to_read = std::string("HTTP/1.1 400 Bad Request", 24), .piece = 100};
  MessageChannel channel(std::make_unique<ScriptedStream>(script));
  v1::Response response;
  EXPECT_EQ(channel.Receive(response, Deadline(1), "it").code(), Code::kDataLoss);
}

TEST(MessageChannel, SendsNoFramePastItsBoundAndStaysUsable) {
  Script script{.piece = 1'000'000};
  MessageChannel channel(std::make_unique<ScriptedStream>(script));
  v1::Request request;
  request.mutable_set_trust()->set_ca(std::string(kMaxFrameBytes, 'x'));
  EXPECT_EQ(channel.Send(request, Deadline(1)).code(), Code::kResourceExhausted);
  EXPECT_EQ(script.written, "");
  EXPECT_FALSE(channel.broken());
}

}  // namespace
}  // namespace heliostat::helioctl
