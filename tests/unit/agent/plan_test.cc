#include "agent/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "plan_interfaces.h"
#include "support/failing_memory.h"
#include "support/mirror_config.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using support::MirrorAll;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Plan MustPlan(const config::Config& config, std::vector<config::Interface> interfaces = Interfaces()) {
  Result<Plan> plan = MakePlan(support::Shared(config), std::move(interfaces));
  EXPECT_TRUE(plan.ok()) << plan.status().ToString();
  return plan.ok() ? std::move(*plan) : Plan();
}

const std::vector<std::atomic<bool>>& LinksUp() {
  static std::vector<std::atomic<bool>>* const links = [] {
    auto* made = new std::vector<std::atomic<bool>>(3);
    for (auto& link : *made) link = true;
    return made;
  }();
  return *links;
}

SessionReport FirstSession(const Plan& plan) { return ReportSessions(plan, LinksUp()).at(0); }
TargetReport FirstTarget(const Plan& plan) { return ReportTargets(plan, LinksUp()).at(0); }

TEST(Plan, HasADeliveryForEverySourceDirectionAndMember) {
  config::Config config = support::MirrorToGroup();
  config.sessions[0].sources = {"recorder", "guest"};
  const Plan plan = MustPlan(config);
  ASSERT_THAT(plan.deliveries, SizeIs(2 * 2 * 2));
  const auto from_guest = plan.Of(0, 0, Direction::kOutbound);
  ASSERT_THAT(from_guest, SizeIs(2));
  EXPECT_EQ(config.targets[from_guest[0].member].metadata.name, "m2");
  EXPECT_EQ(config.targets[from_guest[1].member].metadata.name, "m3");
  EXPECT_EQ(from_guest[0].state, DeliveryState::kReady);
  EXPECT_THAT(plan.Of(0, 1, Direction::kOutbound), IsEmpty());
}

TEST(Plan, HasNoDeliveryOfADisabledSessionOrInAnotherDirection) {
  config::Config config = MirrorAll();
  config.sessions[0].direction = config::DirectionSet::kInbound;
  EXPECT_THAT(MustPlan(config).deliveries, SizeIs(1));
  config.sessions[0].enabled = false;
  EXPECT_THAT(MustPlan(config).deliveries, IsEmpty());
}

TEST(Plan, FindsTheDeliveriesOfASessionAmongOthersOfThatSource) {
  config::Config config = MirrorAll();
  for (const char* name : {"b", "c"}) {
    config.sessions.push_back(config.sessions[0]);
    config.sessions.back().metadata.name = name;
    config.sessions.back().tunnel_id = static_cast<std::uint32_t>(name[0]);
  }
  config.sessions[1].enabled = false;
  const Plan plan = MustPlan(config);
  EXPECT_THAT(plan.Of(1, 0, Direction::kInbound), IsEmpty());
  ASSERT_THAT(plan.Of(2, 0, Direction::kInbound), SizeIs(1));
  EXPECT_EQ(plan.Of(2, 0, Direction::kInbound)[0].session, 2U);
}

TEST(Plan, RefusesMoreDeliveriesThanMemoryIsMeantForBeforeItMakesAny) {
  config::Config config = support::MirrorToGroup();
  config.targets[0].members.assign(200'000, "m2");  // past validation, which bounds a group
  const auto shared = support::Shared(config);
  auto interfaces = Interfaces();
  const support::FailingMemory memory(0);
  const auto plan = MakePlan(shared, std::move(interfaces));
  EXPECT_LT(memory.allocations(), 100U);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), Code::kResourceExhausted);
  EXPECT_THAT(plan.status().ToString(), HasSubstr("262144"));
}

TEST(Plan, CountsNoDeliveriesOfADisabledSession) {
  config::Config config = support::MirrorToGroup();
  config.targets[0].members.assign(200'000, "m2");
  config.sessions[0].enabled = false;
  EXPECT_TRUE(MakePlan(support::Shared(config), Interfaces()).ok());
}

TEST(PlanReport, CallsASessionOfAGroupWithOneDeadMemberActiveAndSaysWhich) {
  config::Config config = support::MirrorToGroup();
  config.underlays[0].neighbours.resize(1);
  const Plan plan = MustPlan(config);
  EXPECT_TRUE(FirstSession(plan).active);
  EXPECT_EQ(FirstSession(plan).reason, "target \"m3\": no neighbour 10.9.0.3 on \"analyser\"");
  EXPECT_TRUE(FirstTarget(plan).up) << "one member is";
  EXPECT_EQ(FirstTarget(plan).reason, "target \"m3\": no neighbour 10.9.0.3 on \"analyser\"");
}

TEST(PlanReport, SaysThatASourceIsNotOnTheCard) {
  config::Config config = MirrorAll();
  auto interfaces = Interfaces();
  interfaces[0].name = "other";
  const SessionReport gone = FirstSession(MustPlan(config, interfaces));
  EXPECT_FALSE(gone.active);
  EXPECT_EQ(gone.reason, "the card has no interface \"guest\" now");
  config.sessions[0].sources = {"guest", "recorder"};
  const SessionReport in_part = FirstSession(MustPlan(config, interfaces));
  EXPECT_TRUE(in_part.active);
  EXPECT_EQ(in_part.reason, "the card has no interface \"guest\" now");
}

TEST(PlanReport, SaysWhyATargetIsDownWhetherASessionUsesItOrNot) {
  config::Config config = MirrorAll();
  config.sessions.clear();
  EXPECT_TRUE(FirstTarget(MustPlan(config)).up);
  EXPECT_EQ(FirstTarget(MustPlan(config)).reason, "");
  config.underlays[0].neighbours.clear();
  const TargetReport unresolved = FirstTarget(MustPlan(config));
  EXPECT_FALSE(unresolved.up);
  EXPECT_EQ(unresolved.reason, "no neighbour 10.9.0.2 on \"analyser\"");
  config.underlays.clear();
  EXPECT_EQ(FirstTarget(MustPlan(config)).reason, "no route to 10.9.0.2");
}

TEST(PlanReport, FollowsTheLinkThatCopiesLeaveBy) {
  const Plan plan = MustPlan(MirrorAll());
  std::vector<std::atomic<bool>> links(3);
  links[0] = links[2] = true;
  EXPECT_FALSE(ReportSessions(plan, links).at(0).active);
  EXPECT_EQ(ReportSessions(plan, links).at(0).reason, "the link of \"analyser\" is down");
  EXPECT_FALSE(ReportTargets(plan, links).at(0).up);
  EXPECT_EQ(ReportTargets(plan, links).at(0).reason, "interface \"analyser\" has no link");
}

}  // namespace
}  // namespace heliostat::agent
