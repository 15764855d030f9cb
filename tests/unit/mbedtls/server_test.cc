// A card's trust bundle: what is taken, and what becomes of connections when it is replaced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "unit/mbedtls/tls_pair.h"

namespace heliostat::hal::mbedtls {
namespace {

using testing::HasSubstr;
using Outcome = Transfer::Outcome;

class Bundle : public TlsPair {
 protected:
  void SetUp() override { Serve(card_); }

  void ExpectRefused(const TrustBundle& bundle, const std::string& text) {
    const Status status = server_->Replace(bundle);
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_THAT(status.ToString(), HasSubstr(text));
    EXPECT_EQ(OpenServer(bundle, &clock_).status().ToString(), status.ToString());
    ExpectAccepted(authority_.User());  // the one before stays
  }

  TestAuthority other_{"another authority"};
};

TEST_F(Bundle, IsToldInValues) {
  (void)authority_.User();
  card_.crl = authority_.RevocationList({authority_.last_serial, "01", "02"});
  ASSERT_TRUE(server_->Replace(card_).ok());
  const TrustState& state = server_->state();
  EXPECT_EQ(state.ca.subject, "CN=test authority");
  EXPECT_EQ(state.certificate.common_name, "card-1");
  EXPECT_EQ(state.certificate.not_after_s, kTestNow + 100 * kTestDay);
  EXPECT_TRUE(state.has_crl);
  EXPECT_EQ(state.revoked, 3U);
  EXPECT_EQ(state.crl_next_update_s, kTestNow + 10 * kTestDay);
  card_.crl = authority_.RevocationList({});
  ASSERT_TRUE(server_->Replace(card_).ok());
  EXPECT_TRUE(server_->state().has_crl);
  EXPECT_EQ(server_->state().revoked, 0U);
}

TEST_F(Bundle, MustBeWholeAndReadable) {
  for (auto [part, name] : {std::pair(&TrustBundle::ca, "ca"), std::pair(&TrustBundle::certificate, "certificate"),
                            std::pair(&TrustBundle::private_key, "private_key"), std::pair(&TrustBundle::crl, "crl")}) {
    TrustBundle bundle = card_;
    bundle.crl = authority_.RevocationList({});
    const std::string good = bundle.*part;
    const std::string subject = std::string(name) + ": ";
    bundle.*part = "nonsense";
    ExpectRefused(bundle, subject + "can't be read as ");
    bundle.*part = good.substr(0, good.size() / 2);
    ExpectRefused(bundle, subject + "can't be read as ");
    bundle.*part = std::string("\x30\x82\x01\x00", 4);
    ExpectRefused(bundle, subject + "can't be read as ");
    bundle.*part = good + std::string(64 * 1024, '\n');
    ExpectRefused(bundle, subject + "longer than 65,536 bytes");
    if (part == &TrustBundle::crl) continue;
    bundle.*part = "";
    ExpectRefused(bundle, subject + "missing");
  }
}

TEST_F(Bundle, MustBeReadableThroughout) {
  // The library returns how many it could not read: some such numbers end as its codes for no memory do.
  for (const int broken : {1, 22, 112}) {
    TrustBundle bundle = card_;
    for (int i = 0; i < broken; ++i) bundle.ca += "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    ExpectRefused(bundle, "ca: can't be read as ");
  }
}

TEST_F(Bundle, NeedsTheKeyOfTheCertificate) {
  card_.private_key = authority_.Card().private_key;
  ExpectRefused(card_, "private_key: is not the key of the certificate");
}

TEST_F(Bundle, NeedsACertificateOfTheAuthority) {
  TrustBundle stranger = other_.Card();
  stranger.ca = authority_.certificate();
  ExpectRefused(stranger, "certificate: our own is not signed by our authority");
}

TEST_F(Bundle, NeedsACertificateThatIsInDate) {
  TrustBundle late = authority_.Issue({.common_name = "card-1",
                                       .use = pki::Use::kCard,
                                       .validity = {.not_before_s = 1, .not_after_s = kTestNow - 2 * kTestDay}});
  ExpectRefused(late, "certificate: our own expired 2 days ago");
  TrustBundle early = authority_.Issue({.common_name = "card-1",
                                        .use = pki::Use::kCard,
                                        .validity = {.not_before_s = kTestNow + 90, .not_after_s = kTestNow + 900}});
  ExpectRefused(early, "certificate: our own is not valid for another 1 minute");
}

TEST_F(Bundle, NeedsACardsCertificateThatIsNotRevoked) {
  ExpectRefused(authority_.User(), "certificate: our own is not meant for cards");
  card_ = authority_.Card();
  card_.crl = authority_.RevocationList({authority_.last_serial});
  ExpectRefused(card_, "certificate: our own is revoked");
}

TEST_F(Bundle, NeedsAnAuthority) {
  card_.ca = authority_.Card().certificate;
  ExpectRefused(card_, "ca: is not an authority's certificate: CN=card-1");
}

TEST_F(Bundle, NeedsTheListOfTheAuthority) {
  card_.crl = other_.RevocationList({});
  ExpectRefused(card_, "crl: is not signed by the authority");
  card_.crl = TestAuthority().RevocationList({});  // of the same name
  ExpectRefused(card_, "crl: is not signed by the authority");
  card_.crl = authority_.RevocationList({}) + other_.RevocationList({});
  ExpectRefused(card_, "crl: is not signed by the authority");
}

TEST_F(Bundle, MayTrustSeveralAuthoritiesWithAListEach) {
  TrustBundle both = card_;
  both.ca = authority_.certificate() + other_.certificate();
  (void)authority_.User();
  const TrustBundle revoked = other_.User("bob");
  both.crl = authority_.RevocationList({authority_.last_serial}) + other_.RevocationList({other_.last_serial});
  ASSERT_TRUE(server_->Replace(both).ok());
  TrustBundle bob = other_.User("bob");
  bob.ca = authority_.certificate();
  ExpectAccepted(bob);
  TrustBundle gone = revoked;
  gone.ca = authority_.certificate();
  EXPECT_EQ(Meet(gone).server.error.reason(), "the client's certificate is revoked");
}

TEST_F(Bundle, ReplacedLeavesOpenChannelsOpenUntilTheyAreRechecked) {
  const TrustBundle alice = authority_.User("alice");
  const std::string serial = authority_.last_serial;
  ExpectAccepted(alice);
  TrustBundle without_alice = card_;
  without_alice.crl = authority_.RevocationList({serial});
  EXPECT_TRUE(server_->WouldAccept(*server_end_, card_).ok());
  EXPECT_EQ(server_->WouldAccept(*server_end_, without_alice).reason(), "the client's certificate is revoked");
  EXPECT_TRUE(server_->Recheck(*server_end_).ok());  // nothing has changed by asking

  ASSERT_TRUE(server_->Replace(without_alice).ok());
  EXPECT_EQ(server_->Recheck(*server_end_).reason(), "the client's certificate is revoked");
  std::array<std::uint8_t, 4> bytes{1, 2, 3, 4};
  ASSERT_EQ(client_end_->Write(bytes).bytes, bytes.size());
  EXPECT_EQ(server_end_->Read(bytes).bytes, bytes.size());

  TrustBundle elsewhere = other_.Card();
  ASSERT_TRUE(server_->Replace(elsewhere).ok());
  EXPECT_EQ(server_->Recheck(*server_end_).reason(), "the client's certificate is not signed by our authority");
  ASSERT_EQ(server_end_->Write(bytes).bytes, bytes.size());
  EXPECT_EQ(client_end_->Read(bytes).bytes, bytes.size());
}

TEST_F(Bundle, IsAskedAboutAnyTimeByTheDatesOfWholeChains) {
  constexpr pki::Validity kLonger{kTestNow - 300 * kTestDay, kTestNow + 300 * kTestDay};
  const auto ask = [this](std::uint64_t time_s) { return server_->WouldAcceptAt(*server_end_, time_s).reason(); };
  ExpectAccepted(authority_.Issue({.common_name = "alice", .use = pki::Use::kUser, .validity = kLonger}));
  EXPECT_EQ(ask(kTestNow + 99 * kTestDay), "");
  EXPECT_EQ(ask(kTestNow - 99 * kTestDay), "");
  EXPECT_EQ(ask(kTestNow + 102 * kTestDay), "the card's certificate expired 2 days ago");
  EXPECT_EQ(ask(kTestNow - 102 * kTestDay), "the card's certificate is not valid for another 2 days");
  TrustBundle longer =
      authority_.Issue({.common_name = "card-1", .use = pki::Use::kCard, .dns_names = {"card-1"}, .validity = kLonger});
  ASSERT_TRUE(server_->Replace(longer).ok());
  EXPECT_EQ(ask(kTestNow + 102 * kTestDay), "the authority behind the card's certificate expired 2 days ago");
  EXPECT_EQ(ask(kTestNow - 102 * kTestDay),
            "the authority behind the card's certificate is not valid for another 2 days");
  ExpectAccepted(
      authority_.Issue({.common_name = "alice",
                        .use = pki::Use::kUser,
                        .validity = {.not_before_s = kTestNow - kTestDay, .not_after_s = kTestNow + kTestDay}}));
  EXPECT_EQ(ask(kTestNow + 3 * kTestDay), "the client's certificate expired 2 days ago");
  EXPECT_EQ(ask(kTestNow - 3 * kTestDay), "the client's certificate is not valid for another 2 days");
}

TEST_F(Bundle, ABadOneWouldAcceptNobodyAndSaysWhy) {
  ExpectAccepted(authority_.User());
  TrustBundle bad = card_;
  bad.private_key = "nonsense";
  const Status status = server_->WouldAccept(*server_end_, bad);
  EXPECT_EQ(status.subject(), "private_key");
}

TEST_F(Bundle, MayReplaceItselfInTheMiddleOfAHandshake) {
  auto [near, far] = linux_os::ConnectedPair().value();
  auto server_end = server_->Accept(std::move(near)).value();
  auto client_end = OpenClient(std::move(far), authority_.User(), "card-1", &clock_).value();
  EXPECT_EQ(client_end->Handshake().outcome, Outcome::kWaitRead);
  EXPECT_EQ(server_end->Handshake().outcome, Outcome::kWaitRead);
  ASSERT_TRUE(server_->Replace(other_.Card()).ok());
  const Handshakes ended = ShakeHands(server_end, client_end);
  EXPECT_EQ(ended.server.outcome, Outcome::kBytes);  // by the bundle that it was accepted under
  EXPECT_EQ(server_->Recheck(*server_end).reason(), "the client's certificate is not signed by our authority");
}

}  // namespace
}  // namespace heliostat::hal::mbedtls
