#include "config/use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace heliostat::config {
namespace {

using testing::HasSubstr;

// Interfaces: a is alice's, b is bob's, c nobody's (the admin's). Targets: `admins`, `alices`, `both` (alice's, shared
// with bob), `group` (the admin's, of `alices`). One session of alice's, a -> alices.
Config Sample() {
  Config config;
  config.interfaces = {{.name = "a", .owner = "alice"}, {.name = "b", .owner = "bob"}};
  config.targets.resize(4);
  const char* names[] = {"admins", "alices", "both", "group"};
  for (std::size_t i = 0; i < 4; ++i) config.targets[i].metadata.name = names[i];
  config.targets[1].metadata.owner = config.targets[2].metadata.owner = "alice";
  config.targets[2].shared_with = {"bob"};
  config.targets[3].group = true;
  config.targets[3].members = {"alices"};
  Session session;
  session.metadata.name = "s";
  session.metadata.owner = "alice";
  session.sources = {"a"};
  session.target = "alices";
  config.sessions = {session};
  return config;
}
Session& One(Config& config) { return config.sessions[0]; }

// Guests a, b and c, of which a has 10.0.0.1 and fd00::b is b's; the edge interface w has 10.9.0.1.
const std::vector<Interface>& Interfaces() {
  static const std::vector<Interface> kInterfaces = {
      {.name = "a", .kind = InterfaceKind::kVm, .number = 1, .primary_ipv4 = *IpAddress::Parse("10.0.0.1")},
      {.name = "b", .kind = InterfaceKind::kNfv, .number = 2, .primary_ipv6 = *IpAddress::Parse("fd00::b")},
      {.name = "c", .kind = InterfaceKind::kVm, .number = 3},
      {.name = "w", .kind = InterfaceKind::kEdge, .number = 4, .primary_ipv4 = *IpAddress::Parse("10.9.0.1")}};
  return kInterfaces;
}
Status CheckUses(const Config& config) { return config::CheckUses(config, Guests(Interfaces())); }

void DeliverTo(Target& target, const char* interface) {
  target.encapsulation = Encapsulation::kNone;
  target.interface = interface;
}
void TagOn(Target& target, const char* interface) {
  target.encapsulation = Encapsulation::kVlan;
  target.interface = interface;
  target.vlan_id = 200;
}

TEST(Use, IsFreeToTheAdminAndToWhomItIsSharedWith) {
  const std::vector<std::function<void(Config&)>> kAllowed = {
      [](Config&) {},
      [](Config& c) {  // the admin's session
        One(c).metadata.owner = "";
        One(c).sources = {"a", "b", "c"};
      },
      [](Config& c) {  // shared with bob
        One(c).metadata.owner = "bob";
        One(c).sources = {"b"};
        One(c).target = "both";
      },
      [](Config& c) {  // bob's group of what is shared with him
        c.targets[3].metadata.owner = "bob";
        c.targets[3].members = {"both"};
      },
      [](Config& c) { DeliverTo(c.targets[1], "a"); },  // alice's, to her own
      [](Config& c) { c.targets[1].remote = *IpAddress::Parse("10.0.0.1"); },
      [](Config& c) { c.targets[1].remote = *IpAddress::Parse("10.9.0.1"); },  // no guest's
      [](Config& c) { DeliverTo(c.targets[0], "b"); },                         // the admin's, to bob's
      [](Config& c) { c.targets[0].remote = *IpAddress::Parse("fd00::b"); },
      [](Config& c) {  // the admin's, who shares it
        TagOn(c.targets[0], "w");
        c.targets[0].shared_with = {"alice"};
        One(c).target = "admins";
      },
  };
  for (std::size_t i = 0; i < kAllowed.size(); ++i) {
    Config config = Sample();
    kAllowed[i](config);
    EXPECT_EQ(CheckUses(config).ToString(), "ok") << i;
  }
}

TEST(Use, IsDeniedToOthersByName) {
  const struct {
    const char* what;
    std::function<void(Config&)> change;
    const char* subject;
    const char* reason;
    const char* fix;
  } kDenied[] = {
      {"foreign source",
       [](Config& c) {
         One(c).sources = {"a", "b"};
       },
       "session \"s\" sources \"b\"", "it belongs to \"bob\", not to \"alice\"", "owner"},
      {"admin's source", [](Config& c) { One(c).sources = {"c"}; }, "session \"s\" sources \"c\"",
       "it belongs to the admin, not to \"alice\"", "owner"},
      {"foreign target", [](Config& c) { One(c).metadata.owner = "bob"; }, "session \"s\" target",
       "target \"alices\" is not shared with \"bob\"", "have its owner share it"},
      {"admin's target", [](Config& c) { One(c).target = "admins"; }, "session \"s\" target", "not shared", "share"},
      {"also when disabled",
       [](Config& c) {
         One(c).enabled = false;
         One(c).sources = {"b"};
       },
       "session \"s\" sources \"b\"", "bob", "owner"},
      {"foreign member", [](Config& c) { c.targets[3].metadata.owner = "bob"; }, "target \"group\" members \"alices\"",
       "it belongs to \"alice\" and is not shared with \"bob\"", "share it"},
      {"admin's member",
       [](Config& c) {
         c.targets[3].metadata.owner = "bob";
         c.targets[3].members = {"both", "admins"};
       },
       "target \"group\" members \"admins\"", "it belongs to the admin", "share it"},
      {"to another's guest", [](Config& c) { DeliverTo(c.targets[1], "b"); }, "target \"alices\" interface \"b\"",
       "delivered to interface \"b\", which belongs to \"bob\", not to \"alice\"", "have an admin make"},
      {"to the admin's guest", [](Config& c) { DeliverTo(c.targets[2], "c"); }, "target \"both\" interface \"c\"",
       "which belongs to the admin", "have an admin make"},
      {"to another's guest by its address", [](Config& c) { c.targets[1].remote = *IpAddress::Parse("fd00::b"); },
       "target \"alices\" remote fd00::b", "delivered to interface \"b\", which belongs to \"bob\"",
       "have an admin make"},
      {"VLAN", [](Config& c) { TagOn(c.targets[1], "w"); }, "target \"alices\" vlan_id",
       "no frame tagged 200 on \"w\" would be mirrored any more", "have an admin make"},
      {"VLAN around a tunnel",
       [](Config& c) {
         TagOn(c.targets[1], "w");
         c.targets[1].encapsulation = Encapsulation::kErspan2;
         c.targets[1].remote = *IpAddress::Parse("10.0.0.1");  // by its interface, whoever has its address
       },
       "target \"alices\" vlan_id", "no frame tagged 200", "share it with \"alice\""},
  };
  for (const auto& one : kDenied) {
    SCOPED_TRACE(one.what);
    Config config = Sample();
    one.change(config);
    const Status status = CheckUses(config);
    EXPECT_EQ(status.code(), Code::kPermissionDenied) << status.ToString();
    EXPECT_EQ(status.subject(), one.subject);
    EXPECT_THAT(status.reason(), HasSubstr(one.reason));
    EXPECT_THAT(status.fix(), HasSubstr(one.fix));
  }
}

TEST(Use, IsAskedOfOneSessionOrOneGroup) {
  Config config = Sample();
  One(config).sources = {"b"};
  Session good = Sample().sessions[0];
  EXPECT_FALSE(CheckUse(config, One(config)).ok());
  EXPECT_TRUE(CheckUse(config, good).ok());
  const Guests guests(Interfaces());
  EXPECT_TRUE(CheckUse(config, guests, config.targets[0]).ok()) << "no group";
  EXPECT_TRUE(CheckUse(config, guests, config.targets[3]).ok());
}

}  // namespace
}  // namespace heliostat::config
