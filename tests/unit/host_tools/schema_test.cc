// The schema, read by another implementation, against the reader: what one takes, the other takes.
#include "helioctl/yaml/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "helioctl/yaml/mirror_yaml.h"
#include "helioctl/yaml/yaml_writer.h"
#include "unit/host_tools/in_folder.h"
#include "unit/host_tools/random_config.h"

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Schema : public InFolder {
 protected:
  void SetUp() override {
    InFolder::SetUp();
    Write("schema.json", Done({"schema"}));
  }

  // The files that do not validate, one a line.
  std::string Refused(const std::string& files) const {
    const std::string command = HELIOSTAT_VALIDATE_YAML " schema.json " + files;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return "popen failed";
    std::string text;
    std::array<char, 4096> block{};
    while (const std::size_t count = fread(block.data(), 1, block.size(), pipe)) text.append(block.data(), count);
    return pclose(pipe) == 0 ? text : "the validator itself failed: " + text;
  }
};

bool ReaderTakes(const std::string& yaml) {
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("x", yaml, resources, problems);
  return problems.empty();
}

TEST_F(Schema, TakesEveryExample) { EXPECT_THAT(Refused(HELIOSTAT_EXAMPLES "/*.yaml"), IsEmpty()); }

TEST_F(Schema, TakesWhateverIsWritten) {
  Random random(20261201);
  for (int i = 0; i < 60; ++i) Write("written/" + std::to_string(i) + ".yaml", ConfigYaml(RandomConfig(random, 4)));
  EXPECT_THAT(Refused("written/*.yaml"), IsEmpty());
}

std::string Document(const std::string& kind, const std::string& rest) {
  return "apiVersion: heliostat/v1\nkind: " + kind + "\nmetadata: {name: x}\n" + rest + "\n";
}

std::string Session(const std::string& more) {
  return Document("Session", "spec: {number: 1, sources: [guest0], filter: f, target: t" + more + "}");
}

std::string Rule(const std::string& more) {
  return Document("Filter", "spec: {inbound: [{number: 10, action: accept" + more + "}]}");
}

TEST_F(Schema, TakesWhatTheReaderTakes) {
  const std::vector<std::string> documents{
      Session(""),
      Session(", tier: 3, percent: \"1.5\", vni: 0x10, rateLimit: {packetsPerSecond: 5, burst: 0}"),
      Rule(", fragment: no, protocol: 6, sourcePorts: 80, vlanIds: [untagged, 1, \"2-3\"], etherType: 0x88cc"),
      Rule(", fragment: \"no\", protocol: tcp, sourcePorts: 1-2, tcpFlags: {value: 2, mask: 0x12}"),
      Document("Interface", ""),
      Document("Interface", "spec: {excluded: f}\nstatus: {number: 3}"),
      Document("Target", "spec: {members: [a, b], sharedWith: [alice]}"),
      "---\n# an empty document\n---\n" + Document("Filter", "spec: {services: [dns]}"),
      "apiVersion: heliostat/v1\nkind: List\nmetadata: {generation: 7}\nitems:\n- {apiVersion: heliostat/v1, kind: "
      "Interface, metadata: {name: a}}\n",
  };
  for (std::size_t i = 0; i < documents.size(); ++i) {
    EXPECT_TRUE(ReaderTakes(documents[i])) << documents[i];
    Write("good/" + std::to_string(i) + ".yaml", documents[i]);
  }
  EXPECT_THAT(Refused("good/*.yaml"), IsEmpty());
}

TEST_F(Schema, RefusesWhatTheReaderRefuses) {
  const std::vector<std::string> documents{
      Session(", colour: red"),
      Session(", tier: 4"),
      Session(", percent: 101"),
      Session(", direction: both"),
      Session(", vni: 1, sessionId: 1"),
      Session(", rateLimit: {burst: 3}"),
      Session(", rateLimit: {packetsPerSecond: 1, bitsPerSecond: 1}"),
      Document("Session", "spec: {number: 1, sources: [], filter: f, target: t}"),
      Document("Session", "spec: {number: 1, sources: [a, a], filter: f, target: t}"),
      Document("Session", "spec: {sources: [a], filter: f, target: t}"),
      Document("Session", ""),
      Rule(", fragment: second"),
      Rule(", tcpFlags: {value: 2}"),
      Rule(", vlanIds: []"),
      Rule(", sourceMac: 02-00"),
      Document("Filter", "spec: {inbound: [{number: 10}]}"),
      Document("Interface", "spec: {owner: alice}"),
      Document("Target", "spec: {mtu: 1500}"),
      Document("Sesion", "spec: {}"),
      "apiVersion: heliostat/v2\nkind: Interface\nmetadata: {name: x}\n",
      "apiVersion: heliostat/v1\nkind: Interface\nmetadata: {name: x, description: no}\n",
      "apiVersion: heliostat/v1\nkind: Interface\nmetadata: {owner: a}\n",
      "apiVersion: heliostat/v1\nkind: List\n",
  };
  std::string all;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    EXPECT_FALSE(ReaderTakes(documents[i])) << documents[i];
    const std::string name = "bad/" + std::to_string(100 + i) + ".yaml";
    Write(name, documents[i]);
    all += name + "\n";
  }
  EXPECT_EQ(Refused("bad/*.yaml 2>/dev/null"), all);
}

TEST(ConfigurationSchema, TellsEditorsWhatFieldsMean) {
  const auto schema = ConfigurationSchema();
  EXPECT_EQ(schema["definitions"]["rule"]["properties"]["fragment"]["enum"],
            nlohmann::ordered_json::parse(R"(["no", false, "first", "later", "any"])"));
  const std::string text = schema.dump();
  EXPECT_THAT(text, HasSubstr("each tier is judged by itself"));
  EXPECT_THAT(text, HasSubstr("Without it: the card picks one"));
}

}  // namespace
}  // namespace heliostat::helioctl
