// What OpenSSL, which shares no code with us, makes of our certificates and lists.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "pki/authority.h"

namespace heliostat::pki {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr Validity kYears{1'600'000'000, 4'000'000'000};

struct Outcome {
  int code;
  std::string text;
};

Outcome Shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return {-1, "popen"};
  Outcome outcome{0, {}};
  std::array<char, 4096> block{};
  while (const std::size_t count = fread(block.data(), 1, block.size(), pipe)) outcome.text.append(block.data(), count);
  outcome.code = pclose(pipe);
  return outcome;
}

class OpenSsl : public testing::Test {
 protected:
  void SetUp() override {
    if (Shell("openssl version").code != 0) GTEST_SKIP() << "openssl is not installed";
    std::string pattern = (fs::path(testing::TempDir()) / "pki-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    auto authority = Authority::Create("Test CA", kYears);
    ASSERT_TRUE(authority.ok()) << authority.status().ToString();
    authority_ = std::make_unique<Authority>(std::move(authority).value());
    Write("ca.pem", authority_->certificate());
  }
  void TearDown() override {
    if (!directory_.empty()) fs::remove_all(directory_);
  }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(directory_ / name) << text; }
  Outcome Run(const std::string& arguments) const {
    return Shell("cd '" + directory_.string() + "' && openssl " + arguments);
  }
  Credentials Issue(const CertificateRequest& request) const {
    auto issued = authority_->Issue(request);
    EXPECT_TRUE(issued.ok()) << issued.status().ToString();
    return std::move(issued).value();
  }
  void WriteList(const std::vector<Revocation>& revoked) const {
    const auto list = authority_->RevocationList({9, kYears.not_before_s, kYears.not_after_s, revoked});
    ASSERT_TRUE(list.ok()) << list.status().ToString();
    Write("crl.pem", *list);
  }

  fs::path directory_;
  std::unique_ptr<Authority> authority_;
};

CertificateRequest Card() {
  CertificateRequest request;
  request.common_name = "card0";
  request.use = Use::kCard;
  request.dns_names = {"card0", "localhost"};
  request.addresses = {*IpAddress::Parse("192.0.2.10"), *IpAddress::Parse("2001:db8::1")};
  request.validity = kYears;
  return request;
}

TEST_F(OpenSsl, ShowsWhatACardsCertificateHolds) {
  Write("card.pem", Issue(Card()).certificate);
  const Outcome text = Run("x509 -in card.pem -noout -text");
  EXPECT_EQ(text.code, 0);
  for (const char* part :
       {"Version: 3", "Issuer: CN = Test CA", "Subject: CN = card0", "Signature Algorithm: ecdsa-with-SHA256",
        "NIST CURVE: P-256", "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "X509v3 Key Usage: critical\n                Digital Signature", "TLS Web Server Authentication",
        "DNS:card0, DNS:localhost, IP Address:192.0.2.10, IP Address:2001:DB8:0:0:0:0:0:1",
        "X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier"}) {
    EXPECT_THAT(text.text, HasSubstr(part));
  }
}

TEST_F(OpenSsl, VerifiesStrictlyForTheUseAndForNoOther) {
  Write("card.pem", Issue(Card()).certificate);
  CertificateRequest alice;
  alice.common_name = "alice";
  alice.uris = {"urn:heliostat:role:admin"};
  alice.validity = kYears;
  Write("alice.pem", Issue(alice).certificate);
  const std::string verify = "verify -x509_strict -CAfile ca.pem -purpose ";
  EXPECT_THAT(Run(verify + "sslserver -verify_hostname card0 card.pem").text, HasSubstr("card.pem: OK"));
  EXPECT_THAT(Run(verify + "sslserver -verify_hostname card1 card.pem").text, HasSubstr("hostname mismatch"));
  EXPECT_THAT(Run(verify + "sslserver -verify_ip 192.0.2.10 card.pem").text, HasSubstr("card.pem: OK"));
  EXPECT_THAT(Run(verify + "sslclient alice.pem").text, HasSubstr("alice.pem: OK"));
  EXPECT_THAT(Run(verify + "sslclient card.pem").text, HasSubstr("unsuitable certificate purpose"));
  EXPECT_THAT(Run(verify + "sslserver alice.pem").text, HasSubstr("unsuitable certificate purpose"));
  EXPECT_THAT(Run("x509 -in alice.pem -noout -ext subjectAltName").text, HasSubstr("URI:urn:heliostat:role:admin"));
}

TEST_F(OpenSsl, FindsRevokedCertificatesInTheList) {
  const Credentials kept = Issue(Card());
  const Credentials gone = Issue(Card());
  Write("kept.pem", kept.certificate);
  Write("gone.pem", gone.certificate);
  const std::string verify = "verify -crl_check -CAfile ca.pem -CRLfile crl.pem ";
  WriteList({});
  EXPECT_THAT(Run(verify + "gone.pem").text, HasSubstr("gone.pem: OK"));
  EXPECT_THAT(Run("crl -in crl.pem -noout -text").text, HasSubstr("No Revoked Certificates."));
  WriteList({{gone.serial, 1'700'000'000, Reason::kKeyCompromise}});
  EXPECT_THAT(Run(verify + "kept.pem").text, HasSubstr("kept.pem: OK"));
  EXPECT_THAT(Run(verify + "gone.pem").text, HasSubstr("certificate revoked"));
  const Outcome text = Run("crl -in crl.pem -CAfile ca.pem -text");
  for (const std::string& part :
       {std::string("verify OK"), std::string("Version 2"), std::string("X509v3 CRL Number: \n                9"),
        "Serial Number: " + gone.serial, std::string("Key Compromise"), std::string("X509v3 Authority Key Id")}) {
    EXPECT_THAT(text.text, HasSubstr(part));
  }
}

TEST_F(OpenSsl, BuildsAChainThroughAnAuthorityBelow) {
  CertificateRequest request;
  request.common_name = "Lab CA";
  request.use = Use::kAuthority;
  request.validity = kYears;
  const Credentials lab = Issue(request);
  auto authority = Authority::Load(lab.certificate, lab.private_key);
  ASSERT_TRUE(authority.ok()) << authority.status().ToString();
  const auto card = authority->Issue(Card());
  ASSERT_TRUE(card.ok()) << card.status().ToString();
  Write("lab.pem", lab.certificate);
  Write("card.pem", card->certificate);
  EXPECT_THAT(Run("verify -x509_strict -CAfile ca.pem -untrusted lab.pem card.pem").text, HasSubstr("card.pem: OK"));
  EXPECT_THAT(Run("verify -CAfile ca.pem card.pem").text, HasSubstr("unable to get local issuer"));
}

TEST_F(OpenSsl, FindsTheKeyToBelongToTheCertificate) {
  const Credentials card = Issue(Card());
  Write("card.pem", card.certificate);
  Write("card.key", card.private_key);
  EXPECT_THAT(Run("ec -in card.key -check -noout").text, HasSubstr("valid"));
  EXPECT_EQ(Run("pkey -in card.key -pubout").text, Run("x509 -in card.pem -pubkey -noout").text);
}

TEST_F(OpenSsl, FindsThatACertificateHasRunOut) {
  CertificateRequest request = Card();
  request.validity.not_after_s = request.validity.not_before_s + 60;
  Write("card.pem", Issue(request).certificate);
  EXPECT_THAT(Run("verify -CAfile ca.pem card.pem").text, HasSubstr("certificate has expired"));
  EXPECT_THAT(Run("verify -attime 1600000030 -CAfile ca.pem card.pem").text, HasSubstr("card.pem: OK"));
}

}  // namespace
}  // namespace heliostat::pki
