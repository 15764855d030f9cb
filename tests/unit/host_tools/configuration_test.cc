#include "helioctl/yaml/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "helioctl/yaml/unit_stream.h"

namespace heliostat::helioctl {
namespace {

Configuration Read(const std::string& yaml) {
  std::istringstream in(yaml);
  std::vector<Problem> problems;
  Configuration configuration = ReadConfiguration({"-"}, in, problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.ToString();
  return configuration;
}

std::string Hex(const std::string& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

constexpr const char* kSmall = R"(
apiVersion: heliostat/v1
kind: Session
metadata: {name: s}
spec: {number: 1, sources: [g], filter: f, target: t, percent: 30.25}
---
apiVersion: heliostat/v1
kind: Filter
metadata: {name: f}
spec: {inbound: [{number: 10, action: reject, protocol: tcp, destinationPorts: 22}]}
---
apiVersion: heliostat/v1
kind: Target
metadata: {name: t}
spec: {remote: 10.9.0.2}
)";

// Written out by hand from proto/mirror.proto and the protobuf encoding.
TEST(ReadConfiguration, WritesTheBytesOfTheContract) {
  // clang-format off
  EXPECT_EQ(Hex(Read(kSmall).bytes),
            "06" "0a0408011005"                                         // header: format 1, 5 units
            "0d" "220b" "0a030a0174" "22040a090002"                     // target: metadata.name t, remote
            "07" "3205" "0a030a0166"                                    // filter: metadata.name f
            "15" "3a13" "0a0166" "1002"                                 // rules: filter f, INBOUND, index 0:
                 "220c" "080a" "1002" "1806" "3a0408161016"             //   number 10, REJECT, protocol 6, ports 22..22
            "12" "4210" "0a030a0173" "1001" "220166" "2a0174" "48d117"  // session: name, number, f, t, 3025 hundredths
            "08" "4a06" "0a0173" "1a0167");                             // sources: session s, interface g
  // clang-format on
}

TEST(ReadConfiguration, GivesTheSameBytesWhateverTheOrderOfDocuments) {
  const std::string yaml = kSmall;
  const auto split = yaml.find("---\n");
  const std::string turned = yaml.substr(split + 4) + "---\n" + yaml.substr(0, split);
  EXPECT_EQ(Read(turned).bytes, Read(yaml).bytes);
}

TEST(Summary, CountsWhatIsThere) { EXPECT_EQ(Summary(Read(kSmall)), "1 target, 1 filter (1 rule), 1 session"); }

}  // namespace
}  // namespace heliostat::helioctl
