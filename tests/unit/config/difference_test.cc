#include "config/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace heliostat::config {
namespace {

using testing::ElementsAre;

std::string Text(const Difference& difference) {
  const char* sign = difference.added() ? "+" : difference.removed() ? "-" : "~";
  return sign + std::string(KindName(difference.kind)) + " " + *difference.name;
}

std::vector<std::string> Texts(const std::vector<Difference>& differences) {
  std::vector<std::string> texts;
  for (const Difference& difference : differences) texts.push_back(Text(difference));
  return texts;
}

Config Sample() {
  Config config;
  config.interfaces = {{.name = "guest0", .owner = "alice"}};
  config.underlays = {{.interface = "wire0"}};
  config.targets = {{.metadata = {.name = "t1", .owner = "bob"}}, {.metadata = {.name = "t2"}}};
  config.filters = {{.metadata = {.name = "f", .owner = "carol"}, .inbound = {Rule{.number = 10}}}};
  config.sessions = {{.metadata = {.name = "s1", .owner = "dave"}}, {.metadata = {.name = "s3"}}};
  return config;
}

TEST(Compare, FindsNothingBetweenEquals) { EXPECT_TRUE(Compare(Sample(), Sample()).empty()); }

TEST(Compare, FindsEveryResourceFromAndToNothing) {
  const Config sample = Sample();
  EXPECT_THAT(Texts(Compare({}, sample)), ElementsAre("+interface guest0", "+underlay wire0", "+target t1",
                                                      "+target t2", "+filter f", "+session s1", "+session s3"));
  EXPECT_THAT(Texts(Compare(sample, {})), ElementsAre("-interface guest0", "-underlay wire0", "-target t1",
                                                      "-target t2", "-filter f", "-session s1", "-session s3"));
}

TEST(Compare, PointsIntoBothConfigurations) {
  const Config before = Sample();
  Config after = Sample();
  after.filters[0].inbound[0].number = 11;
  after.targets.erase(after.targets.begin());
  after.sessions.insert(after.sessions.begin() + 1, Session{.metadata = {.name = "s2"}});
  after.sessions[2].enabled = false;
  const std::vector<Difference> differences = Compare(before, after);
  ASSERT_THAT(Texts(differences), ElementsAre("-target t1", "~filter f", "+session s2", "~session s3"));
  EXPECT_EQ(differences[0].before, 0U);
  EXPECT_EQ(differences[0].after, Difference::kNone);
  EXPECT_EQ(differences[2].before, Difference::kNone);
  EXPECT_EQ(differences[2].after, 1U);
  EXPECT_EQ(differences[3].before, 1U);
  EXPECT_EQ(differences[3].after, 2U);
}

TEST(OwnerOf, IsTheResourcesAndForAnUnderlayTheAdmins) {
  const Config sample = Sample();
  EXPECT_EQ(OwnerOf(sample, Kind::kInterface, 0), "alice");
  EXPECT_EQ(OwnerOf(sample, Kind::kUnderlay, 0), "");
  EXPECT_EQ(OwnerOf(sample, Kind::kTarget, 0), "bob");
  EXPECT_EQ(OwnerOf(sample, Kind::kTarget, 1), "");
  EXPECT_EQ(OwnerOf(sample, Kind::kFilter, 0), "carol");
  EXPECT_EQ(OwnerOf(sample, Kind::kSession, 0), "dave");
}

TEST(Summarize, CountsBySignAndKind) {
  const Config before = Sample();
  Config after = Sample();
  EXPECT_EQ(Summarize(Compare(before, after)), "nothing");
  after.targets.clear();
  after.filters[0].metadata.description = "x";
  after.sessions.push_back({.metadata = {.name = "s4"}});
  EXPECT_EQ(Summarize(Compare(before, after)), "+1 session, ~1 filter, -2 targets");
}

TEST(Summarize, StaysWithinItsBound) {
  const std::string name = "x";
  std::vector<Difference> differences;
  for (const Kind kind : {Kind::kInterface, Kind::kUnderlay, Kind::kTarget, Kind::kFilter, Kind::kSession}) {
    for (std::size_t i = 0; i < 1000; ++i) {
      differences.push_back({.kind = kind, .name = &name, .before = 0});
      differences.push_back({.kind = kind, .name = &name, .after = 0});
      differences.push_back({.kind = kind, .name = &name, .before = 0, .after = 0});
    }
  }
  EXPECT_EQ(Summarize(differences), "+5000 ~5000 -5000 resources");
}

}  // namespace
}  // namespace heliostat::config
