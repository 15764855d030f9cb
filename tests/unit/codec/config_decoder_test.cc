#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "codec/codec.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

config::Config Good(const Units& units) {
  Result<config::Config> config = Decode(units);
  EXPECT_TRUE(config.ok()) << config.status().ToString();
  return config.ok() ? *config : config::Config{};
}

IpAddress Ip(const char* text) { return *IpAddress::Parse(text); }
IpPrefix Net(const char* text) { return *IpPrefix::Parse(text); }
MacAddress Mac(const char* text) { return *MacAddress::Parse(text); }

config::Metadata ExpectedMetadata(const char* name) {
  return {.name = name, .description = "t\xc3\xa9xt", .tags = {{"env", "prod"}}, .owner = "alice"};
}

TEST(ConfigDecoder, ReadsEveryFieldOfUnderlayAndInterface) {
  const config::Config config = Good(SampleUnits());
  EXPECT_THAT(config.interfaces, ElementsAre(config::InterfaceSettings{"guest0", "alice", {{"env", "prod"}}, "web"}));
  EXPECT_THAT(config.underlays, ElementsAre(config::Underlay{.interface = "wire1",
                                                             .addresses = {Net("10.9.0.1/24")},
                                                             .gateways = {Ip("10.9.0.254")},
                                                             .routes = {{Net("10.0.0.0/8"), Ip("10.9.0.2")}},
                                                             .neighbours = {{Ip("10.9.0.2"), Mac("02:00:00:00:00:02")}},
                                                             .mtu = 9000,
                                                             .vlan_id = std::uint16_t{100}}));
}

TEST(ConfigDecoder, ReadsEveryFieldOfTargetAndGroup) {
  const config::Target zeek{.metadata = ExpectedMetadata("zeek"),
                            .shared_with = {"bob"},
                            .encapsulation = config::Encapsulation::kErspan2,
                            .remote = Ip("10.9.0.2"),
                            .interface = "wire1",
                            .vlan_id = std::uint16_t{200},
                            .mtu = 1400,
                            .dscp = 8,
                            .ttl = 64,
                            .udp_checksum = true,
                            .platform_subheader = true};
  const config::Target group{.metadata = ExpectedMetadata("group"), .group = true, .members = {"zeek"}};
  EXPECT_THAT(Good(SampleUnits()).targets, ElementsAre(group, zeek));
}

TEST(ConfigDecoder, ReadsEveryFieldOfFilter) {
  const config::Rule rule{.number = 10,
                          .action = config::Action::kReject,
                          .protocol = std::uint8_t{6},
                          .source = Net("10.0.0.0/8"),
                          .destination = Net("0.0.0.0/0"),
                          .source_ports = config::PortRange{0, 65535},
                          .destination_ports = config::PortRange{80, 81},
                          .icmp_type = std::uint8_t{8},
                          .icmp_code = std::uint8_t{0},
                          .source_mac = config::MacMatch{Mac("02:00:00:00:00:02"), Mac("ff:ff:ff:ff:ff:ff")},
                          .destination_mac = config::MacMatch{Mac("02:00:00:00:00:02"), Mac("ff:ff:ff:ff:ff:ff")},
                          .vlan_ids = {{100, 200}},
                          .untagged = true,
                          .ether_type = std::uint16_t{0x0800},
                          .dscp = std::uint8_t{46},
                          .tcp_flags = config::TcpFlagsMatch{0x02, 0x12},
                          .fragment = config::Fragment::kFirst,
                          .description = "syn"};
  config::Rule outbound = rule;
  outbound.number = 20;
  EXPECT_THAT(Good(SampleUnits()).filters,
              ElementsAre(config::Filter{.metadata = ExpectedMetadata("web"),
                                         .services = {config::Service::kDns, config::Service::kActivation},
                                         .inbound = {rule},
                                         .outbound = {outbound}}));
}

TEST(ConfigDecoder, ReadsEveryFieldOfSession) {
  EXPECT_THAT(Good(SampleUnits()).sessions, ElementsAre(config::Session{.metadata = ExpectedMetadata("s1"),
                                                                        .number = 7,
                                                                        .tier = 3,
                                                                        .enabled = false,
                                                                        .sources = {"guest0"},
                                                                        .filter = "web",
                                                                        .target = "zeek",
                                                                        .direction = config::DirectionSet::kOutbound,
                                                                        .tunnel_id = 9U,
                                                                        .packet_length = 128,
                                                                        .sample_hundredths = 0,
                                                                        .sampling = config::SamplingMode::kFlows,
                                                                        .rate_limit = config::RateLimit{1000, 0, 10},
                                                                        .forwarded_only = true}));
}

TEST(ConfigDecoder, ReadsEveryFragment) {
  for (const auto& [wire, expected] : {std::pair{v1::NO, config::Fragment::kNo},
                                       {v1::FIRST, config::Fragment::kFirst},
                                       {v1::LATER, config::Fragment::kLater},
                                       {v1::ANY, config::Fragment::kAny}}) {
    Units units = SampleUnits();
    units[7].mutable_rules()->mutable_rules(0)->set_fragment(wire);
    EXPECT_EQ(Good(units).filters.at(0).inbound.at(0).fragment, expected);
  }
}

TEST(ConfigDecoder, LeavesAbsentFieldsAtTheirDefaults) {
  Units units(6);
  units[0].mutable_header()->set_format(1);
  units[1].mutable_target()->mutable_metadata()->set_name("t");
  units[2].mutable_filter()->mutable_metadata()->set_name("f");
  units[3].mutable_rules()->set_filter("f");
  units[3].mutable_rules()->set_direction(v1::INBOUND);
  units[3].mutable_rules()->add_rules()->set_action(v1::ACCEPT);
  units[4].mutable_session()->mutable_metadata()->set_name("s");
  units[5].mutable_underlay()->set_interface("w");
  const config::Config config = Good(units);
  EXPECT_THAT(config.targets, ElementsAre(config::Target{.metadata = {.name = "t"}}));
  EXPECT_THAT(config.filters, ElementsAre(config::Filter{.metadata = {.name = "f"}, .inbound = {config::Rule{}}}));
  EXPECT_THAT(config.sessions, ElementsAre(config::Session{.metadata = {.name = "s"}}));
  EXPECT_THAT(config.underlays, ElementsAre(config::Underlay{.interface = "w"}));
}

TEST(ConfigDecoder, FillsInEncapsulationByShape) {
  struct Row {
    bool remote, interface, vlan;
    config::Encapsulation expected;
  };
  for (const Row& row :
       {Row{true, false, false, config::Encapsulation::kVxlan}, Row{true, true, true, config::Encapsulation::kErspan2},
        Row{false, true, true, config::Encapsulation::kVlan}, Row{false, true, false, config::Encapsulation::kNone}}) {
    Units units(2);
    units[0].mutable_header()->set_format(1);
    v1::Target* target = units[1].mutable_target();
    if (row.remote) target->set_remote(std::string(16, '\x20'));
    if (row.interface) target->set_interface("x");
    if (row.vlan) target->set_vlan_id(7);
    EXPECT_EQ(Good(units).targets.at(0).encapsulation, row.expected);
    target->set_encapsulation(v1::GENEVE);
    EXPECT_EQ(Good(units).targets.at(0).encapsulation, config::Encapsulation::kGeneve);
  }
}

TEST(ConfigDecoder, SortsNamesAndRules) {
  Units units(6);
  units[0].mutable_header()->set_format(1);
  units[1].mutable_filter()->mutable_metadata()->set_name("b");
  for (int i = 0; i < 2; ++i) {
    v1::RuleChunk* chunk = units[static_cast<std::size_t>(2 + i)].mutable_rules();
    chunk->set_filter("b");
    chunk->set_direction(v1::OUTBOUND);
    chunk->set_index(static_cast<std::uint32_t>(i));
    v1::Rule* rule = chunk->add_rules();
    rule->set_number(static_cast<std::uint32_t>(20 - 10 * i));
    rule->set_action(v1::ACCEPT);
  }
  units[4].mutable_filter()->mutable_metadata()->set_name("a");
  units[5].mutable_filter()->mutable_metadata()->set_name("c");
  const config::Config config = Good(units);
  ASSERT_EQ(config.filters.size(), 3U);
  EXPECT_EQ(config.filters[0].metadata.name, "a");
  EXPECT_EQ(config.filters[1].metadata.name, "b");
  ASSERT_EQ(config.filters[1].outbound.size(), 2U);
  EXPECT_EQ(config.filters[1].outbound[0].number, 10);
  EXPECT_EQ(config.filters[1].outbound[1].number, 20);
  EXPECT_EQ(config.filters[2].metadata.name, "c");
}

Units FilterOfRules(std::uint32_t count) {
  Units units(2);
  units[0].mutable_header()->set_format(1);
  units[1].mutable_filter()->mutable_metadata()->set_name("f");
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i % 64 == 0) {
      v1::RuleChunk* chunk = units.emplace_back().mutable_rules();
      chunk->set_filter("f");
      chunk->set_direction(v1::INBOUND);
      chunk->set_index(i / 64);
    }
    v1::Rule* rule = units.back().mutable_rules()->add_rules();
    rule->set_number(i + 1);
    rule->set_action(i % 3 == 0 ? v1::REJECT : v1::ACCEPT);
    rule->mutable_source()->set_address(
        {'\x0a', static_cast<char>(i >> 16), static_cast<char>(i >> 8), static_cast<char>(i)});
    rule->mutable_source()->set_length(32);
  }
  return units;
}

TEST(ConfigDecoder, ReadsTenThousandRules) {
  const config::Config config = Good(FilterOfRules(10'000));
  ASSERT_EQ(config.filters.size(), 1U);
  ASSERT_EQ(config.filters[0].inbound.size(), 10'000U);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const config::Rule& rule = config.filters[0].inbound[i];
    ASSERT_EQ(rule.number, i + 1);
    ASSERT_EQ(rule.action, i % 3 == 0 ? config::Action::kReject : config::Action::kAccept);
    ASSERT_EQ(rule.source->ToString(), "10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
                                           std::to_string(i & 255) + "/32");
  }
}

TEST(ConfigDecoder, HoldsToTheLimitsWhileReading) {
  struct Row {
    const char* limit;
    std::uint32_t config::Limits::*member;
    std::uint32_t value;
    const char* subject;
  };
  const std::vector<Row> rows = {
      {"`sessions` of 0", &config::Limits::sessions, 0, "sessions"},
      {"`targets` of 1", &config::Limits::targets, 1, "targets"},
      {"`filters` of 0", &config::Limits::filters, 0, "filters"},
      {"`rules_per_list` of 0", &config::Limits::rules_per_list, 0, "filter \"web\" inbound rules"},
      {"`rules` of 1", &config::Limits::rules, 1, "rules of all filters"},
      {"`sources_per_session` of 0", &config::Limits::sources_per_session, 0, "session \"s1\" sources"},
      {"`session_sources` of 0", &config::Limits::session_sources, 0, "pairs of session and source"},
      {"`interfaces` of 0", &config::Limits::interfaces, 0, "interfaces"},
      {"`members_per_group` of 0", &config::Limits::members_per_group, 0, "target \"group\" members"},
  };
  for (const Row& row : rows) {
    config::Limits limits;
    limits.*row.member = row.value;
    const Status status = Decode(SampleUnits(), limits).status();
    EXPECT_EQ(status.code(), Code::kResourceExhausted) << row.limit;
    EXPECT_THAT(status.reason(), HasSubstr(row.limit));
    EXPECT_EQ(status.subject(), row.subject);
  }
}

TEST(ConfigReader, TakesBytesInPiecesOfAnySize) {
  const std::string stream = Stream(SampleUnits());
  const config::Config expected = Good(SampleUnits());
  for (std::size_t piece : {1U, 2U, 3U, 7U, 64U, 1000U}) {
    ConfigReader reader({});
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const Status status = reader.Write(Bytes(stream).subspan(at, std::min(piece, stream.size() - at)));
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    const Result<config::Config> config = reader.Finish();
    ASSERT_TRUE(config.ok()) << config.status().ToString();
    EXPECT_EQ(*config, expected);
  }
}

TEST(ConfigReader, RefusesAnOverlongUnitFromItsLengthAlone) {
  ConfigReader reader({});
  const Status status = reader.Write(Bytes(std::string("\x81\x80\x02")));  // 32,769
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.reason(), HasSubstr("32768"));
  EXPECT_EQ(reader.Write(Bytes(Stream(SampleUnits()))).code(), Code::kDataLoss) << "an error stays";
}

}  // namespace
}  // namespace heliostat::codec
