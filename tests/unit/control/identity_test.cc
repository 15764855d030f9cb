#include "control/identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace heliostat::control {
namespace {

using codec::Role;
using testing::HasSubstr;

hal::Certificate Certificate(std::vector<std::string> uris, std::string user = "alice") {
  hal::Certificate certificate;
  certificate.common_name = std::move(user);
  certificate.uris = std::move(uris);
  return certificate;
}

TEST(Identity, IsReadFromTheCertificate) {
  const auto identity = IdentityOf(
      Certificate({"spiffe://other/thing", "urn:heliostat:role:operator", "urn:heliostat:owner:team-a"}), "10.0.0.9");
  ASSERT_TRUE(identity.ok()) << identity.status().ToString();
  EXPECT_EQ(identity.value().user, "alice");
  EXPECT_EQ(identity.value().role, Role::kOperator);
  EXPECT_EQ(identity.value().owner, "team-a");
  EXPECT_EQ(identity.value().address, "10.0.0.9");
}

TEST(Identity, KnowsEveryRole) {
  for (const auto& [name, role] :
       {std::pair{"viewer", Role::kViewer}, {"flasher", Role::kFlasher}, {"admin", Role::kAdmin}}) {
    const auto identity = IdentityOf(Certificate({std::string("urn:heliostat:role:") + name}), {});
    ASSERT_TRUE(identity.ok()) << name << ": " << identity.status().ToString();
    EXPECT_EQ(identity.value().role, role);
    EXPECT_EQ(RoleName(role), name);
    EXPECT_EQ(identity.value().owner, "");
  }
}

TEST(Identity, TakesALongestOwnerAndUser) {
  const std::string owner(63, 'o');
  const auto identity =
      IdentityOf(Certificate({"urn:heliostat:role:viewer", "urn:heliostat:owner:" + owner}, std::string(64, 'u')), {});
  ASSERT_TRUE(identity.ok()) << identity.status().ToString();
  EXPECT_EQ(identity.value().owner, owner);
}

TEST(Identity, IsRefusedWhereTheCertificateIsNotClear) {
  const std::string viewer = "urn:heliostat:role:viewer";
  const struct {
    const char* name;
    std::vector<std::string> uris;
    std::string user;
    const char* says;
  } kCases[] = {
      {"nothing", {}, "a", "no role"},
      {"only others", {"https://example.org/admin", "urn:other:role:admin"}, "a", "no role"},
      {"two roles", {viewer, "urn:heliostat:role:admin"}, "a", "two roles"},
      {"one role twice", {viewer, viewer}, "a", "two roles"},
      {"unknown role", {"urn:heliostat:role:root"}, "a", "\"root\""},
      {"empty role", {"urn:heliostat:role:"}, "a", "no role of ours"},
      {"role none", {"urn:heliostat:role:none"}, "a", "\"none\""},
      {"role with more", {"urn:heliostat:role:admin "}, "a", "no role of ours"},
      {"role with a NUL", {std::string("urn:heliostat:role:admin\0x", 26)}, "a", "no role of ours"},
      {"role in capitals", {"urn:heliostat:role:Admin"}, "a", "no role of ours"},
      {"space in capitals", {"URN:Heliostat:role:admin"}, "a", "none that the card knows"},
      {"unknown kind", {viewer, "urn:heliostat:card:x"}, "a", "none that the card knows"},
      {"bare space", {viewer, "urn:heliostat:"}, "a", "none that the card knows"},
      {"two owners", {viewer, "urn:heliostat:owner:x", "urn:heliostat:owner:y"}, "a", "two owners"},
      {"empty owner", {viewer, "urn:heliostat:owner:"}, "a", "owner is no name"},
      {"escaped owner", {viewer, "urn:heliostat:owner:a%20b"}, "a", "owner is no name"},
      {"overlong owner", {viewer, "urn:heliostat:owner:" + std::string(64, 'o')}, "a", "owner is no name"},
      {"operator of nobody", {"urn:heliostat:role:operator"}, "a", "names no owner"},
      {"admin of somebody", {"urn:heliostat:role:admin", "urn:heliostat:owner:x"}, "a", "admin has none"},
      {"no user", {viewer}, "", "no common name"},
      {"overlong user", {viewer}, std::string(65, 'u'), "common name"},
      {"user with a control character", {viewer}, "a\nb", "common name"},
      {"user beyond ASCII", {viewer}, "\xff", "common name"},
  };
  for (const auto& one : kCases) {
    const auto identity = IdentityOf(Certificate(one.uris, one.user), {});
    ASSERT_FALSE(identity.ok()) << one.name;
    EXPECT_EQ(identity.status().code(), Code::kPermissionDenied) << one.name;
    EXPECT_THAT(identity.status().reason(), HasSubstr(one.says)) << one.name;
    EXPECT_NE(identity.status().fix(), "") << one.name;
  }
}

// Written out, not derived: viewer, operator, flasher, admin.
TEST(MayCall, IsThisTable) {
  const struct {
    const char* name;
    codec::Call call;
    const char* roles;
  } kTable[] = {
      {"hello", codec::Hello{}, "VOFA"},
      {"get_info", codec::GetInfo{}, "VOFA"},
      {"begin", codec::Begin{}, " O A"},
      {"edit", codec::Edit{}, " O A"},
      {"commit", codec::Commit{}, " O A"},
      {"abort", codec::Abort{}, " O A"},
      {"confirm", codec::Confirm{}, " O A"},
      {"rollback", codec::Rollback{}, " O A"},
      {"list_generations", codec::ListGenerations{}, "VOFA"},
      {"get", codec::Get{}, "VO A"},
      {"list", codec::List{}, "VO A"},
      {"watch", codec::Watch{}, "VO A"},
      {"get_audit", codec::GetAudit{}, " O A"},
      {"set_trust", codec::SetTrust{}, "   A"},
      {"get_trust", codec::GetTrust{}, "VOFA"},
      {"set_time", codec::SetTime{}, "   A"},
  };
  ASSERT_EQ(std::size(kTable), std::variant_size_v<codec::Call>);
  constexpr Role kColumns[] = {Role::kViewer, Role::kOperator, Role::kFlasher, Role::kAdmin};
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    EXPECT_EQ(kTable[i].call.index(), i) << kTable[i].name;
    EXPECT_FALSE(MayCall(Identity{}, kTable[i].call).ok()) << "without a role: " << kTable[i].name;
    for (std::size_t column = 0; column < std::size(kColumns); ++column) {
      Identity identity;
      identity.role = kColumns[column];
      const Status status = MayCall(identity, kTable[i].call);
      EXPECT_EQ(status.ok(), kTable[i].roles[column] != ' ') << RoleName(identity.role) << " " << kTable[i].name;
      if (status.ok()) continue;
      EXPECT_EQ(status.code(), Code::kPermissionDenied);
      EXPECT_THAT(status.reason(), HasSubstr(std::string(RoleName(identity.role))));
      EXPECT_THAT(status.reason(), HasSubstr(std::string("`") + kTable[i].name + "`"));
      EXPECT_THAT(status.fix(), HasSubstr("admin"));
    }
  }
}

}  // namespace
}  // namespace heliostat::control
