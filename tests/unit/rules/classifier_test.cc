#include "rules/classifier.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>
#include <vector>

#include "rules/compile.h"

namespace heliostat::rules {
namespace {

using config::Action;
using config::Direction;
using config::Filter;
using config::Rule;
using config::Service;
using packet::FlowKey;

FlowKey Ipv4Key(std::uint8_t protocol, std::string_view source, std::string_view destination) {
  FlowKey key;
  key.flags = FlowKey::kIpv4 | FlowKey::kEtherType;
  key.ether_type = 0x0800;
  key.protocol = protocol;
  key.source_ip = IpAddress::Parse(source)->bytes;
  key.destination_ip = IpAddress::Parse(destination)->bytes;
  return key;
}

FlowKey Ipv6Key(std::uint8_t protocol, std::string_view source, std::string_view destination) {
  FlowKey key = Ipv4Key(protocol, source, destination);
  key.flags = FlowKey::kIpv6 | FlowKey::kEtherType;
  key.ether_type = 0x86dd;
  return key;
}

FlowKey WithPorts(FlowKey key, std::uint16_t source, std::uint16_t destination) {
  key.flags = static_cast<std::uint16_t>(key.flags | FlowKey::kSourcePort | FlowKey::kDestinationPort);
  key.source_port = source;
  key.destination_port = destination;
  return key;
}

FlowKey Tcp(std::uint16_t source_port, std::uint16_t destination_port) {
  return WithPorts(Ipv4Key(6, "10.0.0.1", "10.0.0.2"), source_port, destination_port);
}

Rule Numbered(std::uint16_t number, Action action) {
  Rule rule;
  rule.number = number;
  rule.action = action;
  return rule;
}

Verdict Judge(std::initializer_list<const Filter*> filters, const FlowKey& key,
              Direction direction = Direction::kInbound) {
  const std::vector<const Filter*> tuple(filters);
  Verdict verdict{Outcome::kReject, 99, 99};
  CompilePolicy(tuple, direction)->Classify({&key, 1}, {&verdict, 1});
  return verdict;
}

TEST(Classifier, RejectsSshAndAcceptsAllOtherTcp) {
  Filter filter;
  filter.inbound = {Numbered(10, Action::kReject), Numbered(20, Action::kAccept)};
  filter.inbound[0].protocol = filter.inbound[1].protocol = 6;
  filter.inbound[0].destination_ports = config::PortRange{22, 22};
  EXPECT_EQ(Judge({&filter}, Tcp(1024, 22)), (Verdict{Outcome::kReject, 0, 0}));
  EXPECT_EQ(Judge({&filter}, Tcp(22, 1024)), (Verdict{Outcome::kAccept, 0, 1}));
  EXPECT_EQ(Judge({&filter}, Ipv4Key(6, "1.1.1.1", "2.2.2.2")), (Verdict{Outcome::kAccept, 0, 1})) << "no ports";
  EXPECT_EQ(Judge({&filter}, Ipv4Key(17, "1.1.1.1", "2.2.2.2")), Verdict{});
  EXPECT_EQ(Judge({&filter}, Tcp(1024, 22), Direction::kOutbound), Verdict{}) << "no rules for the direction";
}

TEST(Classifier, OffersARejectOfOneSessionToNoOther) {
  Filter rejects;
  rejects.inbound = {Numbered(10, Action::kReject)};
  rejects.inbound[0].protocol = 6;
  Filter accepts;
  accepts.inbound = {Numbered(5, Action::kAccept)};
  EXPECT_EQ(Judge({&rejects, &accepts}, Tcp(1, 2)), (Verdict{Outcome::kReject, 0, 0}));
  EXPECT_EQ(Judge({&rejects, &accepts}, FlowKey{}), (Verdict{Outcome::kAccept, 1, 0}));
}

TEST(Classifier, PassesOverAFilterWithNothingForTheDirection) {
  Filter empty;
  empty.outbound = {Numbered(1, Action::kReject)};
  Filter accepts;
  accepts.inbound = {Numbered(5, Action::kAccept)};
  EXPECT_EQ(Judge({&empty, &accepts}, Tcp(1, 2)), (Verdict{Outcome::kAccept, 1, 0}));
  EXPECT_EQ(Judge({&empty}, Tcp(1, 2)), Verdict{});
}

TEST(Classifier, TriesServicesBeforeRulesInBothDirections) {
  Filter filter;
  filter.services = {Service::kDns, Service::kNtp};
  filter.inbound = filter.outbound = {Numbered(1, Action::kReject)};
  for (const Direction direction : {Direction::kInbound, Direction::kOutbound}) {
    EXPECT_EQ(Judge({&filter}, Tcp(1024, 53), direction), (Verdict{Outcome::kAccept, 0, 0}));
    EXPECT_EQ(Judge({&filter}, WithPorts(Ipv4Key(17, "1.1.1.1", "2.2.2.2"), 123, 9), direction),
              (Verdict{Outcome::kAccept, 0, 1}));
    EXPECT_EQ(Judge({&filter}, Tcp(123, 123), direction), (Verdict{Outcome::kReject, 0, 2}));
  }
}

TEST(Classifier, NamesTheOriginOfEachRule) {
  Filter first;
  first.services = {Service::kArp};
  first.inbound = {Numbered(7, Action::kAccept)};
  Filter second;
  second.inbound = {Numbered(3, Action::kReject)};
  const std::vector<const Filter*> tuple{&first, &second};
  const auto policy = CompilePolicy(tuple, Direction::kInbound);
  EXPECT_EQ(policy->OriginOf({Outcome::kAccept, 0, 0}), (RuleOrigin{0, Service::kArp}));
  EXPECT_EQ(policy->OriginOf({Outcome::kAccept, 0, 1}), (RuleOrigin{7, {}}));
  EXPECT_EQ(policy->OriginOf({Outcome::kReject, 1, 0}), (RuleOrigin{3, {}}));
}

TEST(Classifier, JudgesNoRunt) {
  Filter filter;
  filter.inbound = {Numbered(1, Action::kAccept)};
  FlowKey runt;
  runt.flags = FlowKey::kRunt;
  EXPECT_EQ(Judge({&filter}, runt), Verdict{});
  EXPECT_EQ(Judge({&filter}, FlowKey{}), (Verdict{Outcome::kAccept, 0, 0})) << "nothing given: every frame";
}

TEST(Classifier, MatchesAllOfOneFamilyOnlyWithAnEmptyPrefix) {
  Filter filter;
  filter.inbound = {Numbered(1, Action::kAccept), Numbered(2, Action::kReject)};
  filter.inbound[0].source = IpPrefix::Parse("0.0.0.0/0");
  filter.inbound[1].destination = IpPrefix::Parse("::/0");
  EXPECT_EQ(Judge({&filter}, Ipv4Key(6, "255.0.0.1", "10.0.0.1")), (Verdict{Outcome::kAccept, 0, 0}));
  EXPECT_EQ(Judge({&filter}, Ipv6Key(6, "ff::1", "::")), (Verdict{Outcome::kReject, 0, 1}));
  EXPECT_EQ(Judge({&filter}, FlowKey{}), Verdict{});
}

TEST(Classifier, MatchesProtocolZeroAndDscpZeroOnlyOfIp) {
  Filter filter;
  filter.inbound = {Numbered(1, Action::kAccept), Numbered(2, Action::kReject)};
  filter.inbound[0].protocol = 0;
  filter.inbound[1].dscp = 0;
  EXPECT_EQ(Judge({&filter}, Ipv6Key(0, "::1", "::2")), (Verdict{Outcome::kAccept, 0, 0}));
  EXPECT_EQ(Judge({&filter}, Ipv4Key(6, "1.1.1.1", "2.2.2.2")), (Verdict{Outcome::kReject, 0, 1}));
  EXPECT_EQ(Judge({&filter}, FlowKey{}), Verdict{}) << "not IP";
}

TEST(Classifier, NeedsThePortEvenForAllPorts) {
  Filter filter;
  filter.inbound = {Numbered(1, Action::kAccept)};
  filter.inbound[0].source_ports = config::PortRange{0, 65535};
  EXPECT_EQ(Judge({&filter}, Tcp(0, 1)).outcome, Outcome::kAccept);
  FlowKey fragment = Ipv4Key(6, "10.0.0.1", "10.0.0.2");
  fragment.flags = static_cast<std::uint16_t>(fragment.flags | FlowKey::kFragment);
  EXPECT_EQ(Judge({&filter}, fragment).outcome, Outcome::kNone);
}

TEST(Classifier, MatchesUntaggedAndListedVlans) {
  Filter filter;
  filter.inbound = {Numbered(1, Action::kAccept)};
  filter.inbound[0].vlan_ids = {{100, 100}, {200, 300}, {301, 310}};
  FlowKey key;
  key.flags = FlowKey::kTagged;
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{100, 200, 300, 301, 310}) {
    key.vlan_id = id;
    EXPECT_EQ(Judge({&filter}, key).outcome, Outcome::kAccept) << id;
  }
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{0, 99, 101, 199, 311, 4095}) {
    key.vlan_id = id;
    EXPECT_EQ(Judge({&filter}, key).outcome, Outcome::kNone) << id;
  }
  EXPECT_EQ(Judge({&filter}, FlowKey{}).outcome, Outcome::kNone) << "untagged is not listed";
  filter.inbound[0].untagged = true;
  EXPECT_EQ(Judge({&filter}, FlowKey{}).outcome, Outcome::kAccept);
  filter.inbound[0].vlan_ids.clear();
  EXPECT_EQ(Judge({&filter}, FlowKey{}).outcome, Outcome::kAccept);
  key.vlan_id = 0;
  EXPECT_EQ(Judge({&filter}, key).outcome, Outcome::kNone) << "only untagged";
}

struct ServiceCase {
  const char* name;
  Service service;
  FlowKey key;
  bool accepted;
};

FlowKey Icmpv6(std::uint8_t type) {
  FlowKey key = Ipv6Key(58, "fe80::1", "ff02::1");
  key.flags = static_cast<std::uint16_t>(key.flags | FlowKey::kIcmpType);
  key.icmp_type = type;
  return key;
}

FlowKey EtherTypeKey(std::uint16_t type) {
  FlowKey key;
  key.flags = FlowKey::kEtherType;
  key.ether_type = type;
  return key;
}

TEST(Classifier, KnowsTheNetworkServices) {
  const FlowKey udp = Ipv4Key(17, "1.1.1.1", "2.2.2.2");
  const FlowKey udp6 = Ipv6Key(17, "fe80::1", "ff02::1:2");
  const FlowKey sctp = Ipv4Key(132, "1.1.1.1", "2.2.2.2");
  const FlowKey to_kms = Ipv4Key(6, "10.0.0.1", "169.254.169.250");
  const FlowKey from_kms = Ipv4Key(6, "169.254.169.251", "10.0.0.1");
  const ServiceCase cases[] = {
      {"dns query", Service::kDns, WithPorts(udp, 5000, 53), true},
      {"dns answer", Service::kDns, WithPorts(udp6, 53, 5000), true},
      {"dns over tcp", Service::kDns, Tcp(5000, 53), true},
      {"sctp 53", Service::kDns, WithPorts(sctp, 53, 53), false},
      {"mdns", Service::kDns, WithPorts(udp, 5353, 5353), false},
      {"dhcp", Service::kDhcp, WithPorts(udp, 68, 67), true},
      {"dhcp relay", Service::kDhcp, WithPorts(udp, 1, 67), true},
      {"dhcpv6", Service::kDhcp, WithPorts(udp6, 546, 547), true},
      {"tftp", Service::kDhcp, WithPorts(udp, 66, 69), false},
      {"tcp 67", Service::kDhcp, Tcp(67, 68), false},
      {"ntp", Service::kNtp, WithPorts(udp, 123, 5000), true},
      {"tcp 123", Service::kNtp, Tcp(123, 123), false},
      {"arp", Service::kArp, EtherTypeKey(0x0806), true},
      {"rarp", Service::kArp, EtherTypeKey(0x8035), false},
      {"router solicitation", Service::kArp, Icmpv6(133), true},
      {"redirect", Service::kArp, Icmpv6(137), true},
      {"mld", Service::kArp, Icmpv6(132), false},
      {"renumbering", Service::kArp, Icmpv6(138), false},
      {"to metadata", Service::kMetadata, Ipv4Key(6, "10.0.0.1", "169.254.169.254"), true},
      {"from metadata", Service::kMetadata, Ipv4Key(1, "169.254.169.254", "10.0.0.1"), true},
      {"metadata over ipv6", Service::kMetadata, Ipv6Key(6, "fd00::1", "fd00:ec2::254"), true},
      {"near metadata", Service::kMetadata, Ipv4Key(6, "10.0.0.1", "169.254.169.253"), false},
      {"to activation", Service::kActivation, WithPorts(to_kms, 5000, 1688), true},
      {"from activation", Service::kActivation, WithPorts(from_kms, 1688, 5000), true},
      {"activation, wrong side", Service::kActivation, WithPorts(to_kms, 1688, 5000), false},
      {"activation, fragment", Service::kActivation, to_kms, false},
  };
  for (const ServiceCase& c : cases) {
    Filter filter;
    filter.services = {c.service};
    EXPECT_EQ(Judge({&filter}, c.key).outcome, c.accepted ? Outcome::kAccept : Outcome::kNone) << c.name;
  }
}

}  // namespace
}  // namespace heliostat::rules
