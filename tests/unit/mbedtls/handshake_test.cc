#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mbedtls/error.h>

#include <array>
#include <random>

#include "unit/mbedtls/impostor.h"
#include "unit/mbedtls/tls_pair.h"

namespace heliostat::hal::mbedtls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Outcome = Transfer::Outcome;

class Handshake : public TlsPair {
 protected:
  // Neither side takes the connection, and both can say why.
  void ExpectRefused(const TrustBundle& client, const std::string& server_reason, const std::string& client_reason,
                     const std::string& name = "card-1") {
    const Handshakes ended = Meet(client, name);
    EXPECT_EQ(ended.server.outcome, Outcome::kFailed);
    EXPECT_EQ(ended.server.error.reason(), server_reason);
    EXPECT_EQ(ended.client.outcome, Outcome::kFailed);
    EXPECT_EQ(ended.client.error.reason(), client_reason);
    EXPECT_EQ(ended.client.error.code(), Code::kPermissionDenied);
  }
};

TEST_F(Handshake, ShowsBothSidesWhoTheOtherIs) {
  Serve(card_);
  ExpectAccepted(authority_.Issue({.common_name = "alice",
                                   .use = pki::Use::kUser,
                                   .uris = {"urn:heliostat:role:operator", "urn:heliostat:owner:blue"}}));
  EXPECT_EQ(server_end_->peer().common_name, "alice");
  EXPECT_EQ(server_end_->peer().subject, "CN=alice");
  EXPECT_EQ(server_end_->peer().issuer, "CN=test authority");
  EXPECT_EQ(server_end_->peer().serial, authority_.last_serial);
  EXPECT_THAT(server_end_->peer().uris, ElementsAre("urn:heliostat:role:operator", "urn:heliostat:owner:blue"));
  EXPECT_EQ(server_end_->peer().not_after_s, kTestNow + 100 * kTestDay);
  EXPECT_THAT(client_end_->peer().dns_names, ElementsAre("card-1"));
}

TEST_F(Handshake, RefusesAClientOfAnotherAuthority) {
  Serve(card_);
  TestAuthority other("another authority");
  TrustBundle stranger = other.User();
  stranger.ca = authority_.certificate();
  ExpectRefused(stranger, "the client's certificate is not signed by our authority",
                "the card refuses our certificate: signed by an authority that it does not trust");
  TestAuthority namesake;  // the same name, another key
  stranger = namesake.User();
  stranger.ca = authority_.certificate();
  ExpectRefused(stranger, "the client's certificate is not signed by our authority",
                "the card refuses our certificate: signed by an authority that it does not trust");
}

TEST_F(Handshake, RefusesACardOfAnotherAuthority) {
  Serve(card_);
  TrustBundle user = authority_.User();
  user.ca = TestAuthority().certificate();
  ExpectRefused(user, "the client refuses our certificate: signed by an authority that it does not trust",
                "the card's certificate is not signed by our authority");
}

TEST_F(Handshake, RefusesACardOfAnotherName) {
  Serve(card_);
  ExpectRefused(authority_.User(), "the client refuses our certificate: it is damaged, or for another name",
                "the card's certificate is not for the name \"card-2\", but for card-1", "card-2");
}

TEST_F(Handshake, DatesAreJudgedByTheGivenClock) {
  Serve(card_);
  const TrustBundle user =
      authority_.Issue({.common_name = "alice",
                        .use = pki::Use::kUser,
                        .validity = {.not_before_s = kTestNow - kTestDay, .not_after_s = kTestNow + kTestDay}});
  ExpectAccepted(user);
  clock_.now_s = kTestNow + kTestDay;
  ExpectAccepted(user);
  clock_.now_s = kTestNow + 4 * kTestDay;
  ExpectRefused(user, "the client's certificate expired 3 days ago",
                "the card refuses our certificate: expired, or not yet valid by its clock");
  clock_.now_s = kTestNow - kTestDay;
  ExpectAccepted(user);
  clock_.now_s = kTestNow - kTestDay - 7'200;
  ExpectRefused(user, "the client's certificate is not valid for another 2 hours",
                "the card refuses our certificate: expired, or not yet valid by its clock");
}

TEST_F(Handshake, RefusesTheRevoked) {
  const TrustBundle good = authority_.User();
  const TrustBundle revoked = authority_.User();
  card_.crl = authority_.RevocationList({authority_.last_serial});
  Serve(card_);
  ExpectAccepted(good);
  ExpectRefused(revoked, "the client's certificate is revoked", "the card refuses our certificate: revoked");
}

TEST_F(Handshake, ClientsRefuseARevokedCard) {
  TrustBundle user = authority_.User();
  card_ = authority_.Card();
  user.crl = authority_.RevocationList({authority_.last_serial});
  Serve(card_);
  ExpectRefused(user, "the client refuses our certificate: revoked", "the card's certificate is revoked");
}

TEST_F(Handshake, AnOutdatedRevocationListStillRefusesTheRevokedAndNobodyElse) {
  const TrustBundle good = authority_.User();
  const TrustBundle revoked = authority_.User();
  card_.crl = authority_.RevocationList({authority_.last_serial}, kTestNow + kTestDay);
  Serve(card_);
  clock_.now_s = kTestNow + 2 * kTestDay;
  ExpectAccepted(good);
  ExpectRefused(revoked, "the client's certificate is revoked", "the card refuses our certificate: revoked");
}

TEST_F(Handshake, CardsAreNoClientsAndUsersNoCards) {
  Serve(card_);
  ExpectRefused(authority_.Card("card-2"), "the client's certificate is not meant for clients",
                "the card refuses our certificate: its kind, key or purpose is not taken");
  const Result<std::unique_ptr<SecureServer>> user = OpenServer(authority_.User(), &clock_);
  ASSERT_FALSE(user.ok());
  EXPECT_EQ(user.status().ToString(), "certificate: our own is not meant for cards; have a new one issued");
}

TEST_F(Handshake, ClientMustNameTheCard) {
  for (const std::string& name : {std::string(), std::string(256, 'a'), std::string("card-1\0x", 8)}) {
    auto [near, far] = linux_os::ConnectedPair().value();
    const auto opened = OpenClient(std::move(far), authority_.User(), name, &clock_);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.status().subject(), "server_name");
  }
}

TEST_F(Handshake, ClientNeedsADnsNameInTheCardsCertificate) {
  Serve(authority_.Issue({.common_name = "card-1", .use = pki::Use::kCard}));  // the common name does not do
  ExpectRefused(authority_.User(), "the client refuses our certificate: it is damaged, or for another name",
                "the card's certificate is not for the name \"card-1\"");
}

TEST_F(Handshake, ServerFailsBeforeAnyMemoryIsSpentOnWhatIsNotTls) {
  Serve(card_);
  auto [near, far] = linux_os::ConnectedPair().value();
  const auto end = server_->Accept(std::move(near)).value();
  EXPECT_EQ(end->Handshake().outcome, Outcome::kWaitRead);
  const std::string_view text = "GET / HTTP/1.1\r\n\r\n";
  ASSERT_EQ(far->Write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}).bytes, text.size());
  const Transfer failed = end->Handshake();
  EXPECT_EQ(failed.outcome, Outcome::kFailed);
  EXPECT_EQ(failed.error.ToString(), "local: the client speaks plain text, not TLS; use helioctl");
  EXPECT_EQ(end->Handshake().error.reason(), failed.error.reason());  // it stays failed
  std::array<std::uint8_t, 16> alert{};
  EXPECT_EQ(far->Read(alert).bytes, 7U);
  EXPECT_EQ(alert[6], MBEDTLS_SSL_ALERT_MSG_UNEXPECTED_MESSAGE);
}

TEST_F(Handshake, SaysThatThePeerHungUp) {
  Serve(card_);
  {
    auto [near, far] = linux_os::ConnectedPair().value();
    const auto end = server_->Accept(std::move(near)).value();
    far.reset();
    EXPECT_EQ(end->Handshake().error.reason(), "the client closed the connection before it said anything");
  }
  auto [near, far] = linux_os::ConnectedPair().value();
  const auto end = OpenClient(std::move(far), authority_.User(), "card-1", &clock_).value();
  EXPECT_EQ(end->Handshake().outcome, Outcome::kWaitRead);
  near.reset();
  const Transfer failed = end->Handshake();
  EXPECT_EQ(failed.error.code(), Code::kUnavailable);
  EXPECT_EQ(failed.error.reason(), "the card broke the connection off");
}

TEST_F(Handshake, RefusesAClientThatDoesNotHoldTheKeyOfItsCertificate) {
  Serve(card_);
  const TrustBundle alice = authority_.User("alice");
  const TrustBundle mallory = authority_.User("mallory");
  for (const auto& [own, refused] : {std::pair(alice, false), std::pair(mallory, true)}) {
    auto [near, far] = linux_os::ConnectedPair().value();
    const auto end = server_->Accept(std::move(near)).value();
    Impostor client(alice.certificate, own.private_key, std::move(far));
    int said = MBEDTLS_ERR_SSL_WANT_READ;
    Transfer ended{.outcome = Outcome::kWaitRead};
    for (int turn = 0; turn < 20; ++turn) {
      if (said == MBEDTLS_ERR_SSL_WANT_READ) said = client.Handshake();
      if (ended.outcome == Outcome::kWaitRead) ended = end->Handshake();
    }
    if (!refused) {
      EXPECT_EQ(ended.outcome, Outcome::kBytes) << ended.error.ToString();
      EXPECT_EQ(said, 0);
      continue;
    }
    EXPECT_EQ(ended.error.reason(), "the client does not hold the key of its certificate");
    EXPECT_EQ(said, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    EXPECT_EQ(client.alert(), MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR);
  }
}

// What a peer may send instead of TLS. Sequences that begin like a record get further.
TEST_F(Handshake, RandomBytesNeverConnectAndNeverCrash) {
  Serve(card_);
  constexpr std::uint32_t kSeed = 20'260'101;
  std::mt19937 random(kSeed);
  std::cout << "seed " << kSeed << "\n";
  std::array<int, 2> failed{};
  for (int round = 0; round < 3'000; ++round) {
    std::vector<std::uint8_t> bytes(random() % 600);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (round % 4 != 0 && bytes.size() > 9) {
      const std::size_t length = bytes.size() - 5;
      const std::array<std::uint8_t, 9> start = {22,
                                                 3,
                                                 1,
                                                 static_cast<std::uint8_t>(length >> 8U),
                                                 static_cast<std::uint8_t>(length),
                                                 1,
                                                 0,
                                                 static_cast<std::uint8_t>((length - 4) >> 8U),
                                                 static_cast<std::uint8_t>(length - 4)};
      std::copy_n(start.begin(), 3U + random() % 7, bytes.begin());
    }
    auto [near, far] = linux_os::ConnectedPair().value();
    const auto end = server_->Accept(std::move(near)).value();
    (void)far->Write(bytes);
    Transfer ended = end->Handshake();
    if (ended.outcome == Outcome::kWaitRead) {
      far.reset();
      ended = end->Handshake();
    }
    ASSERT_EQ(ended.outcome, Outcome::kFailed) << "round " << round;
    ++failed[ended.error.code() == Code::kUnsupported ? 0 : 1];
  }
  EXPECT_GT(failed[0], 0);
  EXPECT_GT(failed[1], 0);
  ExpectAccepted(authority_.User());
}

// Every message of a good client, damaged somewhere: the handshake fails, or what was damaged did not matter.
TEST_F(Handshake, DamagedHandshakesNeverCrash) {
  Serve(card_);
  constexpr std::uint32_t kSeed = 7;
  std::mt19937 random(kSeed);
  std::cout << "seed " << kSeed << "\n";
  const TrustBundle user = authority_.User();
  int done = 0;
  for (int round = 0; round < 60; ++round) {
    auto [near, near_peer] = linux_os::ConnectedPair().value();
    auto [far, far_peer] = linux_os::ConnectedPair().value();
    auto server = server_->Accept(std::move(near)).value();
    auto client = OpenClient(std::move(far), user, "card-1", &clock_).value();
    // Somebody between them carries the bytes, and changes a bit of the first 700 each way.
    std::array<std::size_t, 2> carried{};
    const std::array<std::size_t, 2> damaged = {random() % 700, random() % 700};
    Transfer server_ended{.outcome = Outcome::kWaitRead};
    Transfer client_ended{.outcome = Outcome::kWaitRead};
    for (int turn = 0; turn < 20; ++turn) {
      if (client_ended.outcome == Outcome::kWaitRead) client_ended = client->Handshake();
      if (server_ended.outcome == Outcome::kWaitRead) server_ended = server->Handshake();
      for (const std::size_t way : {0U, 1U}) {
        std::array<std::uint8_t, 4'096> buffer{};
        const Transfer got = (way == 0 ? far_peer : near_peer)->Read(buffer);
        if (damaged[way] >= carried[way] && damaged[way] < carried[way] + got.bytes) {
          buffer[damaged[way] - carried[way]] ^= static_cast<std::uint8_t>(1U << random() % 8);
        }
        carried[way] += got.bytes;
        (void)(way == 0 ? near_peer : far_peer)->Write(std::span(buffer).first(got.bytes));
      }
    }
    // Finished and the signatures cover all of it but the headers of records.
    done += server_ended.outcome == Outcome::kBytes ? 1 : 0;
    if (server_ended.outcome == Outcome::kBytes) {
      EXPECT_EQ(server->peer().common_name, "alice");
    }
  }
  EXPECT_LT(done, 10) << "hardly anything was damaged";
  ExpectAccepted(user);
}

}  // namespace
}  // namespace heliostat::hal::mbedtls
