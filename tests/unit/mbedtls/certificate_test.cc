#include "mbedtls/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "mbedtls/client_hello.h"
#include "mbedtls/sha256_digest.h"
#include "support/tls_ends.h"

namespace heliostat::hal::mbedtls {
namespace {

using testing::ElementsAre;

TEST(Certificate, IsReadFromPem) {
  TestAuthority authority;
  const TrustBundle bundle =
      authority.Issue({.common_name = "alice",
                       .use = pki::Use::kUser,
                       .dns_names = {"a.example", "b.example"},
                       .uris = {"urn:heliostat:role:viewer", "urn:heliostat:owner:blue"},
                       .validity = {.not_before_s = 1'000'000'000, .not_after_s = 4'102'444'799}});
  const Result<Certificate> read = ParseCertificate(bundle.certificate, "file");
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->common_name, "alice");
  EXPECT_EQ(read->issuer, "CN=test authority");
  EXPECT_EQ(read->serial, authority.last_serial);
  EXPECT_THAT(read->dns_names, ElementsAre("a.example", "b.example"));
  EXPECT_THAT(read->uris, ElementsAre("urn:heliostat:role:viewer", "urn:heliostat:owner:blue"));
  EXPECT_EQ(read->not_before_s, 1'000'000'000U);
  EXPECT_EQ(read->not_after_s, 4'102'444'799U);  // the last second of 2099, a GeneralizedTime
}

TEST(Certificate, NamesCanNotBeMistaken) {
  TestAuthority authority;
  const auto common_name = [&](const std::string& name) {
    const TrustBundle bundle = authority.Issue({.common_name = name, .use = pki::Use::kUser});
    return ParseCertificate(bundle.certificate, "file").value();
  };
  EXPECT_EQ(common_name("J\xC3\xBCrgen").common_name, "J\xC3\xBCrgen");
  EXPECT_EQ(common_name("a,O=b").common_name, "a,O=b");
  EXPECT_EQ(common_name("a,O=b").subject, "CN=a\\2CO\\3Db");
  EXPECT_EQ(common_name("a\\00").common_name, "a\\5C00");
}

TEST(Certificate, WhatIsNoneIsRefusedByName) {
  for (const std::string_view text :
       {"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    const Result<Certificate> read = ParseCertificate(text, "alice.pem");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(read.status().subject(), "alice.pem");
  }
}

TEST(Certificate, CutOrDamagedAnywhereIsReadOrRefused) {
  TestAuthority authority;
  const std::string pem = authority.User().certificate;
  for (std::size_t size = 0; size < pem.size(); ++size) {
    EXPECT_FALSE(ParseCertificate(std::string(pem, 0, size), "cut").ok() && size < pem.size() - 2) << size;
  }
  for (std::size_t at = 0; at < pem.size(); ++at) {
    std::string damaged = pem;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    (void)ParseCertificate(damaged, "damaged");
  }
}

TEST(Sha256, HasTheDigestsOfTheStandard) {
  const auto of = [](std::string_view text) {
    std::string digits;
    for (const std::uint8_t byte : Sha256({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()})) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      digits += {kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
    return digits;
  };
  EXPECT_EQ(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(of(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// type, length, version, random, no session, one suite, no compression, and then these extensions.
std::vector<std::uint8_t> Hello(const std::vector<std::uint8_t>& extensions) {
  const std::array<std::uint8_t, 9> rest = {0, 0, 2, 0x13, 0x01, 1, 0, 0, static_cast<std::uint8_t>(extensions.size())};
  std::vector<std::uint8_t> hello(1 + 3 + 2 + 32 + rest.size() + extensions.size());
  std::copy(extensions.begin(), extensions.end(), std::copy(rest.begin(), rest.end(), hello.begin() + 38));
  return hello;
}

TEST(ClientHello, LeavesOutTls12WhenItListsOthersAlone) {
  EXPECT_TRUE(LeavesOutTls12(Hello({0, 43, 0, 3, 2, 3, 4})));
  EXPECT_TRUE(LeavesOutTls12(Hello({0, 10, 0, 2, 9, 9, 0, 43, 0, 5, 4, 3, 4, 0x7A, 0x7A})));
  EXPECT_FALSE(LeavesOutTls12(Hello({0, 43, 0, 5, 4, 3, 4, 3, 3})));
  EXPECT_FALSE(LeavesOutTls12(Hello({0, 10, 0, 2, 9, 9})));
  EXPECT_FALSE(LeavesOutTls12(Hello({0, 43, 0, 1, 0})));
  EXPECT_FALSE(LeavesOutTls12(Hello({})));
}

TEST(ClientHello, IsReadNoFurtherThanItGoes) {
  const std::vector<std::uint8_t> whole = Hello({0, 10, 0, 2, 9, 9, 0, 43, 0, 3, 2, 3, 4});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    (void)LeavesOutTls12(cut);  // on the heap, exactly as long as it is
  }
  for (std::size_t at = 38; at < whole.size(); ++at) {
    std::vector<std::uint8_t> longer = whole;
    longer[at] = 255;
    (void)LeavesOutTls12(longer);
  }
}

}  // namespace
}  // namespace heliostat::hal::mbedtls
