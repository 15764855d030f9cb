#include "config/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace heliostat::config {
namespace {

using testing::HasSubstr;

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }
IpPrefix Net(const char* text) { return *IpPrefix::Parse(text); }
MacAddress Mac(const char* text) { return *MacAddress::Parse(text); }

Card SampleCard() {
  Card card;
  card.interfaces = {
      {.name = "guest0", .kind = InterfaceKind::kVm, .number = 1, .primary_ipv4 = Ip("10.1.0.1")},
      {.name = "guest1", .kind = InterfaceKind::kVm, .number = 2},
      {.name = "nfv0", .kind = InterfaceKind::kNfv, .number = 3, .primary_ipv6 = Ip("fd00:1::3")},
      {.name = "wire1", .kind = InterfaceKind::kEdge, .number = 4},
      {.name = "wire2", .kind = InterfaceKind::kEdge, .number = 5},
  };
  return card;
}

Target Remote(const char* name, Encapsulation encapsulation = Encapsulation::kVxlan) {
  Target target;
  target.metadata.name = name;
  target.encapsulation = encapsulation;
  target.remote = Ip("10.9.0.2");
  return target;
}

// Names: targets edge, erspan, group, plain, rspan, vxlan; filter web; sessions s1 (guest0 -> vxlan), s2 (guest0 ->
// erspan), s3 (wire1 -> edge), s4 (guest1 -> group).
Config Sample() {
  Config config;
  config.interfaces = {{.name = "guest0", .owner = "alice", .tags = {{"env", "prod"}}}};
  config.underlays = {{.interface = "wire1",
                       .addresses = {Net("10.9.0.1/24"), Net("fd00:9::1/64")},
                       .gateways = {Ip("10.9.0.254"), Ip("fe80::1")},
                       .routes = {{Net("10.50.0.0/16"), Ip("10.9.0.253")}},
                       .neighbours = {{Ip("10.9.0.2"), Mac("02:00:00:00:00:02")}},
                       .mtu = 1500,
                       .vlan_id = std::uint16_t{100}}};
  Target edge = Remote("edge", Encapsulation::kErspan2);
  edge.interface = "wire1";
  edge.vlan_id = 200;
  Target group;
  group.metadata.name = "group";
  group.group = true;
  group.members = {"vxlan"};
  Target plain = Remote("plain", Encapsulation::kNone);
  plain.remote = {};
  plain.interface = "nfv0";
  Target rspan = Remote("rspan", Encapsulation::kVlan);
  rspan.remote = {};
  rspan.interface = "wire2";
  rspan.vlan_id = 300;
  config.targets = {edge, Remote("erspan", Encapsulation::kErspan3), group, plain, rspan, Remote("vxlan")};
  Filter filter;
  filter.metadata.name = "web";
  filter.services = {Service::kDns};
  filter.inbound = {{.number = 10, .protocol = std::uint8_t{6}, .destination_ports = PortRange{80, 80}},
                    {.number = 20}};
  filter.outbound = {{.number = 10, .source = Net("10.0.0.0/8")}};
  config.filters = {filter};
  const auto session = [](const char* name, std::uint16_t number, const char* source, const char* target) {
    Session one;
    one.metadata.name = name;
    one.number = number;
    one.sources = {source};
    one.filter = "web";
    one.target = target;
    return one;
  };
  config.sessions = {session("s1", 1, "guest0", "vxlan"), session("s2", 2, "guest0", "erspan"),
                     session("s3", 1, "wire1", "edge"), session("s4", 1, "guest1", "group")};
  return config;
}

struct Row {
  const char* what;
  std::function<void(Config&, Card&)> break_it;
  Code code;
  const char* subject;
  const char* reason;
  const char* fix;
};

void Expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    Config config = Sample();
    Card card = SampleCard();
    row.break_it(config, card);
    const Status status = Validate(config, card);
    EXPECT_EQ(status.code(), row.code) << status.ToString();
    EXPECT_THAT(status.subject(), HasSubstr(row.subject));
    EXPECT_THAT(status.reason(), HasSubstr(row.reason));
    EXPECT_THAT(status.fix(), HasSubstr(row.fix));
  }
}

Rule& In(Config& c) { return c.filters[0].inbound[0]; }
Target& EdgeTarget(Config& c) { return c.targets[0]; }
Target& Erspan(Config& c) { return c.targets[1]; }
Target& Group(Config& c) { return c.targets[2]; }
Target& Plain(Config& c) { return c.targets[3]; }
Target& Rspan(Config& c) { return c.targets[4]; }
Target& Vxlan(Config& c) { return c.targets[5]; }

constexpr Code kBad = Code::kInvalidArgument;

TEST(Validate, TakesSample) {
  const Status status = Validate(Sample(), SampleCard());
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(Validate, RefusesBadMetadata) {
  Expect({
      {"charset", [](Config& c, Card&) { c.filters[0].metadata.name = "a b"; }, kBad, "filter \"a b\" name",
       "not a name", "a-z"},
      {"end", [](Config& c, Card&) { c.filters[0].metadata.name = "web."; }, kBad, "name", "not a name",
       "letter or digit"},
      {"length", [](Config& c, Card&) { c.filters[0].metadata.name = std::string(64, 'a'); }, kBad, "name",
       "not a name", "63"},
      {"empty", [](Config& c, Card&) { c.filters[0].metadata.name.clear(); }, kBad, "filter \"\" name", "none", "63"},
      {"description", [](Config& c, Card&) { c.sessions[0].metadata.description.assign(257, 'a'); }, kBad,
       "session \"s1\" description", "257", "256"},
      {"control", [](Config& c, Card&) { c.sessions[0].metadata.owner = "a\nb"; }, kBad, "owner", "control", "plain"},
      {"tag twice",
       [](Config& c, Card&) {
         c.interfaces[0].tags.push_back({"env", ""});
       },
       Code::kAlreadyExists, "interface \"guest0\" tag \"env\"", "twice", "once"},
      {"tag key", [](Config& c, Card&) { c.interfaces[0].tags[0].key.clear(); }, kBad, "tags", "empty", "key"},
      {"excluded", [](Config& c, Card&) { c.interfaces[0].excluded = "nil"; }, Code::kNotFound,
       "interface \"guest0\" excluded", "filter \"nil\"", "name a filter"},
      {"name twice", [](Config& c, Card&) { c.filters.push_back(c.filters[0]); }, Code::kAlreadyExists,
       "filter \"web\"", "twice", "own name"},
      {"no interface", [](Config& c, Card&) { c.interfaces[0].name = "nil"; }, Code::kNotFound, "interface \"nil\"",
       "no such", "board"},
  });
}

TEST(Validate, RefusesBadUnderlay) {
  Expect({
      {"no interface", [](Config& c, Card&) { c.underlays[0].interface = "nil"; }, Code::kNotFound,
       "underlay \"nil\" interface", "\"nil\"", "edge"},
      {"kind", [](Config& c, Card&) { c.underlays[0].interface = "guest1"; }, kBad, "interface", "not an edge", "edge"},
      {"mtu", [](Config& c, Card&) { c.underlays[0].mtu = 60; }, kBad, "underlay \"wire1\" mtu", "60", "68"},
      {"mtu above", [](Config& c, Card&) { c.underlays[0].mtu = 9000; }, kBad, "mtu", "1500", "at most"},
      {"vlan", [](Config& c, Card&) { c.underlays[0].vlan_id = 4095; }, kBad, "vlan_id", "4095", "1 to 4094"},
      {"address", [](Config& c, Card&) { c.underlays[0].addresses[0] = Net("224.0.0.1/24"); }, kBad, "addresses",
       "224.0.0.1", "unicast"},
      {"length", [](Config& c, Card&) { c.underlays[0].addresses[0].length = 33; }, kBad, "addresses", "33", "32"},
      {"address twice", [](Config& c, Card&) { c.underlays[0].addresses.push_back(Net("10.9.0.1/16")); },
       Code::kAlreadyExists, "addresses", "10.9.0.1", "once"},
      {"gateway off link", [](Config& c, Card&) { c.underlays[0].gateways[0] = Ip("10.8.0.1"); }, kBad, "gateways",
       "not on the link", "within the prefix"},
      {"gateway self", [](Config& c, Card&) { c.underlays[0].gateways[0] = Ip("10.9.0.1"); }, kBad, "gateways",
       "itself", "another"},
      {"two gateways", [](Config& c, Card&) { c.underlays[0].gateways[1] = Ip("10.9.0.253"); }, Code::kAlreadyExists,
       "gateways", "two of one family", "at most one"},
      {"route host bits", [](Config& c, Card&) { c.underlays[0].routes[0].destination = Net("10.50.0.1/16"); }, kBad,
       "routes destination", "host bits", "10.50.0.0/16"},
      {"route gateway", [](Config& c, Card&) { c.underlays[0].routes[0].gateway = Ip("10.8.0.1"); }, kBad,
       "routes 10.50.0.0/16 gateway", "not on the link", "within"},
      {"route family", [](Config& c, Card&) { c.underlays[0].routes[0].gateway = Ip("fe80::1"); }, kBad, "gateway",
       "another family", "one family"},
      {"neighbour", [](Config& c, Card&) { c.underlays[0].neighbours[0].address = Ip("10.8.0.1"); }, kBad,
       "neighbours 10.8.0.1", "not on the link", "within"},
      {"neighbour mac", [](Config& c, Card&) { c.underlays[0].neighbours[0].mac = Mac("01:00:5e:00:00:01"); }, kBad,
       "neighbours 10.9.0.2 mac", "01:00:5e", "unicast"},
  });
}

TEST(Validate, RefusesBadTargetShape) {
  Expect({
      {"nothing", [](Config& c, Card&) { Vxlan(c).remote = {}; }, kBad, "target \"vxlan\" remote", "neither",
       "members"},
      {"multicast", [](Config& c, Card&) { Vxlan(c).remote = Ip("239.0.0.1"); }, kBad, "remote", "239.0.0.1",
       "unicast"},
      {"own address", [](Config& c, Card&) { Vxlan(c).remote = Ip("10.9.0.1"); }, kBad, "remote", "this card",
       "another"},
      {"none with remote", [](Config& c, Card&) { Vxlan(c).encapsulation = Encapsulation::kNone; }, kBad,
       "encapsulation", "none does not go with a remote", "vxlan"},
      {"vlan with remote", [](Config& c, Card&) { EdgeTarget(c).encapsulation = Encapsulation::kVlan; }, kBad,
       "encapsulation", "vlan does not go", "erspan2"},
      {"vxlan at interface", [](Config& c, Card&) { Plain(c).encapsulation = Encapsulation::kVxlan; }, kBad,
       "encapsulation", "an interface alone", "use none"},
      {"none with vlan", [](Config& c, Card&) { Rspan(c).encapsulation = Encapsulation::kNone; }, kBad, "encapsulation",
       "an interface and a VLAN ID", "use vlan"},
      {"edge without vlan", [](Config& c, Card&) { EdgeTarget(c).vlan_id.reset(); }, kBad, "interface",
       "needs a VLAN ID", "VLAN ID"},
      {"vlan without edge", [](Config& c, Card&) { EdgeTarget(c).interface.clear(); }, kBad, "vlan_id",
       "underlay routes", "leave vlan_id out"},
      {"vlan 0", [](Config& c, Card&) { EdgeTarget(c).vlan_id = 0; }, kBad, "vlan_id", "is 0", "1 to 4094"},
      {"none at edge", [](Config& c, Card&) { Plain(c).interface = "wire2"; }, kBad, "interface", "edge interface",
       "VLAN ID"},
      {"vlan at vm", [](Config& c, Card&) { Rspan(c).interface = "nfv0"; }, kBad, "interface", "not an edge",
       "name an edge"},
      {"edge target at vm", [](Config& c, Card&) { EdgeTarget(c).interface = "nfv0"; }, kBad, "interface",
       "not an edge", "name an edge"},
      {"no interface", [](Config& c, Card&) { EdgeTarget(c).interface = "nil"; }, Code::kNotFound, "interface",
       "\"nil\"", "board"},
  });
}

TEST(Validate, RefusesBadTargetOptions) {
  Expect({
      {"dscp", [](Config& c, Card&) { Vxlan(c).dscp = 64; }, kBad, "dscp", "64", "0 to 63"},
      {"ttl", [](Config& c, Card&) { Vxlan(c).ttl = 0; }, kBad, "ttl", "0", "1 to 255"},
      {"dscp of plain", [](Config& c, Card&) { Plain(c).dscp = 1; }, kBad, "target \"plain\" dscp", "no outer IP",
       "leave"},
      {"checksum of GRE", [](Config& c, Card&) { Erspan(c).udp_checksum = true; }, kBad, "udp_checksum", "no UDP",
       "vxlan"},
      {"subheader", [](Config& c, Card&) { Vxlan(c).platform_subheader = true; }, kBad, "platform_subheader", "vxlan",
       "erspan3"},
      {"mtu", [](Config& c, Card&) { Vxlan(c).mtu = 90; }, kBad, "mtu", "90 is too small", "91"},
      {"mtu over IPv6",
       [](Config& c, Card&) {
         Vxlan(c).remote = Ip("fd00:9::2");
         Vxlan(c).mtu = 110;
       },
       kBad, "mtu", "110 is too small", "111"},
      {"egress mtu", [](Config& c, Card&) { c.underlays[0].mtu = 80; }, kBad, "target \"edge\" interface \"wire1\" mtu",
       "80 is too small", "91"},
      {"shared twice",
       [](Config& c, Card&) {
         Vxlan(c).shared_with = {"bob", "bob"};
       },
       Code::kAlreadyExists, "shared_with", "bob", "once"},
      {"shared with nobody", [](Config& c, Card&) { Vxlan(c).shared_with = {""}; }, kBad, "shared_with", "empty",
       "owner"},
  });
}

TEST(Validate, RefusesBadGroup) {
  Expect({
      {"empty", [](Config& c, Card&) { Group(c).members.clear(); }, kBad, "target \"group\" members", "none",
       "at least"},
      {"missing", [](Config& c, Card&) { Group(c).members = {"nil"}; }, Code::kNotFound, "members \"nil\"", "no such",
       "target"},
      {"group in group", [](Config& c, Card&) { Group(c).members = {"group"}; }, kBad, "members \"group\"",
       "group itself", "no groups"},
      {"mixed",
       [](Config& c, Card&) {
         Group(c).members = {"vxlan", "erspan"};
       },
       kBad, "members \"erspan\"", "erspan3, the first member's vxlan", "one encapsulation"},
      {"twice",
       [](Config& c, Card&) {
         Group(c).members = {"vxlan", "vxlan"};
       },
       Code::kAlreadyExists, "members \"vxlan\"", "twice", "once"},
      {"own fields", [](Config& c, Card&) { Group(c).mtu = 1500; }, kBad, "members", "nothing but", "members"},
      {"limit", [](Config&, Card& k) { k.limits.members_per_group = 0; }, Code::kResourceExhausted, "members",
       "`members_per_group` of 0", "raise"},
  });
}

TEST(Validate, RefusesBadRule) {
  Expect({
      {"number 0", [](Config& c, Card&) { In(c).number = 0; }, kBad, "filter \"web\" inbound rule 0 number", "0",
       "65535"},
      {"number twice", [](Config& c, Card&) { In(c).number = 20; }, Code::kAlreadyExists, "inbound rule 20", "twice",
       "own number"},
      {"host bits", [](Config& c, Card&) { c.filters[0].outbound[0].source = Net("10.0.0.1/8"); }, kBad,
       "filter \"web\" outbound rule 10 source", "host bits", "10.0.0.0/8"},
      {"families",
       [](Config& c, Card&) {
         In(c).source = Net("10.0.0.0/8");
         In(c).destination = Net("::/0");
       },
       kBad, "inbound rule 10 destination", "different families", "two rules"},
      {"prefix",
       [](Config& c, Card&) {
         In(c).source = IpPrefix{Ip("10.0.0.0"), 33};
       },
       kBad, "source", "33", "32"},
      {"ports",
       [](Config& c, Card&) {
         In(c).destination_ports = PortRange{81, 80};
       },
       kBad, "inbound rule 10 destination_ports", "above the last", "swap"},
      {"ports of icmp", [](Config& c, Card&) { In(c).protocol = 1; }, kBad, "destination_ports", "protocol icmp",
       "tcp"},
      {"icmp of tcp", [](Config& c, Card&) { In(c).icmp_type = 8; }, kBad, "icmp_type", "not ICMP", "icmp"},
      {"icmp of all", [](Config& c, Card&) { c.filters[0].inbound[1].icmp_code = 0; }, kBad, "rule 20 icmp_code",
       "not ICMP", "icmp"},
      {"icmp over IPv6",
       [](Config& c, Card&) {
         c.filters[0].inbound[1] = {.number = 20, .protocol = std::uint8_t{1}, .source = Net("::/0"), .icmp_type = 8};
       },
       kBad, "icmp_type", "nothing can match", "IP version"},
      {"mac",
       [](Config& c, Card&) {
         In(c).source_mac = MacMatch{Mac("02:00:00:00:00:01"), Mac("ff:00:00:00:00:00")};
       },
       kBad, "source_mac", "outside of the mask", "widen"},
      {"vlan",
       [](Config& c, Card&) {
         In(c).vlan_ids = {{1, 4096}};
       },
       kBad, "vlan_ids", "1-4096", "4095"},
      {"vlan order",
       [](Config& c, Card&) {
         In(c).vlan_ids = {{2, 1}};
       },
       kBad, "vlan_ids", "2-1", "smaller first"},
      {"length", [](Config& c, Card&) { c.filters[0].inbound[1].ether_type = 0x05ff; }, kBad, "ether_type", "0x05ff",
       "0x0600"},
      {"arp with ip", [](Config& c, Card&) { In(c).ether_type = 0x0806; }, kBad, "ether_type", "0x0806 is not IP",
       "leave out"},
      {"other ip", [](Config& c, Card&) { c.filters[0].outbound[0].ether_type = 0x86dd; }, kBad, "ether_type",
       "another IP version", "leave"},
      {"dscp", [](Config& c, Card&) { In(c).dscp = 64; }, kBad, "dscp", "64", "63"},
      {"flags",
       [](Config& c, Card&) {
         In(c).tcp_flags = TcpFlagsMatch{0x12, 0x02};
       },
       kBad, "tcp_flags", "0x12", "mask"},
      {"flags of udp",
       [](Config& c, Card&) {
         In(c).protocol = 17;
         In(c).tcp_flags = TcpFlagsMatch{2, 2};
       },
       kBad, "tcp_flags", "protocol 17", "tcp"},
      {"ports of a later fragment",
       [](Config& c, Card&) {
         In(c).protocol = 6;
         In(c).destination_ports = PortRange{80, 80};
         In(c).fragment = Fragment::kLater;
       },
       kBad, "fragment", "nothing can match", "no or first"},
      {"fragment of what is no IP",
       [](Config& c, Card&) {
         c.filters[0].inbound[1] = Rule{.number = 20, .ether_type = 0x0806, .fragment = Fragment::kAny};
       },
       kBad, "ether_type", "0x0806 is not IP", "leave out"},
      {"services",
       [](Config& c, Card&) {
         c.filters[0].services = {Service::kDns, Service::kDns};
       },
       Code::kAlreadyExists, "filter \"web\" services", "twice", "once"},
      {"description", [](Config& c, Card&) { In(c).description.assign(129, 'x'); }, kBad, "description", "129", "128"},
  });
}

TEST(Validate, RefusesBadSession) {
  Expect({
      {"number 0", [](Config& c, Card&) { c.sessions[0].number = 0; }, kBad, "session \"s1\" number", "0", "32766"},
      {"number", [](Config& c, Card&) { c.sessions[0].number = 32767; }, kBad, "number", "32767", "32766"},
      {"number taken", [](Config& c, Card&) { c.sessions[1].number = 1; }, Code::kAlreadyExists,
       "session \"s2\" number", "session \"s1\" at source \"guest0\"", "different"},
      {"filter", [](Config& c, Card&) { c.sessions[0].filter = "nil"; }, Code::kNotFound, "session \"s1\" filter",
       "filter \"nil\"", "name a filter"},
      {"target", [](Config& c, Card&) { c.sessions[0].target = "nil"; }, Code::kNotFound, "session \"s1\" target",
       "target \"nil\"", "name a target"},
      {"sources", [](Config& c, Card&) { c.sessions[0].sources.clear(); }, kBad, "sources", "none", "at least one"},
      {"source", [](Config& c, Card&) { c.sessions[0].sources = {"nil"}; }, Code::kNotFound,
       "session \"s1\" sources \"nil\"", "no such", "board"},
      {"source twice",
       [](Config& c, Card&) {
         c.sessions[0].sources = {"guest0", "guest0"};
       },
       Code::kAlreadyExists, "sources \"guest0\"", "twice", "once"},
      {"length", [](Config& c, Card&) { c.sessions[0].packet_length = 34; }, kBad, "packet_length", "34", "35"},
      {"tier", [](Config& c, Card&) { c.sessions[0].tier = 4; }, kBad, "session \"s1\" tier", "4", "0 to 3"},
      {"percent", [](Config& c, Card&) { c.sessions[0].sample_hundredths = 10001; }, kBad, "sample_hundredths", "10001",
       "10000"},
      {"no rate", [](Config& c, Card&) { c.sessions[0].rate_limit = RateLimit{}; }, kBad, "rate_limit", "no rate",
       "packets_per_second"},
      {"two rates",
       [](Config& c, Card&) {
         c.sessions[0].rate_limit = RateLimit{1, 1, 0};
       },
       kBad, "rate_limit", "two rates", "or"},
      {"huge rate",
       [](Config& c, Card&) {
         c.sessions[0].rate_limit = RateLimit{0, ~0ULL, 0};
       },
       kBad, "rate_limit bits_per_second", "18446744073709551615", "at most"},
      {"VNI", [](Config& c, Card&) { c.sessions[0].tunnel_id = 0x1000000; }, kBad, "tunnel_id", "16777216", "16777215"},
      {"ERSPAN ID", [](Config& c, Card&) { c.sessions[1].tunnel_id = 1024; }, kBad, "tunnel_id", "1024", "1023"},
      {"ID of vlan",
       [](Config& c, Card&) {
         c.sessions[0].target = "rspan";
         c.sessions[0].tunnel_id = 1;
       },
       kBad, "tunnel_id", "vlan carries no", "leave"},
      {"ERSPAN ID taken",
       [](Config& c, Card&) {
         c.sessions[1].tunnel_id = 7;
         c.sessions[3].target = "erspan";
         c.sessions[3].tunnel_id = 7;
       },
       Code::kAlreadyExists, "session \"s4\" tunnel_id", "7 is that of session \"s2\"", "leave it out"},
      {"ERSPAN ID taken in group",
       [](Config& c, Card&) {
         Group(c).members = {"erspan"};
         c.sessions[1].tunnel_id = 7;
         c.sessions[3].tunnel_id = 7;
       },
       Code::kAlreadyExists, "session \"s4\" tunnel_id", "at target \"erspan\"", "another"},
  });
}

TEST(Validate, KeepsSourcesAndTargetsApart) {
  Expect({
      {"source is target", [](Config& c, Card&) { c.sessions[0].sources = {"nfv0"}; }, Code::kFailedPrecondition,
       "session \"s1\" sources \"nfv0\"", "target \"plain\"", "another"},
      {"edge to interface", [](Config& c, Card&) { c.sessions[2].target = "plain"; }, Code::kFailedPrecondition,
       "session \"s3\" sources \"wire1\"", "local", "beyond an edge"},
      {"edge to local remote",
       [](Config& c, Card&) {
         Vxlan(c).remote = Ip("fd00:1::3");
         c.sessions[2].target = "vxlan";
       },
       Code::kFailedPrecondition, "sources \"wire1\"", "local", "beyond an edge"},
      {"source has the target's address", [](Config& c, Card&) { Vxlan(c).remote = Ip("10.1.0.1"); },
       Code::kFailedPrecondition, "session \"s1\" sources \"guest0\"", "target \"vxlan\"", "another"},
      {"edge to group with local member",
       [](Config& c, Card&) {
         Vxlan(c).remote = Ip("fd00:1::3");
         c.sessions[2].target = "group";
       },
       Code::kFailedPrecondition, "sources \"wire1\"", "local", "beyond an edge"},
  });
}

TEST(Validate, LetsGuestUseLocalTarget) {
  Config config = Sample();
  Vxlan(config).remote = Ip("fd00:1::3");
  config.sessions[0].target = "plain";
  const Status status = Validate(config, SampleCard());
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(Validate, LetsATargetThatNamesItsEdgeHaveAnyAddress) {
  Config config = Sample();
  Target& edge = *std::find_if(config.targets.begin(), config.targets.end(),
                               [](const Target& t) { return t.metadata.name == "edge"; });
  edge.remote = Ip("10.1.0.1");  // guest0's, but copies leave by wire1
  const Status status = Validate(config, SampleCard());
  EXPECT_TRUE(status.ok()) << status.ToString();
}

// Rights are checked when somebody changes something (config/use.h): a configuration stays valid when a right is taken
// back.
TEST(Validate, AsksNoOwner) {
  Config config = Sample();
  for (Session& session : config.sessions) session.metadata.owner = "bob";
  Group(config).metadata.owner = "bob";
  Vxlan(config).metadata.owner = "alice";
  const Status status = Validate(config, SampleCard());
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(Validate, NamesLimitAndValue) {
  const Code over = Code::kResourceExhausted;
  Expect({
      {"sessions", [](Config&, Card& k) { k.limits.sessions = 3; }, over, "sessions",
       "4, above the limit `sessions` of 3", "raise"},
      {"targets", [](Config&, Card& k) { k.limits.targets = 5; }, over, "targets", "`targets` of 5", "raise"},
      {"filters", [](Config&, Card& k) { k.limits.filters = 0; }, over, "filters", "`filters` of 0", "raise"},
      {"list", [](Config&, Card& k) { k.limits.rules_per_list = 1; }, over, "filter \"web\" inbound rules",
       "`rules_per_list` of 1", "raise"},
      {"rules", [](Config&, Card& k) { k.limits.rules = 2; }, over, "rules", "3, above the limit `rules` of 2",
       "raise"},
      {"per source", [](Config&, Card& k) { k.limits.sessions_per_source = 1; }, over,
       "session \"s2\" sources \"guest0\"", "`sessions_per_source` of 1", "raise"},
      {"per session",
       [](Config& c, Card& k) {
         k.limits.sources_per_session = 1;
         c.sessions[3].sources.push_back("wire2");
       },
       over, "session \"s4\" sources", "`sources_per_session` of 1", "raise"},
      {"pairs", [](Config&, Card& k) { k.limits.session_sources = 3; }, over, "pairs", "`session_sources` of 3",
       "raise"},
      {"interfaces", [](Config&, Card& k) { k.limits.interfaces = 4; }, over, "interfaces", "`interfaces` of 4",
       "raise"},
  });
}

TEST(Validate, ChecksNoInterfaceWithoutACard) {
  Config config = Sample();
  config.sessions[0].sources = {"elsewhere"};
  config.underlays[0].interface = "elsewhere";
  Card card;
  card.interfaces_known = false;
  const Status status = Validate(config, card);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(Validate, TakesTheLargestConfiguration) {
  Config config;
  Card card;
  const auto name = [](const char* prefix, std::size_t i) {
    const std::string digits = std::to_string(i);
    return prefix + std::string(5 - digits.size(), '0') + digits;
  };
  for (std::uint32_t i = 0; i < 1024; ++i) {
    card.interfaces.push_back({.name = name("if", i), .kind = InterfaceKind::kVm, .number = i + 1});
  }
  config.filters.resize(1);
  config.filters[0].metadata.name = "all";
  for (std::uint16_t i = 1; i <= 10'000; ++i) config.filters[0].inbound.push_back({.number = i});
  for (std::size_t i = 0; i < 10'000; ++i) config.targets.push_back(Remote(name("t", i).c_str()));
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < 10'000; ++i) {
    Session session;
    session.metadata.name = name("s", i);
    session.number = static_cast<std::uint16_t>(i + 1);
    session.filter = "all";
    session.target = name("t", i);
    // 16 sessions a source is the limit: 1,024 interfaces of 16 sessions are 16,384 pairs.
    for (std::size_t k = 0; k < (i < 6384 ? 2U : 1U); ++k) session.sources.push_back(name("if", pairs++ % 1024));
    config.sessions.push_back(session);
  }
  ASSERT_EQ(pairs, 16'384U);
  EXPECT_TRUE(Validate(config, card).ok()) << Validate(config, card).ToString();
}

}  // namespace
}  // namespace heliostat::config
