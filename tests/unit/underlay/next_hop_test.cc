#include "underlay/next_hop.h"

#include <gtest/gtest.h>

#include "support/frame_builder.h"

namespace heliostat::underlay {
namespace {

using support::Ip;
using support::Mac;

struct Fixture {
  std::vector<config::Interface> interfaces;
  config::Config config;
  config::Target target;

  Fixture() {
    config::Interface guest;
    guest.name = "guest";
    guest.mac = Mac("02:00:00:00:00:10");
    guest.primary_ipv4 = Ip("192.168.0.10");
    guest.mtu = 1400;
    config::Interface east;
    east.name = "east";
    east.kind = config::InterfaceKind::kEdge;
    config::Interface west = east;
    west.name = "west";
    interfaces = {guest, east, west};

    config::Underlay to_east;
    to_east.interface = "east";
    to_east.addresses = {*IpPrefix::Parse("10.1.0.1/24"), *IpPrefix::Parse("10.2.0.1/24"),
                         *IpPrefix::Parse("fd00::1/64")};
    to_east.gateways = {Ip("10.1.0.254")};
    to_east.routes = {{*IpPrefix::Parse("172.16.0.0/12"), Ip("10.1.0.253")}};
    to_east.neighbours = {{Ip("10.1.0.2"), Mac("02:00:00:00:01:02")},
                          {Ip("10.2.0.2"), Mac("02:00:00:00:02:02")},
                          {Ip("fd00::2"), Mac("02:00:00:00:06:02")},
                          {Ip("10.1.0.253"), Mac("02:00:00:00:01:fd")},
                          {Ip("10.1.0.254"), Mac("02:00:00:00:01:fe")}};
    config::Underlay to_west;
    to_west.interface = "west";
    to_west.addresses = {*IpPrefix::Parse("10.3.0.1/24")};
    to_west.routes = {{*IpPrefix::Parse("172.20.0.0/16"), Ip("10.3.0.254")}};
    to_west.neighbours = {{Ip("10.3.0.254"), Mac("02:00:00:00:03:fe")}};
    to_west.mtu = 9000;
    to_west.vlan_id = 30;
    config.underlays = {to_east, to_west};
  }
  NextHop To(const std::string& remote) {
    target.remote = Ip(remote);
    return Resolver(config, interfaces).Resolve(target);
  }
};

TEST(NextHop, OfARemoteOnLinkIsTheRemote) {
  const NextHop hop = Fixture().To("10.1.0.2");
  EXPECT_TRUE(hop.resolved);
  EXPECT_EQ(hop.interface, 1U);
  EXPECT_EQ(hop.destination_mac, Mac("02:00:00:00:01:02"));
}

TEST(NextHop, SendsFromTheTunnelAddressOfTheRemotesLink) {
  EXPECT_EQ(Fixture().To("10.2.0.2").tunnel_source, Ip("10.2.0.1"));
  EXPECT_EQ(Fixture().To("fd00::2").tunnel_source, Ip("fd00::1"));
}

TEST(NextHop, PrefersTheLongestPrefixOfAllUnderlays) {
  EXPECT_EQ(Fixture().To("172.16.0.1").destination_mac, Mac("02:00:00:00:01:fd"));
  EXPECT_EQ(Fixture().To("172.20.0.1").destination_mac, Mac("02:00:00:00:03:fe"));
  EXPECT_EQ(Fixture().To("8.8.8.8").destination_mac, Mac("02:00:00:00:01:fe"));
}

TEST(NextHop, PrefersOnLinkToARouteToAGatewayAtEqualLengthInWhicheverUnderlay) {
  Fixture f;
  f.config.underlays[0].routes.push_back({*IpPrefix::Parse("10.3.0.0/24"), Ip("10.1.0.253")});
  EXPECT_EQ(f.To("10.3.0.254").destination_mac, Mac("02:00:00:00:03:fe")) << "on the link of the second";
  f.config.underlays[1].routes.push_back({*IpPrefix::Parse("0.0.0.0/0"), Ip("10.3.0.254")});
  EXPECT_EQ(f.To("8.8.8.8").destination_mac, Mac("02:00:00:00:03:fe")) << "the second's route, the first's gateway";
  f.config.underlays[0].routes.push_back({*IpPrefix::Parse("0.0.0.0/0"), Ip("10.1.0.253")});
  EXPECT_EQ(f.To("8.8.8.8").destination_mac, Mac("02:00:00:00:01:fd")) << "the same in both: the first's";
}

TEST(NextHop, IsMissingWithoutRoute) {
  const NextHop hop = Fixture().To("2001:db8::1");
  EXPECT_FALSE(hop.routed);
  EXPECT_EQ(hop.reason, "no route to 2001:db8::1");
}

TEST(NextHop, IsUnresolvedWithoutNeighbourButRouted) {
  const NextHop hop = Fixture().To("10.1.0.77");
  EXPECT_TRUE(hop.routed);
  EXPECT_FALSE(hop.resolved);
  EXPECT_EQ(hop.reason, "no neighbour 10.1.0.77 on \"east\"");
}

TEST(NextHop, OfATargetWithAnInterfaceUsesThatOneAlone) {
  Fixture f;
  f.target.interface = "west";
  f.target.vlan_id = 200;
  EXPECT_EQ(f.To("172.16.0.1").reason, "no route to 172.16.0.1");
  const NextHop hop = f.To("172.20.0.9");
  EXPECT_EQ(hop.interface, 2U);
  EXPECT_EQ(hop.vlan_id, 200) << "the target's tag, not the underlay's";
}

TEST(NextHop, TagsAsTheUnderlaySays) { EXPECT_EQ(Fixture().To("172.20.0.9").vlan_id, 30); }

TEST(NextHop, HasTheLeastMtu) {
  Fixture f;
  EXPECT_EQ(f.To("172.20.0.9").mtu, 1500);
  f.interfaces[2].mtu = 9600;
  EXPECT_EQ(f.To("172.20.0.9").mtu, 9000);
  f.target.mtu = 1300;
  EXPECT_EQ(f.To("172.20.0.9").mtu, 1300);
}

TEST(NextHop, OfALocalGuestIsItsPort) {
  const NextHop hop = Fixture().To("192.168.0.10");
  EXPECT_TRUE(hop.resolved);
  EXPECT_EQ(hop.interface, 0U);
  EXPECT_EQ(hop.destination_mac, Mac("02:00:00:00:00:10"));
  EXPECT_EQ(hop.tunnel_source, Ip("10.1.0.1"));
  EXPECT_EQ(hop.mtu, 1400);
}

}  // namespace
}  // namespace heliostat::underlay
