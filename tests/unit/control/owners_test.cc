#include "control/owners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace heliostat::control {
namespace {

using codec::Role;
using config::Config;
using testing::HasSubstr;

Identity Operator(const std::string& owner) { return {"olga", Role::kOperator, owner, "10.0.0.9"}; }
Identity Admin() { return {"ada", Role::kAdmin, "", "10.0.0.8"}; }

config::Session Session(const std::string& name, const std::string& owner, const std::string& source,
                        const std::string& target, const std::string& filter) {
  config::Session session;
  session.metadata.name = name;
  session.metadata.owner = owner;
  session.sources = {source};
  session.target = target;
  session.filter = filter;
  return session;
}

// Interfaces a (alice's), b (bob's). Targets admins, alices, alices2, bobs (shared with alice), group (alice's, of
// alices2). Filters admins, alices, bobs. Session sa: alice's, a -> alices by alices; sb: bob's, b -> bobs by admins.
Config Sample() {
  Config config;
  config.interfaces = {{.name = "a", .owner = "alice"}, {.name = "b", .owner = "bob"}};
  config.underlays.resize(1);
  config.underlays[0].interface = "w";
  for (const auto& [name, owner] :
       {std::pair{"admins", ""}, {"alices", "alice"}, {"alices2", "alice"}, {"bobs", "bob"}, {"group", "alice"}}) {
    config.targets.emplace_back().metadata = {.name = name, .owner = owner};
  }
  config.targets[3].shared_with = {"alice"};
  config.targets[4].group = true;
  config.targets[4].members = {"alices2"};
  for (const auto& [name, owner] : {std::pair{"admins", ""}, {"alices", "alice"}, {"bobs", "bob"}}) {
    config.filters.emplace_back().metadata = {.name = name, .owner = owner};
  }
  config.sessions = {Session("sa", "alice", "a", "alices", "alices"), Session("sb", "bob", "b", "bobs", "admins")};
  return config;
}

Status Judge(const Identity& by, const Config& before, const Config& after) {
  const auto differences = config::Compare(before, after);
  static const std::vector<config::Interface> kInterfaces = {{.name = "a"}, {.name = "b"}};
  const config::Guests guests(kInterfaces);
  const Change change{before, after, differences, guests};
  HELIOSTAT_RETURN_IF_ERROR(CheckOwners(by, change));
  HELIOSTAT_RETURN_IF_ERROR(CheckUses(change));
  return CheckNotInUse(change);
}

using Edit = std::function<void(Config&)>;

TEST(Owners, LetAnOperatorChangeWhatIsItsOwners) {
  const std::vector<std::pair<const char*, Edit>> kAllowed = {
      {"nothing", [](Config&) {}},
      {"alter a target", [](Config& c) { c.targets[1].mtu = 1400; }},
      {"share it", [](Config& c) { c.targets[1].shared_with = {"bob"}; }},
      {"alter a filter", [](Config& c) { c.filters[1].metadata.description = "x"; }},
      {"alter a session", [](Config& c) { c.sessions[0].enabled = false; }},
      {"use what is shared", [](Config& c) { c.sessions[0].target = "bobs"; }},
      {"use the admin's filter", [](Config& c) { c.sessions[0].filter = "admins"; }},
      {"add", [](Config& c) { c.sessions.push_back(Session("sz", "alice", "a", "group", "alices")); }},
      {"remove", [](Config& c) { c.sessions.erase(c.sessions.begin()); }},
      {"remove with its user",
       [](Config& c) {
         c.sessions.erase(c.sessions.begin());
         c.filters.erase(c.filters.begin() + 1);
         c.targets.erase(c.targets.begin() + 1);
       }},
  };
  for (const auto& [what, edit] : kAllowed) {
    Config after = Sample();
    edit(after);
    EXPECT_EQ(Judge(Operator("alice"), Sample(), after).ToString(), "ok") << what;
  }
}

TEST(Owners, KeepAnOperatorFromWhatIsNot) {
  const struct {
    const char* what;
    Edit edit;
    const char* subject;
    const char* reason;
  } kDenied[] = {
      {"interface",
       [](Config& c) {
         c.interfaces[0].tags = {{"k", "v"}};
       },
       "interface \"a\"", "only an admin"},
      {"new interface", [](Config& c) { c.interfaces.push_back({.name = "c", .owner = "alice"}); }, "interface \"c\"",
       "only an admin"},
      {"underlay", [](Config& c) { c.underlays[0].mtu = 1400; }, "underlay \"w\"", "only an admin"},
      {"foreign target", [](Config& c) { c.targets[3].mtu = 1400; }, "target \"bobs\"",
       "it belongs to \"bob\", and you act for \"alice\""},
      {"admin's filter", [](Config& c) { c.filters[0].services = {config::Service::kDns}; }, "filter \"admins\"",
       "it belongs to the admin"},
      {"foreign session removed", [](Config& c) { c.sessions.pop_back(); }, "session \"sb\"", "it belongs to \"bob\""},
      {"taken over", [](Config& c) { c.sessions[1].metadata.owner = "alice"; }, "session \"sb\"",
       "it belongs to \"bob\""},
      {"given away", [](Config& c) { c.targets[2].metadata.owner = "bob"; }, "target \"alices2\" owner",
       "it would belong to \"bob\""},
      {"made the admin's", [](Config& c) { c.filters[1].metadata.owner = ""; }, "filter \"alices\" owner",
       "it would belong to the admin"},
      {"added for another", [](Config& c) { c.sessions.push_back(Session("sz", "bob", "b", "bobs", "bobs")); },
       "session \"sz\" owner", "it would belong to \"bob\""},
      {"foreign filter", [](Config& c) { c.sessions[0].filter = "bobs"; }, "session \"sa\" filter",
       "filter \"bobs\" belongs to \"bob\""},
      {"foreign interface", [](Config& c) { c.sessions[0].sources = {"b"}; }, "session \"sa\" sources \"b\"",
       "it belongs to \"bob\", not to \"alice\""},
      {"unshared target", [](Config& c) { c.sessions[0].target = "admins"; }, "session \"sa\" target", "not shared"},
      {"unshared member",
       [](Config& c) {
         c.targets[4].members = {"alices2", "admins"};
       },
       "target \"group\" members \"admins\"", "not shared with \"alice\""},
      {"to a foreign guest", [](Config& c) { c.targets[1].interface = "b"; }, "target \"alices\" interface \"b\"",
       "belongs to \"bob\", not to \"alice\""},
  };
  for (const auto& one : kDenied) {
    SCOPED_TRACE(one.what);
    Config after = Sample();
    one.edit(after);
    const Status status = Judge(Operator("alice"), Sample(), after);
    EXPECT_EQ(status.code(), Code::kPermissionDenied) << status.ToString();
    EXPECT_EQ(status.subject(), one.subject);
    EXPECT_THAT(status.reason(), HasSubstr(one.reason));
    EXPECT_NE(status.fix(), "");
  }
}

TEST(Owners, LetTheAdminChangeAllButUsesThatNobodyMayHave) {
  Config after = Sample();
  after.interfaces[0].owner = "carol";
  after.targets[3].metadata.owner = "carol";
  after.filters[2].metadata.owner = "";
  after.underlays.clear();
  EXPECT_EQ(Judge(Admin(), Sample(), after).ToString(), "ok");
  after.sessions[1].sources = {"a"};
  EXPECT_EQ(Judge(Admin(), Sample(), after).subject(), "session \"sb\" target") << "bob's, of what is not bob's";
}

TEST(Owners, AskATargetThatDiffersAndNoOther) {
  Config before = Sample();
  before.targets[1].interface = "a";
  before.interfaces[0].owner = "bob";  // was alice's when the target was made
  Config after = before;
  after.targets[2].mtu = 1400;
  EXPECT_EQ(Judge(Operator("alice"), before, after).ToString(), "ok");
  after.targets[1].mtu = 1400;
  EXPECT_EQ(Judge(Operator("alice"), before, after).code(), Code::kPermissionDenied);
  after = before;
  after.sessions.erase(after.sessions.begin());
  after.targets.erase(after.targets.begin() + 1);
  EXPECT_EQ(Judge(Operator("alice"), before, after).ToString(), "ok") << "removed";
}

TEST(Owners, LetNoOtherRoleChangeAnything) {
  for (const Role role : {Role::kNone, Role::kViewer, Role::kFlasher}) {
    EXPECT_EQ(Judge({"u", role, "alice", ""}, Sample(), Config{}).code(), Code::kPermissionDenied);
  }
  EXPECT_EQ(Judge({"u", Role::kOperator, "", ""}, Sample(), Config{}).code(), Code::kPermissionDenied);
}

TEST(Owners, LetAnOwnerRestWhatItMayNotUseAnyMore) {
  Config before = Sample();
  before.interfaces[0].owner = "carol";  // was alice's when sa was made
  Config after = before;
  after.sessions[0].enabled = false;
  EXPECT_EQ(Judge(Operator("alice"), before, after).ToString(), "ok");
  after.sessions[0].metadata.description = "resting";
  EXPECT_EQ(Judge(Operator("alice"), before, after).ToString(), "ok");
  after.sessions[0].enabled = true;
  EXPECT_EQ(Judge(Operator("alice"), before, after).code(), Code::kPermissionDenied);
  after.sessions[0].enabled = false;
  after.sessions[0].sources = {"b"};
  EXPECT_EQ(Judge(Operator("alice"), before, after).code(), Code::kPermissionDenied);
  EXPECT_EQ(Judge(Operator("alice"), after, before).code(), Code::kPermissionDenied) << "enabled again";
  after.sessions.erase(after.sessions.begin());
  EXPECT_EQ(Judge(Operator("alice"), before, after).ToString(), "ok") << "removed";
}

TEST(InUse, NamesTheFirstUsersAndCountsTheOthers) {
  Config before = Sample();
  before.interfaces[1].excluded = "bobs";
  for (int i = 0; i < 4; ++i) before.sessions.push_back(Session("t" + std::to_string(i), "", "a", "alices", "bobs"));
  const struct {
    const char* what;
    Edit edit;
    const char* subject;
    const char* reason;
  } kRefused[] = {
      {"target of five", [](Config& c) { c.targets.erase(c.targets.begin() + 1); }, "target \"alices\"",
       "it is in use by session \"sa\", session \"t0\", session \"t1\" and 2 more"},
      {"filter of one", [](Config& c) { c.filters.erase(c.filters.begin() + 1); }, "filter \"alices\"",
       "it is in use by session \"sa\""},
      {"filter that an interface excludes",
       [](Config& c) {
         c.filters.erase(c.filters.begin() + 2);
         c.sessions.resize(1);
       },
       "filter \"bobs\"", "it is in use by interface \"b\""},
      {"filter that an interface and sessions use", [](Config& c) { c.filters.erase(c.filters.begin() + 2); },
       "filter \"bobs\"", "it is in use by interface \"b\", session \"t0\", session \"t1\" and 2 more"},
      {"member", [](Config& c) { c.targets.erase(c.targets.begin() + 2); }, "target \"alices2\"",
       "it is in use by target \"group\""},
  };
  for (const auto& one : kRefused) {
    SCOPED_TRACE(one.what);
    Config after = before;
    one.edit(after);
    const Status status = Judge(Admin(), before, after);
    EXPECT_EQ(status.code(), Code::kFailedPrecondition) << status.ToString();
    EXPECT_EQ(status.subject(), one.subject);
    EXPECT_EQ(status.reason(), one.reason);
    EXPECT_THAT(status.fix(), HasSubstr("first"));
  }
}

}  // namespace
}  // namespace heliostat::control
