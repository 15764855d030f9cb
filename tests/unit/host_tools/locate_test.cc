#include "helioctl/yaml/locate.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace heliostat::helioctl {
namespace {

TEST(Locate, FindsResourceRuleAndField) {
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("m.yaml",
                 "apiVersion: heliostat/v1\nkind: Filter\nmetadata:\n  name: web\n  owner: bob\nspec:\n  outbound:\n"
                 "  - {number: 10, action: accept}\n  - number: 20\n    action: accept\n    destinationPorts: 80\n",
                 resources, problems);
  const std::vector<std::pair<std::string, int>> kSubjects{
      {"filter \"web\"", 1},
      {"filter \"web\" owner", 5},
      {"filter \"web\" outbound rule 10", 8},
      {"filter \"web\" outbound rule 20", 9},
      {"filter \"web\" outbound rule 20 destination_ports", 11},
      {"filter \"web\" outbound rule 20 icmp_type", 9},
      {"filter \"web\" outbound rule 30", 8},
      {"filter \"web\" inbound rule 10", 1},
  };
  for (const auto& [subject, line] : kSubjects) {
    const auto located = Locate(resources, subject);
    ASSERT_TRUE(located) << subject;
    EXPECT_EQ(located->place.line, line) << subject;
  }
  EXPECT_FALSE(Locate(resources, "filter \"other\""));
  EXPECT_FALSE(Locate(resources, "session \"web\""));
  EXPECT_FALSE(Locate(resources, ""));
}

TEST(Locate, FindsItemsAndCallsFieldsByTheirYamlNames) {
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("m.yaml",
                 "apiVersion: heliostat/v1\nkind: Session\nmetadata: {name: s}\nspec:\n  sources:\n  - a\n  - b\n"
                 "  percent: 5\n  sessionId: 3\n---\n"
                 "apiVersion: heliostat/v1\nkind: Underlay\nmetadata: {name: u}\nspec:\n  neighbours:\n"
                 "  - {address: 10.0.0.1,\n     mac: 02:00:00:00:00:01}\n",
                 resources, problems);
  const std::vector<std::tuple<std::string, int, std::string>> kSubjects{
      {"session \"s\" sources \"b\"", 7, "session \"s\" sources \"b\""},
      {"session \"s\" sample_hundredths", 8, "session \"s\" percent"},
      {"session \"s\" tunnel_id", 9, "session \"s\" sessionId"},
      {"underlay \"u\" neighbours 10.0.0.1 mac", 17, "underlay \"u\" neighbours 10.0.0.1 mac"},
  };
  for (const auto& [subject, line, yaml_subject] : kSubjects) {
    const auto located = Locate(resources, subject);
    ASSERT_TRUE(located) << subject;
    EXPECT_EQ(located->place.line, line) << subject;
    EXPECT_EQ(located->subject, yaml_subject);
  }
}

}  // namespace
}  // namespace heliostat::helioctl
