#include "helioctl/yaml/yaml_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "codec/codec.h"
#include "helioctl/yaml/mirror_yaml.h"
#include "helioctl/yaml/unit_stream.h"
#include "unit/host_tools/random_config.h"

namespace heliostat::helioctl {
namespace {

config::Config Read(const std::string& yaml) {
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("written", yaml, resources, problems);
  Arrange(resources, problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.ToString();
  const std::string bytes = ConfigurationBytes(resources);
  auto config =
      codec::DecodeConfig({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, config::kNoLimits);
  EXPECT_TRUE(config.ok()) << config.status().ToString();
  return config.ok() ? *config : config::Config{};
}

TEST(YamlWriter, WritesEveryExampleSoThatItReadsTheSame) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HELIOSTAT_EXAMPLES)) {
    std::ifstream stream(entry.path());
    const config::Config read = Read(std::string(std::istreambuf_iterator<char>(stream), {}));
    EXPECT_FALSE(read.sessions.empty()) << entry.path();
    EXPECT_EQ(Read(ConfigYaml(read)), read) << entry.path() << "\n" << ConfigYaml(read);
    ++files;
  }
  EXPECT_GE(files, 6);
}

TEST(YamlWriter, WritesEveryFieldSoThatItReadsTheSame) {
  Random random(20261122);
  for (int i = 0; i < 100; ++i) {
    const config::Config config = RandomConfig(random, 4);
    const std::string yaml = ConfigYaml(config);
    ASSERT_EQ(Read(yaml), config) << "configuration " << i << "\n" << yaml;
  }
}

TEST(YamlWriter, LaysARuleOnALine) {
  config::Config config;
  config.filters.resize(1);
  config.filters[0].metadata = {"web", "all of it: HTTP", {{"environment", "demo"}}, "alice"};
  config.filters[0].services = {config::Service::kDns};
  config.filters[0].inbound.resize(2);
  config.filters[0].inbound[0].number = 10;
  config.filters[0].inbound[0].protocol = 6;
  config.filters[0].inbound[0].destination_ports = {{443, 443}};
  config.filters[0].inbound[1].number = 20;
  config.filters[0].inbound[1].action = config::Action::kReject;
  config.filters[0].inbound[1].vlan_ids = {{200, 300}};
  config.filters[0].inbound[1].untagged = true;
  config.filters[0].inbound[1].tcp_flags = {{2, 0x12}};
  config.filters[0].inbound[1].ether_type = 0x88cc;
  config.filters[0].inbound[1].fragment = config::Fragment::kNo;
  EXPECT_EQ(ConfigYaml(config), R"(apiVersion: heliostat/v1
kind: Filter
metadata:
  name: web
  description: "all of it: HTTP"
  tags:
    environment: demo
  owner: alice
spec:
  services: [dns]
  inbound:
    - {number: 10, action: accept, protocol: tcp, destinationPorts: 443}
    - {number: 20, action: reject, vlanIds: ["200-300", untagged], etherType: 0x88cc, tcpFlags: {value: 0x02, mask: 0x12}, fragment: "no"}
)");
}

TEST(YamlWriter, CallsTheTunnelIdByTheTargetsEncapsulation) {
  config::Config config;
  config.targets.resize(2);
  config.targets[0].metadata.name = "analyser";
  config.targets[0].encapsulation = config::Encapsulation::kErspan2;
  config.targets[1].metadata.name = "group";
  config.targets[1].group = true;
  config.targets[1].members = {"analyser"};
  config.sessions.resize(1);
  config.sessions[0].tunnel_id = 7;
  for (const char* target : {"analyser", "group"}) {
    config.sessions[0].target = target;
    EXPECT_EQ(ResourceDocument(config, config::Kind::kSession, 0)["spec"]["sessionId"], 7) << target;
  }
  config.sessions[0].target = "elsewhere";
  EXPECT_EQ(ResourceDocument(config, config::Kind::kSession, 0)["spec"]["vni"], 7);
}

TEST(YamlWriter, QuotesWhatWouldBeTakenForSomethingElse) {
  for (const char* plain : {"web-1", "10.9.0.2", "10.0.0.0/8", "a b", "heliostat/v1"})
    EXPECT_EQ(YamlScalar(plain), plain);
  for (const char* quoted : {"yes", "No", "null", "1", "1.5", "0x10", "1e3", "2001-01-01", "a: b", "- a", "fd00::1", "",
                             "02:00:00:00:00:02", "1_000", "a ", ".inf", "~", "1000-2000"}) {
    EXPECT_EQ(YamlScalar(quoted), "\"" + std::string(quoted) + "\"");
  }
}

}  // namespace
}  // namespace heliostat::helioctl
