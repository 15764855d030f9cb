#include "helioctl/yaml/mirror_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;

std::vector<std::string> Errors(const std::string& yaml) {
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("m.yaml", yaml, resources, problems);
  Arrange(resources, problems);
  std::vector<std::string> errors;
  for (const Problem& problem : problems) errors.push_back(problem.ToString());
  return errors;
}

std::vector<v1::Unit> Units(const std::string& yaml) {
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("m.yaml", yaml, resources, problems);
  Arrange(resources, problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.ToString();
  std::vector<v1::Unit> units;
  for (const Resource& resource : resources) units.insert(units.end(), resource.units.begin(), resource.units.end());
  return units;
}

std::string Document(const std::string& kind, const std::string& spec) {
  return "apiVersion: heliostat/v1\nkind: " + kind + "\nmetadata: {name: x}\nspec: " + spec + "\n";
}

std::string RuleDocument(const std::string& fields) {
  return Document("Filter", "{inbound: [{number: 10, action: accept, " + fields + "}]}");
}

std::string SessionDocument(const std::string& fields) {
  return Document("Session", "{number: 1, filter: f, target: t, sources: [guest0], " + fields + "}");
}

std::string TargetDocument(const std::string& fields) { return Document("Target", "{" + fields + "}"); }

struct BadYaml {
  std::string name;
  std::string yaml;
  std::string error;  // `line:`, then a part of the error; no line: 4
};

void PrintTo(const BadYaml& row, std::ostream* out) { *out << row.name; }

class MirrorYaml : public testing::TestWithParam<BadYaml> {};

TEST_P(MirrorYaml, NamesPlaceFieldReasonAndFix) {
  const std::vector<std::string> errors = Errors(GetParam().yaml);
  ASSERT_FALSE(errors.empty()) << GetParam().yaml;
  EXPECT_EQ(errors.size(), 1U) << errors[1];
  const std::string& error = GetParam().error;
  EXPECT_THAT(errors[0], HasSubstr("m.yaml:" + error.substr(0, error.find(':') + 1)));
  EXPECT_THAT(errors[0], HasSubstr(error.substr(error.find(':') + 1)));
}

const std::vector<BadYaml> kDocuments{
    {"Syntax", "a: [b", "1:1: YAML: end of sequence flow not found; mend"},
    {"Tab", "spec:\n\tremote: 1\n", "2:1: YAML: a tab indents this line; use spaces"},
    {"TabBehindSpaces", "metadata:\n  name: x\n  \ttags: {}\n", "3:3: YAML: a tab indents this line; use spaces"},
    // yaml-cpp alone would find one empty document after another, for ever.
    {"TokenThatBeginsNoDocument", ",+", "1:1: YAML: nothing can begin with this; mend"},
    {"TokenThatBeginsNoLaterDocument", "---\n---\n,", "3:1: YAML: nothing can begin with this; mend"},
    {"NotMapping", "- a\n", "1:1: document 1: is not a mapping; give fields: apiVersion"},
    {"NoApiVersion", "kind: Filter\nmetadata: {name: x}\nspec: {}\n", "1:1: document 1: apiVersion is missing; write"},
    {"OtherApiVersion", "apiVersion: heliostat/v2\nkind: Filter\nmetadata: {name: x}\nspec: {}\n",
     "1:13: document 1 apiVersion: \"heliostat/v2\" is not known here; did you mean heliostat/v1?"},
    {"NoKind", "apiVersion: heliostat/v1\nmetadata: {name: x}\n", "1:1: document 1: kind is missing; give Interface, "},
    {"MisspelledKind", "apiVersion: heliostat/v1\nkind: Sesion\n",
     "2:7: document 1 kind: \"Sesion\" is not known here; did you mean Session?"},
    {"NoSpec", "apiVersion: heliostat/v1\nkind: Filter\nmetadata: {name: x}\n", "1:1: document 1: spec is missing"},
    {"TwoDocumentsRunTogether",
     "apiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: x}\napiVersion: heliostat/v1\n",
     "4:1: document 1 apiVersion: is given twice, first on line 1; separate resources by a line with ---"},
    {"NoName", "apiVersion: heliostat/v1\nkind: Interface\nmetadata: {owner: a}\n",
     "3:11: interface metadata: name is missing; give the resource a name"},
    {"BadName", "apiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: \"a b\"}\n",
     "3:18: interface \"a b\" metadata name: \"a b\" is not a name; give 1..63 of"},
    {"SecondOfAName", Document("Filter", "{}") + "---\n" + Document("Filter", "{}"),
     "6:1: filter \"x\": is defined already at m.yaml:1:1; rename one of them"},
    {"InterfaceOwnerInSpec", Document("Interface", "{owner: alice}"),
     "4:8: interface \"x\" owner: is not a field here; fields here are excluded"},
    {"Excluded", Document("Interface", "{excluded: \"a b\"}"),
     "4:18: interface \"x\" excluded: \"a b\" is not a name; give 1..63 of"},
    {"InterfaceDescription", "apiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: a, description: b}\n",
     "3:21: interface \"a\" metadata description: is not a field here; fields here are name, tags or owner"},
    {"RepeatedTag", "apiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: a, tags: {k: 1, k: 2}}\n",
     "3:34: interface \"a\" metadata tags: the key k is given twice; keep one"},
    {"LongDescription",
     "apiVersion: heliostat/v1\nkind: Filter\nmetadata: {name: a, description: " + std::string(257, 'd') +
         "}\nspec: {}\n",
     "3:34: filter \"a\" metadata description: is 257 bytes long; give at most 256"},
};
INSTANTIATE_TEST_SUITE_P(Documents, MirrorYaml, testing::ValuesIn(kDocuments),
                         [](const auto& row) { return row.param.name; });

const std::vector<BadYaml> kRules{
    {"UnknownField", RuleDocument("destinationPort: 80"),
     "4:47: filter \"x\" inbound rule 10 destinationPort: is not a field here; did you mean destinationPorts?"},
    {"NoNumber", Document("Filter", "{outbound: [{action: reject}]}"),
     "4:19: filter \"x\" outbound[0]: number is missing; give 1..65535"},
    {"NoAction", Document("Filter", "{outbound: [{number: 7}]}"),
     "4:19: filter \"x\" outbound rule 7: action is missing"},
    {"OtherAction", Document("Filter", "{outbound: [{number: 7, action: drop}]}"),
     "4:39: filter \"x\" outbound rule 7 action: \"drop\" is not known here; give accept or reject"},
    {"SecondOfANumber",
     Document("Filter", "\n  inbound:\n  - {number: 5, action: accept}\n  - {number: 5, action: reject}"),
     "7:5: filter \"x\" inbound[1]: another rule of this list has number 5; give it a free number"},
    {"EmptyItem", Document("Filter", "{inbound: [~]}"), "4:18: filter \"x\" inbound[0]: is empty; give fields"},
    {"ListIsMapping", Document("Filter", "{inbound: {number: 1}}"),
     "4:17: filter \"x\" inbound: is a mapping; give a list"},
    {"ProtocolName", RuleDocument("protocol: tpc"),
     "4:57: filter \"x\" inbound rule 10 protocol: \"tpc\" is not known here; did you mean tcp?"},
    {"ProtocolNumber", RuleDocument("protocol: 256"),
     "4:57: filter \"x\" inbound rule 10 protocol: 256 is out of range; give 0..255"},
    {"HostBits", RuleDocument("source: 10.0.0.1/8"),
     "\"10.0.0.1/8\" has bits set past the prefix length; did you mean 10.0.0.0/8?"},
    {"NotPrefix", RuleDocument("destination: 10.0.0/8"),
     "rule 10 destination: \"10.0.0/8\" is not an IP prefix; give one such as"},
    {"PrefixTooLong", RuleDocument("destination: 10.0.0.0/33"), "\"10.0.0.0/33\" is not an IP prefix"},
    {"PortTooLarge", RuleDocument("sourcePorts: 65536"), "sourcePorts: 65536 is out of range; give 0..65535"},
    {"PortsBackwards", RuleDocument("sourcePorts: 20-10"), "the range 20-10 runs backwards; did you mean \"10-20\"?"},
    {"PortName", RuleDocument("sourcePorts: http"),
     "\"http\" is neither a number nor a range; give a number 0..65535 or a range"},
    {"PortList", RuleDocument("sourcePorts: [80, 443]"), "sourcePorts: is a list; give a number 0..65535"},
    {"IcmpType", RuleDocument("icmpType: -1"), "icmpType: \"-1\" is not a whole number; give a whole number 0..255"},
    {"Mac", RuleDocument("sourceMac: 02:00:00:00:00"),
     "sourceMac: \"02:00:00:00:00\" is not a MAC address with an optional mask"},
    {"MacMask", RuleDocument("sourceMac: 02:00:00:00:00:00/8"),
     "is not a MAC address with an optional mask; give one such as"},
    {"VlanNotList", RuleDocument("vlanIds: 100"), "vlanIds: is a single value; write [100]"},
    {"VlanEmpty", RuleDocument("vlanIds: []"), "vlanIds: is empty; leave it out to match all"},
    {"VlanTooLarge", RuleDocument("vlanIds: [1, 4096]"), "vlanIds[1]: 4096 is out of range; give 0..4095"},
    {"VlanTooMany", RuleDocument("vlanIds: [1, 2, 3, 4, 5, 6, 7, 8, 9]"),
     "vlanIds: has more than 8 IDs and ranges; use several rules"},
    {"EtherTypeLength", RuleDocument("etherType: 0x05ff"), "etherType: 0x05ff is out of range; give 1536..65535"},
    {"EtherTypeOctal", RuleDocument("etherType: 0806"),
     "etherType: \"0806\" could be meant as octal; write 0x in front"},
    {"Dscp", RuleDocument("dscp: 64"), "dscp: 64 is out of range; give 0..63"},
    {"Fragment", RuleDocument("fragment: second"),
     "fragment: \"second\" is not known here; give no, first, later or any"},
    {"FlagsWithoutMask", RuleDocument("tcpFlags: {value: 2}"), "tcpFlags: mask is missing; give the bits"},
    {"HugeNumber", RuleDocument("dscp: 99999999999999999999"),
     "dscp: \"99999999999999999999\" is out of range; give a whole number 0..63"},
    {"Service", Document("Filter", "{services: [dns, dsn]}"),
     "services[1]: \"dsn\" is not known here; did you mean dns?"},
    {"ServiceTwice", Document("Filter", "{services: [dns, dns]}"), "services[1]: dns is given twice"},
};

// Most rows are one spec, on line 4.
std::vector<BadYaml> OnLine4(std::vector<BadYaml> rows) {
  for (BadYaml& row : rows) {
    if (row.error[0] < '0' || row.error[0] > '9' || row.error[1] != ':') row.error = "4:" + row.error;
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Rules, MirrorYaml, testing::ValuesIn(OnLine4(kRules)),
                         [](const auto& row) { return row.param.name; });

const std::vector<BadYaml> kOthers{
    {"SessionNumber", Document("Session", "{number: 32767, filter: f, target: t, sources: [a]}"),
     "session \"x\" number: 32767 is out of range; give 1..32766"},
    {"SessionNoSources", Document("Session", "{number: 1, filter: f, target: t}"),
     "sources is missing; name the interfaces"},
    {"SessionEmptySources", Document("Session", "{number: 1, filter: f, target: t, sources: []}"), "sources: is empty"},
    {"SessionSourceTwice", Document("Session", "{number: 1, filter: f, target: t, sources: [a, b, a]}"),
     "sources[2]: a is given twice"},
    {"SessionNoFilter", Document("Session", "{number: 1, target: t, sources: [a]}"),
     "filter is missing; name a filter"},
    {"Tier", SessionDocument("tier: 4"), "session \"x\" tier: 4 is out of range; give 0..3"},
    {"Enabled", SessionDocument("enabled: yes"), "enabled: \"yes\" is not a truth value; give true or false"},
    {"Direction", SessionDocument("direction: both"),
     "direction: \"both\" is not known here; give all, inbound or outbound"},
    {"Vni", SessionDocument("vni: 16777216"), "vni: 16777216 is out of range; give 0..16777215"},
    {"SessionId", SessionDocument("sessionId: 1024"), "sessionId: 1024 is out of range; give 0..1023"},
    {"VniAndSessionId", SessionDocument("vni: 1, sessionId: 2"), "sessionId: is given beside vni; keep vni for vxlan"},
    {"PacketLength", SessionDocument("packetLength: 34"), "packetLength: 34 is out of range; give 35..65535"},
    {"PercentTooFine", SessionDocument("percent: 30.255"),
     "percent: \"30.255\" is finer than a hundredth; give a number 0..100"},
    {"PercentTooLarge", SessionDocument("percent: 100.01"), "percent: \"100.01\" is out of range"},
    {"PercentHuge", SessionDocument("percent: 99999999999999999999"),
     "percent: \"99999999999999999999\" is out of range"},
    {"PercentSign", SessionDocument("percent: 30%"), "percent: \"30%\" is not a percentage"},
    {"PercentExponent", SessionDocument("percent: 1e1"), "percent: \"1e1\" is not a percentage"},
    {"Sampling", SessionDocument("sampling: flow"), "sampling: \"flow\" is not known here; did you mean flows?"},
    {"NoRate", SessionDocument("rateLimit: {burst: 3}"),
     "rateLimit: has no rate; give packetsPerSecond or bitsPerSecond"},
    {"TwoRates", SessionDocument("rateLimit: {packetsPerSecond: 1, bitsPerSecond: 1}"),
     "rateLimit bitsPerSecond: is given beside packetsPerSecond; give packetsPerSecond or bitsPerSecond"},
    {"RateNoCardTakes", SessionDocument("rateLimit: {bitsPerSecond: 10000000000001}"),
     "rateLimit bitsPerSecond: 10000000000001 is out of range; give 1..10000000000000"},
    {"ZeroRate", SessionDocument("rateLimit: {packetsPerSecond: 0}"), "packetsPerSecond: 0 is out of range; give 1.."},
    {"Nowhere", TargetDocument("mtu: 1500"),
     "target \"x\": has nowhere to send copies; give remote, interface, both, or members"},
    {"Remote", TargetDocument("remote: 10.9.0.2/24"),
     "remote: \"10.9.0.2/24\" is not an IP address; leave out the prefix length"},
    {"Encapsulation", TargetDocument("remote: 10.9.0.2, encapsulation: erspan"),
     "\"erspan\" is not known here; did you mean erspan1?"},
    {"MtuNoLinkHas", TargetDocument("remote: 10.9.0.2, mtu: 67"), "mtu: 67 is out of range; give 68..65535"},
    {"TargetVlan", TargetDocument("interface: wire1, vlanId: 4095"), "vlanId: 4095 is out of range; give 1..4094"},
    {"GroupWithRemote", TargetDocument("members: [a], remote: 10.9.0.2"),
     "remote: a group has members and sharedWith, nothing else; set it on the members"},
    {"EmptyGroup", TargetDocument("members: []"), "members: is empty; name at least one target"},
    {"MemberTwice", TargetDocument("members: [a, a]"), "members[1]: a is given twice"},
    {"UnderlayPrefixLength", Document("Underlay", "{addresses: [10.9.0.1]}"),
     "addresses[0]: \"10.9.0.1\" has no prefix length; give the network's, such as 10.9.0.1/24"},
    {"UnderlayNeighbour", Document("Underlay", "{addresses: [10.9.0.1/24], neighbours: [{address: 10.9.0.2}]}"),
     "neighbours[0]: mac is missing; give the neighbour's MAC address"},
    {"UnderlayRoute",
     Document("Underlay", "{addresses: [10.9.0.1/24], routes: [{destination: 10.50.0.1/16, gateway: 10.9.0.2}]}"),
     "routes[0] destination: \"10.50.0.1/16\" has bits set"},
    {"UnderlayGateways", Document("Underlay", "{addresses: [10.9.0.1/24], gateways: [10.9.0.2, 10.9.0.3, 10.9.0.4]}"),
     "gateways: has 3 items; give at most 2"},
};
INSTANTIATE_TEST_SUITE_P(Others, MirrorYaml, testing::ValuesIn(OnLine4(kOthers)),
                         [](const auto& row) { return row.param.name; });

TEST(ReadMirrorYaml, ReportsAllErrorsOfAFileInItsOrder) {
  const std::vector<std::string> errors = Errors(
      Document("Session", "\n  number: 0\n  percent: 200\n  colour: red\n  filter: f\n  target: t\n  sources: [a]") +
      "---\n" + Document("Target", "{remote: nowhere}"));
  ASSERT_EQ(errors.size(), 4U);
  EXPECT_THAT(errors[0], HasSubstr("m.yaml:5:11: session \"x\" number"));
  EXPECT_THAT(errors[1], HasSubstr("m.yaml:6:12: session \"x\" percent"));
  EXPECT_THAT(errors[2], HasSubstr("m.yaml:7:3: session \"x\" colour"));
  EXPECT_THAT(errors[3], HasSubstr("m.yaml:15:16: target \"x\" remote"));
}

TEST(ReadMirrorYaml, SurvivesNestingAndAliases) {
  EXPECT_FALSE(Errors(std::string(100'000, '[')).empty());
  EXPECT_FALSE(Errors("a: &a [*a, *a]\n").empty());
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + previous + ", " + previous + "]\n";
  }
  EXPECT_FALSE(Errors(bomb).empty());
}

TEST(ReadMirrorYaml, KeepsPercentExact) {
  const std::vector<std::pair<std::string, std::uint32_t>> kPercents{
      {"0", 0},       {"100", 10000},  {"30.25", 3025},   {"0.01", 1},       {"0.29", 29},
      {"30.5", 3050}, {"30.50", 3050}, {"100.00", 10000}, {"57.2900", 5729}, {"\"1.1\"", 110}};
  for (const auto& [text, hundredths] : kPercents) {
    const auto units = Units(SessionDocument("percent: " + text));
    ASSERT_TRUE(units[0].session().has_sample_hundredths()) << text;
    EXPECT_EQ(units[0].session().sample_hundredths(), hundredths) << text;
  }
  EXPECT_FALSE(Units(SessionDocument("enabled: true"))[0].session().has_sample_hundredths());
}

TEST(ReadMirrorYaml, ReadsEveryFieldOfARule) {
  const auto units = Units(RuleDocument(
      "protocol: tcp, source: 10.0.0.0/8, destination: 192.0.2.1, sourcePorts: 1000-2000, destinationPorts: 443, "
      "sourceMac: \"02:00:00:00:00:01\", destinationMac: \"02:00:00:00:00:00/ff:00:00:00:00:00\", "
      "vlanIds: [100, \"200-300\", untagged], etherType: ipv4, dscp: 46, tcpFlags: {value: 0x02, mask: 0x12}, "
      "fragment: first, description: text"));
  v1::Rule expected;
  expected.set_number(10);
  expected.set_action(v1::ACCEPT);
  expected.set_protocol(6);
  expected.mutable_source()->set_address(std::string("\x0a\0\0\0", 4));
  expected.mutable_source()->set_length(8);
  expected.mutable_destination()->set_address(std::string("\xc0\0\x02\x01", 4));
  expected.mutable_destination()->set_length(32);
  expected.mutable_source_ports()->set_first(1000);
  expected.mutable_source_ports()->set_last(2000);
  expected.mutable_destination_ports()->set_first(443);
  expected.mutable_destination_ports()->set_last(443);
  expected.mutable_source_mac()->set_address(std::string("\x02\0\0\0\0\x01", 6));
  expected.mutable_destination_mac()->set_address(std::string("\x02\0\0\0\0\0", 6));
  expected.mutable_destination_mac()->set_mask(std::string("\xff\0\0\0\0\0", 6));
  for (const auto& [first, last] : {std::pair(100U, 100U), std::pair(200U, 300U)}) {
    expected.add_vlan_ids()->set_first(first);
    expected.mutable_vlan_ids()->rbegin()->set_last(last);
  }
  expected.set_untagged(true);
  expected.set_ether_type(0x0800);
  expected.set_dscp(46);
  expected.mutable_tcp_flags()->set_value(0x02);
  expected.mutable_tcp_flags()->set_mask(0x12);
  expected.set_fragment(v1::FIRST);
  expected.set_description("text");
  ASSERT_EQ(units.size(), 2U);
  EXPECT_EQ(units[1].rules().rules(0).DebugString(), expected.DebugString());
}

TEST(ReadMirrorYaml, GivesProtocolAllAsAbsent) {
  EXPECT_FALSE(Units(RuleDocument("protocol: all"))[1].rules().rules(0).has_protocol());
  EXPECT_TRUE(Units(RuleDocument("protocol: 0"))[1].rules().rules(0).has_protocol());
}

TEST(ReadMirrorYaml, ReadsEveryFieldOfASession) {
  const auto units = Units(
      SessionDocument("tier: 3, enabled: false, direction: outbound, sessionId: 7, packetLength: 128, sampling: flows, "
                      "rateLimit: {bitsPerSecond: 10000000000000, burst: 5}, forwardedOnly: true"));
  v1::Session expected;
  expected.mutable_metadata()->set_name("x");
  expected.set_number(1);
  expected.set_tier(3);
  expected.set_disabled(true);
  expected.set_filter("f");
  expected.set_target("t");
  expected.set_direction(v1::OUTBOUND);
  expected.set_tunnel_id(7);
  expected.set_packet_length(128);
  expected.set_sampling(v1::FLOWS);
  expected.mutable_rate_limit()->set_bits_per_second(10'000'000'000'000U);
  expected.mutable_rate_limit()->set_burst(5);
  expected.set_forwarded_only(true);
  EXPECT_EQ(units[0].session().DebugString(), expected.DebugString());
  EXPECT_EQ(units[1].sources().interfaces(0), "guest0");
}

TEST(ReadMirrorYaml, ReadsEveryFieldOfATargetAndAnUnderlay) {
  const auto target = Units(TargetDocument(
      "encapsulation: erspan3, remote: \"fd00::1\", interface: wire1, vlanId: 200, mtu: 1400, dscp: 8, ttl: 9, "
      "udpChecksum: false, platformSubheader: true, sharedWith: [bob]"))[0]
                          .target();
  EXPECT_EQ(target.encapsulation(), v1::ERSPAN3);
  EXPECT_EQ(target.remote(), std::string("\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16));
  EXPECT_EQ(target.interface(), "wire1");
  EXPECT_EQ(target.vlan_id(), 200U);
  EXPECT_EQ(target.mtu(), 1400U);
  EXPECT_EQ(target.dscp(), 8U);
  EXPECT_EQ(target.ttl(), 9U);
  EXPECT_TRUE(target.has_udp_checksum());
  EXPECT_FALSE(target.udp_checksum());
  EXPECT_TRUE(target.platform_subheader());
  EXPECT_EQ(target.shared_with(0), "bob");

  const auto underlay =
      Units(Document("Underlay",
                     "{addresses: [10.9.0.1/24, \"fd00:9::1/64\"], gateways: [10.9.0.254], mtu: 9000, vlanId: 100, "
                     "routes: [{destination: 10.50.0.0/16, gateway: 10.9.0.253}], "
                     "neighbours: [{address: 10.9.0.2, mac: \"02:00:00:00:00:02\"}]}"))[0]
          .underlay();
  EXPECT_EQ(underlay.interface(), "x");
  EXPECT_EQ(underlay.addresses(0).address(), std::string("\x0a\x09\0\x01", 4));
  EXPECT_EQ(underlay.addresses(1).length(), 64U);
  EXPECT_EQ(underlay.gateways(0), std::string("\x0a\x09\0\xfe", 4));
  EXPECT_EQ(underlay.routes(0).destination().length(), 16U);
  EXPECT_EQ(underlay.neighbours(0).mac(), std::string("\x02\0\0\0\0\x02", 6));
  EXPECT_EQ(underlay.mtu(), 9000U);
  EXPECT_EQ(underlay.vlan_id(), 100U);
}

// YAML 1.1 takes `no` for a truth value.
TEST(ReadMirrorYaml, TakesNoForAWordWhetherQuotedOrNot) {
  for (const char* no : {"no", "\"no\"", "'no'"}) {
    EXPECT_EQ(Units(RuleDocument("fragment: " + std::string(no)))[1].rules().rules(0).fragment(), v1::NO) << no;
  }
}

TEST(ReadMirrorYaml, ReadsAnInterfaceWithAndWithoutASpec) {
  const auto units = Units(Document("Interface", "{excluded: management}"));
  ASSERT_EQ(units.size(), 1U);
  EXPECT_EQ(units[0].interface().name(), "x");
  EXPECT_EQ(units[0].interface().excluded(), "management");
  for (const char* spec : {"", "spec: {}\n"}) {
    const auto bare =
        Units("apiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: x, owner: a}\n" + std::string(spec));
    EXPECT_EQ(bare[0].interface().owner(), "a");
    EXPECT_EQ(bare[0].interface().excluded(), "");
  }
}

TEST(ReadMirrorYaml, SortsAndChunksRulesSourcesAndMembers) {
  std::string rules;
  std::string names;
  for (int i = 130; i >= 1; --i) {
    rules += "{number: " + std::to_string(i) + ", action: accept},";
    names += "i" + std::to_string(i) + ",";
  }
  const auto filter = Units(Document("Filter", "{inbound: [" + rules + "], outbound: [" + rules + "]}"));
  ASSERT_EQ(filter.size(), 7U);
  std::uint32_t number = 0;
  for (std::uint32_t index = 0; index < 3; ++index) {
    const v1::RuleChunk& chunk = filter[1 + index].rules();
    EXPECT_EQ(chunk.filter(), "x");
    EXPECT_EQ(chunk.direction(), v1::INBOUND);
    EXPECT_EQ(chunk.index(), index);
    EXPECT_EQ(chunk.rules_size(), index < 2 ? 64 : 2);
    for (const v1::Rule& rule : chunk.rules()) EXPECT_EQ(rule.number(), ++number);
  }
  EXPECT_EQ(filter[4].rules().direction(), v1::OUTBOUND);
  EXPECT_EQ(filter[4].rules().index(), 0U);

  const auto session = Units(Document("Session", "{number: 1, filter: f, target: t, sources: [" + names + "]}"));
  ASSERT_EQ(session.size(), 4U);
  EXPECT_EQ(session[1].sources().interfaces(0), "i1");
  EXPECT_EQ(session[1].sources().interfaces(1), "i10");
  EXPECT_EQ(session[3].sources().index(), 2U);

  const auto group = Units(TargetDocument("members: [" + names + "]"));
  ASSERT_EQ(group.size(), 4U);
  EXPECT_TRUE(group[0].target().group());
  EXPECT_EQ(group[1].members().members(0), "i130") << "the order of members is the user's";
}

TEST(Arrange, OrdersByKindThenName) {
  const auto units = Units(SessionDocument("enabled: true") + "---\n" + Document("Filter", "{}") + "---\n" +
                           TargetDocument("remote: 10.0.0.1") + "---\napiVersion: heliostat/v1\nkind: Target\n" +
                           "metadata: {name: a}\nspec: {remote: 10.0.0.2}\n---\n" +
                           Document("Underlay", "{addresses: [10.0.0.9/24]}") +
                           "---\napiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: z}\n");
  ASSERT_EQ(units.size(), 7U);
  EXPECT_TRUE(units[0].has_interface());
  EXPECT_TRUE(units[1].has_underlay());
  EXPECT_EQ(units[2].target().metadata().name(), "a");
  EXPECT_EQ(units[3].target().metadata().name(), "x");
  EXPECT_TRUE(units[4].has_filter());
  EXPECT_TRUE(units[5].has_session());
  EXPECT_TRUE(units[6].has_sources());
}

}  // namespace
}  // namespace heliostat::helioctl
