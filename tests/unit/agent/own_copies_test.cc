#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "agent/plan.h"
#include "plan_interfaces.h"
#include "support/mirror_config.h"

namespace heliostat::agent {
namespace {

using support::MirrorAll;

OwnCopies Find(const config::Config& config) {
  const Result<Plan> plan = MakePlan(support::Shared(config), Interfaces());
  EXPECT_TRUE(plan.ok());
  return FindOwnCopies(*plan);
}

config::Target VlanTarget(const std::string& interface, std::uint16_t vlan_id) {
  config::Target target;
  target.metadata.name = "vlan";
  target.encapsulation = config::Encapsulation::kVlan;
  target.interface = interface;
  target.vlan_id = vlan_id;
  return target;
}

TEST(OwnCopies, AreThoseOfEnabledSessions) {
  config::Config config = MirrorAll();
  OwnCopies own = Find(config);
  ASSERT_EQ(own.copies.size(), 1U);
  EXPECT_EQ(own.copies[0].source, IpAddress::Parse("10.9.0.1"));
  EXPECT_EQ(own.copies[0].destination, IpAddress::Parse("10.9.0.2"));
  EXPECT_EQ(own.copies[0].tunnel_id, 7U);
  EXPECT_TRUE(own.vlans.empty());

  config.sessions[0].enabled = false;
  own = Find(config);
  EXPECT_TRUE(own.copies.empty());
}

TEST(OwnCopies, GuardATargetsVlanWhetherASessionUsesItOrNot) {
  config::Config config = MirrorAll();
  config.targets.push_back(VlanTarget("analyser", 200));
  const OwnCopies own = Find(config);
  ASSERT_EQ(own.vlans.size(), 1U);
  EXPECT_EQ(own.vlans[0].interface, 1U);
  EXPECT_EQ(own.vlans[0].vlan_id, 200);
}

TEST(OwnCopies, GuardNoVlanOfAnInterfaceThatIsGone) {
  config::Config config = MirrorAll();
  config.targets.push_back(VlanTarget("unplugged", 200));
  EXPECT_TRUE(Find(config).vlans.empty());
}

}  // namespace
}  // namespace heliostat::agent
