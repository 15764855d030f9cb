#include "pki/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "pki/reading.h"

namespace heliostat::pki {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Validity kYears{1'700'000'000, 1'900'000'000};

Authority NewAuthority() {
  auto authority = Authority::Create("Test CA", kYears);
  EXPECT_TRUE(authority.ok()) << authority.status().ToString();
  return std::move(authority).value();
}

CertificateRequest Alice() {
  CertificateRequest request;
  request.common_name = "alice";
  request.uris = {"urn:heliostat:role:operator", "urn:heliostat:owner:blue"};
  request.validity = kYears;
  return request;
}

TEST(Authority, SignsItself) {
  const Authority authority = NewAuthority();
  const auto text = ReadCertificate(authority.certificate());
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_TRUE(text->authority);
  EXPECT_EQ(text->subject, "CN=Test CA");
  EXPECT_EQ(text->issuer, text->subject);
  EXPECT_EQ(text->key, "EC 256 bits");
}

TEST(Authority, PutsEveryKindOfNameIntoACertificate) {
  Authority authority = NewAuthority();
  CertificateRequest request = Alice();
  request.use = Use::kCard;
  request.dns_names = {"card0", "localhost"};
  request.addresses = {*IpAddress::Parse("192.0.2.10"), *IpAddress::Parse("2001:db8::1")};
  const auto issued = authority.Issue(request);
  ASSERT_TRUE(issued.ok()) << issued.status().ToString();
  const auto text = ReadCertificate(issued->certificate);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_EQ(text->common_name, "alice");
  EXPECT_EQ(text->issuer, "CN=Test CA");
  EXPECT_EQ(text->serial, issued->serial);
  EXPECT_THAT(text->dns_names, ElementsAre("card0", "localhost"));
  EXPECT_THAT(text->uris, ElementsAre("urn:heliostat:role:operator", "urn:heliostat:owner:blue"));
  EXPECT_THAT(text->addresses, ElementsAre("192.0.2.10", "2001:db8::1"));
  EXPECT_EQ(text->validity.not_before_s, kYears.not_before_s);
  EXPECT_EQ(text->validity.not_after_s, kYears.not_after_s);
  EXPECT_TRUE(text->server);
  EXPECT_FALSE(text->client);
  EXPECT_FALSE(text->authority);
}

TEST(Authority, IssuesForDatesInThePastAndPast2050) {
  Authority authority = NewAuthority();
  CertificateRequest request = Alice();
  for (const Validity& validity : {Validity{0, 86'400}, Validity{2'524'607'999, 4'000'000'000}}) {
    request.validity = validity;
    const auto issued = authority.Issue(request);
    ASSERT_TRUE(issued.ok()) << issued.status().ToString();
    const auto text = ReadCertificate(issued->certificate);
    ASSERT_TRUE(text.ok()) << text.status().ToString();
    EXPECT_EQ(text->validity.not_before_s, validity.not_before_s);
    EXPECT_EQ(text->validity.not_after_s, validity.not_after_s);
  }
}

TEST(Authority, GivesEachCertificateAnotherSerialOf127Bits) {
  Authority authority = NewAuthority();
  std::set<std::string> serials;
  for (int i = 0; i < 20; ++i) {
    const auto issued = authority.Issue(Alice());
    ASSERT_TRUE(issued.ok());
    EXPECT_EQ(issued->serial.size(), 32U);
    EXPECT_GE(issued->serial[0], '4');
    EXPECT_LE(issued->serial[0], '7');
    serials.insert(issued->serial);
  }
  EXPECT_EQ(serials.size(), 20U);
}

TEST(Authority, GoesOnFromWhatItWasWrittenAs) {
  const Authority first = NewAuthority();
  auto again = Authority::Load(first.certificate(), first.private_key());
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(again->validity().not_after_s, kYears.not_after_s);
  EXPECT_TRUE(again->Issue(Alice()).ok());
}

TEST(Authority, RefusesToLoadWhatDoesNotBelongTogether) {
  Authority authority = NewAuthority();
  const Authority other = NewAuthority();
  const auto alice = authority.Issue(Alice());
  ASSERT_TRUE(alice.ok());
  const auto reason = [](const std::string& certificate, const std::string& key) {
    return Authority::Load(certificate, key).status().ToString();
  };
  EXPECT_THAT(reason(authority.certificate(), other.private_key()),
              HasSubstr("private key: is not the certificate's; "));
  EXPECT_THAT(reason(alice->certificate, alice->private_key), HasSubstr("certificate: is not an authority's; "));
  EXPECT_THAT(reason("nothing", other.private_key()), HasSubstr("certificate: can't be read: "));
  EXPECT_THAT(reason(authority.certificate(), ""), HasSubstr("private key: can't be read: "));
}

TEST(Authority, RefusesWhatACertificateCanNotHold) {
  Authority authority = NewAuthority();
  const auto refused = [&](auto change) {
    CertificateRequest request = Alice();
    change(request);
    return authority.Issue(request).status().ToString();
  };
  EXPECT_THAT(refused([](auto& r) { r.common_name = ""; }), HasSubstr("common name: "));
  EXPECT_THAT(refused([](auto& r) { r.common_name = std::string(65, 'x'); }), HasSubstr("common name: "));
  EXPECT_THAT(refused([](auto& r) { r.common_name = "a\nb"; }), HasSubstr("common name: "));
  EXPECT_THAT(refused([](auto& r) { r.dns_names = {"b\xc3\xbcro"}; }), HasSubstr("DNS name \"b"));
  EXPECT_THAT(refused([](auto& r) { r.uris = {"urn:a b"}; }), HasSubstr("URI \"urn:a b\": "));
  EXPECT_THAT(refused([](auto& r) { r.validity = {2, 1}; }), HasSubstr("validity: "));
  EXPECT_THAT(refused([](auto& r) { r.validity.not_after_s = 253'402'300'800; }), HasSubstr("validity: "));
}

TEST(RevocationList, IsReadBackAsWritten) {
  Authority authority = NewAuthority();
  RevocationListRequest request{7, 1'700'000'000, 1'800'000'000, {}};
  auto list = authority.RevocationList(request);
  ASSERT_TRUE(list.ok()) << list.status().ToString();
  auto text = ReadRevocationList(*list);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_EQ(text->issuer, "CN=Test CA");
  EXPECT_THAT(text->revoked, IsEmpty());
  EXPECT_EQ(text->next_update_s, 1'800'000'000U);

  request.revoked = {{"7F00000000000000000000000000000A", 1'700'000'001, Reason::kKeyCompromise},
                     {"40", 1'700'000'002, Reason::kUnspecified}};
  list = authority.RevocationList(request);
  ASSERT_TRUE(list.ok()) << list.status().ToString();
  text = ReadRevocationList(*list);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  ASSERT_EQ(text->revoked.size(), 2U);
  EXPECT_EQ(text->revoked[0].serial, "7F00000000000000000000000000000A");
  EXPECT_EQ(text->revoked[0].time_s, 1'700'000'001U);
  EXPECT_EQ(text->revoked[1].serial, "40");
}

TEST(RevocationList, HoldsThousands) {
  Authority authority = NewAuthority();
  RevocationListRequest request{1, 1'700'000'000, 1'800'000'000, {}};
  for (int i = 1000; i < 6000; ++i) request.revoked.push_back({std::to_string(i), 1'700'000'000, Reason::kSuperseded});
  const auto list = authority.RevocationList(request);
  ASSERT_TRUE(list.ok()) << list.status().ToString();
  const auto text = ReadRevocationList(*list);
  ASSERT_TRUE(text.ok()) << text.status().ToString();
  EXPECT_EQ(text->revoked.size(), 5000U);
}

TEST(RevocationList, RefusesWhatIsNoSerial) {
  Authority authority = NewAuthority();
  for (const char* serial : {"", "abc", "zz", "000102030405060708090a0b0c0d0e0f1011121314"}) {
    RevocationListRequest request{1, 1'700'000'000, 1'800'000'000, {{serial, 1'700'000'000, Reason::kUnspecified}}};
    EXPECT_THAT(authority.RevocationList(request).status().ToString(), HasSubstr("is not one; ")) << serial;
  }
}

TEST(Reading, RefusesWhatIsNone) {
  EXPECT_FALSE(ReadCertificate("").ok());
  EXPECT_FALSE(ReadCertificate(std::string(2000, '0')).ok());
  EXPECT_FALSE(ReadRevocationList("-----BEGIN X509 CRL-----\n").ok());
}

}  // namespace
}  // namespace heliostat::pki
