#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>

#include "linux/sockets.h"
#include "mbedtls/mbedtls_client.h"
#include "mbedtls/mbedtls_server.h"
#include "support/tls_ends.h"

namespace heliostat::hal::mbedtls {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Outcome = Transfer::Outcome;

class Handshake : public testing::Test {
 protected:
  void Serve(const TrustBundle& bundle) {
    Result<std::unique_ptr<SecureServer>> opened = OpenServer(bundle, &clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    server_ = std::move(opened).value();
  }

  // Connects `client` to the server and lets both shake hands.
  Handshakes Meet(const TrustBundle& client, const std::string& name = "card-1") {
    auto [near, far] = linux_os::ConnectedPair().value();
    auto accepted = server_->Accept(std::move(near));
    EXPECT_TRUE(accepted.ok());
    server_end_ = std::move(accepted).value();
    auto opened = OpenClient(std::move(far), client, name, &clock_);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    client_end_ = std::move(opened).value();
    return ShakeHands(server_end_, client_end_);
  }

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

  void ExpectAccepted(const TrustBundle& client) {
    const Handshakes ended = Meet(client);
    EXPECT_EQ(ended.server.outcome, Outcome::kBytes) << ended.server.error.ToString();
    EXPECT_EQ(ended.client.outcome, Outcome::kBytes) << ended.client.error.ToString();
  }

  SetClock clock_;
  TestAuthority authority_;
  TrustBundle card_ = authority_.Card();
  std::unique_ptr<SecureServer> server_;
  std::unique_ptr<SecureChannel> server_end_;
  std::unique_ptr<SecureChannel> client_end_;
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
                "the card's certificate is not for the name \"card-2\"", "card-2");
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

}  // namespace
}  // namespace heliostat::hal::mbedtls
