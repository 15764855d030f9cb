#include "agent/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/failing_memory.h"
#include "support/frame_builder.h"
#include "support/mirror_config.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using config::Encapsulation;

std::vector<config::Interface> Interfaces() {
  config::Interface guest;
  guest.name = "guest";
  guest.number = 1;
  config::Interface analyser = guest;
  analyser.name = "analyser";
  analyser.number = 2;
  analyser.kind = config::InterfaceKind::kEdge;
  config::Interface recorder = guest;
  recorder.name = "recorder";
  recorder.number = 3;
  return {guest, analyser, recorder};
}

Result<Built> BuildOn(const config::Config& config, const std::vector<config::Interface>& interfaces) {
  return Build(BuildInput{.config = std::make_shared<const config::Config>(config), .interfaces = interfaces},
               Registry{});
}

const datapath::Member& FirstMember(const Built& built) {
  return built.tables->ports[0].directions[0].plans.at(0).members.at(0);
}

TEST(Build, LetsATunnelCopyFillTheMtu) {
  const auto built = BuildOn(support::MirrorAll(), Interfaces());
  ASSERT_TRUE(built.ok()) << built.status().ToString();
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 1500U - 36U);
  EXPECT_EQ(FirstMember(*built).tagged_extra_bytes, 0);
}

TEST(Build, KeepsATunnelCopyWithinWhatThePortCarries) {
  auto interfaces = Interfaces();
  interfaces[1].mtu = 65'535;
  interfaces[1].max_send_bytes = 65'535;
  const auto built = BuildOn(support::MirrorAll(), interfaces);
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 65'535U - 50U);
}

TEST(Build, GivesAPlainCopyTheLinkHeaderAndItsOwnTag) {
  config::Config config = support::MirrorAll();
  config.targets[0] = {};
  config.targets[0].metadata.name = "to";
  config.targets[0].encapsulation = Encapsulation::kNone;
  config.targets[0].interface = "recorder";
  config.sessions[0].tunnel_id.reset();
  const auto built = BuildOn(config, Interfaces());
  ASSERT_TRUE(built.ok()) << built.status().ToString();
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 1514U);
  EXPECT_EQ(FirstMember(*built).tagged_extra_bytes, 4);
}

TEST(Build, LeavesAVlanCopyRoomForItsTag) {
  config::Config config = support::MirrorAll();
  config.targets[0] = {};
  config.targets[0].metadata.name = "to";
  config.targets[0].encapsulation = Encapsulation::kVlan;
  config.targets[0].interface = "analyser";
  config.targets[0].vlan_id = 200;
  config.sessions[0].tunnel_id.reset();
  auto interfaces = Interfaces();
  interfaces[1].max_send_bytes = 1514;
  interfaces[1].send_tag_bytes = 4;
  const auto built = BuildOn(config, interfaces);
  ASSERT_TRUE(built.ok()) << built.status().ToString();
  EXPECT_EQ(FirstMember(*built).max_inner_bytes, 1514U) << "1,518 on the wire, tag included";
  EXPECT_EQ(FirstMember(*built).tagged_extra_bytes, 0);
}

TEST(Build, ReportsAGroupWithOneDeadMemberAsActiveAndSaysWhich) {
  config::Config config = support::MirrorToGroup();
  config.underlays[0].neighbours.resize(1);
  const auto built = BuildOn(config, Interfaces());
  ASSERT_TRUE(built.ok());
  EXPECT_TRUE(built->sessions[0].active);
  EXPECT_EQ(built->sessions[0].reason, "target \"m3\": no neighbour 10.9.0.3 on \"analyser\"");
}

TEST(Build, RefusesMoreTemplatesThanMemoryIsMeantForBeforeItMakesAny) {
  config::Config config = support::MirrorToGroup();
  config.targets[0].members.assign(200'000, "m2");  // past validation, which bounds a group
  const auto interfaces = Interfaces();
  const BuildInput input{.config = support::Shared(config), .interfaces = interfaces};
  const Registry nothing;
  const support::FailingMemory memory(0);
  const auto built = Build(input, nothing);
  EXPECT_LT(memory.allocations(), 100U);
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.status().code(), Code::kResourceExhausted);
  EXPECT_THAT(built.status().ToString(), testing::HasSubstr("262144"));
}

TEST(Build, CountsNoTemplatesOfADisabledSession) {
  config::Config config = support::MirrorToGroup();
  config.targets[0].members.assign(200'000, "m2");
  config.sessions[0].enabled = false;
  EXPECT_TRUE(BuildOn(config, Interfaces()).ok());
}

}  // namespace
}  // namespace heliostat::agent
