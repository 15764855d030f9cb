#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "unit/mbedtls/tls_pair.h"

namespace heliostat::hal::mbedtls {
namespace {

using Outcome = Transfer::Outcome;

class OpenChannel : public TlsPair {
 protected:
  void SetUp() override {
    Serve(card_);
    ExpectAccepted(authority_.User());
  }

  std::array<std::uint8_t, 64> bytes_{};
};

std::vector<std::uint8_t> RandomBytes(std::size_t size) {
  std::mt19937 random(11);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

TEST_F(OpenChannel, CarriesMuchBothWaysAtOnceWithReadsOfAnySize) {
  const std::vector<std::uint8_t> sent = RandomBytes(2'000'000);
  struct Way {
    SecureChannel& from;
    SecureChannel& to;
    std::size_t at = 0;
    std::vector<std::uint8_t> got{};
    std::size_t room = 1;
    bool waited = false;
  };
  Way ways[] = {{*client_end_, *server_end_}, {*server_end_, *client_end_}};
  while (ways[0].got.size() < sent.size() || ways[1].got.size() < sent.size()) {
    for (Way& way : ways) {
      while (way.at < sent.size()) {
        const Transfer wrote = way.from.Write(std::span(sent).subspan(way.at));
        ASSERT_NE(wrote.outcome, Outcome::kFailed) << wrote.error.ToString();
        way.waited |= wrote.outcome == Outcome::kWaitWrite;
        if (wrote.outcome != Outcome::kBytes) break;
        way.at += wrote.bytes;
      }
    }
    for (Way& way : ways) {
      std::vector<std::uint8_t> buffer(way.room);
      way.room = way.room % 40'000 + 997;
      const Transfer read = way.to.Read(buffer);
      ASSERT_TRUE(read.outcome == Outcome::kBytes || read.outcome == Outcome::kWaitRead) << read.error.ToString();
      way.got.insert(way.got.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(read.bytes));
    }
  }
  for (const Way& way : ways) {
    EXPECT_TRUE(way.waited) << "never full: nothing was shown";
    EXPECT_TRUE(way.got == sent);
  }
}

TEST_F(OpenChannel, ReadsByteByByte) {
  const std::vector<std::uint8_t> sent = RandomBytes(1'000);
  ASSERT_EQ(client_end_->Write(sent).bytes, sent.size());
  std::vector<std::uint8_t> got;
  std::array<std::uint8_t, 1> byte{};
  while (server_end_->Read(byte).outcome == Outcome::kBytes) got.push_back(byte[0]);
  EXPECT_EQ(got, sent);
}

TEST_F(OpenChannel, ARepeatedWriteMayHaveMoreBytesBehind) {
  const std::vector<std::uint8_t> sent = RandomBytes(3'000'000);
  std::size_t at = 0;
  std::size_t size = 100;  // as a server's buffer grows while it waits
  Transfer wrote;
  while ((wrote = client_end_->Write(std::span(sent).subspan(at, size))).outcome == Outcome::kBytes) at += wrote.bytes;
  ASSERT_EQ(wrote.outcome, Outcome::kWaitWrite);
  std::vector<std::uint8_t> got;
  std::vector<std::uint8_t> buffer(50'000);
  const auto drain = [&] {
    Transfer read;
    while ((read = server_end_->Read(buffer)).outcome == Outcome::kBytes) {
      got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(read.bytes));
    }
  };
  drain();
  wrote = client_end_->Write(std::span(sent).subspan(at, 5'000));
  ASSERT_EQ(wrote.outcome, Outcome::kBytes);
  EXPECT_EQ(wrote.bytes, 100U);  // what was taken before is counted, and nothing twice
  at += wrote.bytes;
  wrote = client_end_->Write(std::span(sent).subspan(at, 5'000));
  at += wrote.bytes;
  drain();
  EXPECT_EQ(at, got.size());
  EXPECT_TRUE(std::equal(got.begin(), got.end(), sent.begin()));
}

TEST_F(OpenChannel, AGoodbyeIsTheEndInOrder) {
  ASSERT_EQ(client_end_->Write(std::span(bytes_).first(3)).bytes, 3U);
  client_end_->Close();
  client_end_.reset();
  EXPECT_EQ(server_end_->Read(bytes_).bytes, 3U);
  EXPECT_EQ(server_end_->Read(bytes_).outcome, Outcome::kClosed);
  EXPECT_EQ(server_end_->Read(bytes_).outcome, Outcome::kClosed);
}

TEST_F(OpenChannel, AConnectionThatIsCutOffDidNotEndInOrder) {
  ASSERT_EQ(client_end_->Write(std::span(bytes_).first(3)).bytes, 3U);
  client_end_.reset();
  EXPECT_EQ(server_end_->Read(bytes_).bytes, 3U);
  const Transfer cut = server_end_->Read(bytes_);
  EXPECT_EQ(cut.outcome, Outcome::kFailed);
  EXPECT_EQ(cut.error.reason(), "the connection was cut off");
}

TEST_F(OpenChannel, WaitsForWhatHasNotCome) {
  EXPECT_EQ(server_end_->Read(bytes_).outcome, Outcome::kWaitRead);
  EXPECT_EQ(client_end_->Read(bytes_).outcome, Outcome::kWaitRead);
}

TEST_F(OpenChannel, ACertificateThatExpiresWhileOpenIsFoundByARecheck) {
  EXPECT_TRUE(server_->Recheck(*server_end_).ok());
  clock_.now_s = kTestNow + 102 * kTestDay;
  EXPECT_EQ(server_->Recheck(*server_end_).ToString(),
            "local: the client's certificate expired 2 days ago; have a new one issued");
}

TEST_F(OpenChannel, OutlivesItsServer) {
  server_.reset();
  ASSERT_EQ(client_end_->Write(bytes_).bytes, bytes_.size());
  EXPECT_EQ(server_end_->Read(bytes_).bytes, bytes_.size());
}

TEST(BeforeTheHandshake, NothingIsReadOrWritten) {
  SetClock clock;
  TestAuthority authority;
  const auto server = OpenServer(authority.Card(), &clock).value();
  auto [near, far] = linux_os::ConnectedPair().value();
  const auto end = server->Accept(std::move(near)).value();
  std::array<std::uint8_t, 4> bytes{};
  EXPECT_EQ(end->Read(bytes).error.code(), Code::kFailedPrecondition);
  EXPECT_EQ(end->Write(bytes).error.code(), Code::kFailedPrecondition);
  EXPECT_EQ(server->Recheck(*end).code(), Code::kFailedPrecondition);
  end->Close();
  EXPECT_EQ(far->Read(bytes).outcome, Outcome::kWaitRead);  // nothing was said
}

}  // namespace
}  // namespace heliostat::hal::mbedtls
