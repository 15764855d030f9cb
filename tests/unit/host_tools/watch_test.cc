#include "helioctl/show/watch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "helioctl/cli/screen.h"
#include "helioctl/show/top.h"
#include "unit/host_tools/card_fixture.h"

namespace heliostat::helioctl {
namespace {

// Times are shown in the reader's zone.
class Watching : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC0", 1);
    tzset();
  }
};

using ChangeLinesTest = Watching;
using TopTest = Watching;

TEST_F(ChangeLinesTest, BeginsWithEverySession) {
  ChangeLines lines({});
  EXPECT_EQ(lines.Take(SnapshotAt(0, 1)),
            "TIME                 SESSION  STATE          MATCHED          SENT       DROPPED  NOTES\n"
            "2026-11-22 03:00:29  alpha    active             300           210            90  "
            "sampled_out 30, no_buffer 15, egress_full 45\n"
            "2026-11-22 03:00:29  beta     inactive             0             0             0  "
            "target \"zeek\" is down\n");
}

TEST_F(ChangeLinesTest, ShowsWhatIsNotAsBefore) {
  ChangeLines lines({.headers = false});
  (void)lines.Take(SnapshotAt(0, 1));
  EXPECT_EQ(lines.Take(SnapshotAt(1, 1)), "");
  Snapshot changed = SnapshotAt(2, 1);
  changed.sessions[1].set_active(true);
  changed.sessions[1].clear_reason();
  EXPECT_EQ(lines.Take(changed), "2026-11-22 03:00:31  beta     active               0             0             0\n");
  changed.counters.entries[0].mutable_matched()->set_packets(101);
  EXPECT_NE(lines.Take(changed).find("alpha"), std::string::npos);
  changed.sessions.erase(changed.sessions.begin());
  EXPECT_EQ(lines.Take(changed), "2026-11-22 03:00:31  alpha    removed\n");
}

TEST_F(ChangeLinesTest, HasAnObjectOfEachSnapshot) {
  const Json json = SnapshotJson(SnapshotAt(0, 1));
  EXPECT_EQ(json["time"], "2026-11-22T03:00:29Z");
  EXPECT_EQ(json["generation"], 3);
  ASSERT_EQ(json["sessions"].size(), 2U);
  EXPECT_EQ(json["sessions"][0]["counters"]["matched"]["packets"], 300);
  EXPECT_EQ(json["sessions"][0]["counters"]["no_buffer"]["bytes"], 1'500);
  EXPECT_EQ(json["sessions"][1]["reason"], "target \"zeek\" is down");
  EXPECT_EQ(json["interfaces"], Json::parse(R"([{"name": "guest0", "link": "up"}])"));
}

std::string Top(const TopOptions& options) {
  const Snapshot after = SnapshotAt(2, 3);
  return TopText(after, RatesBetween(SnapshotAt(0, 1), after), options, {});
}

TEST_F(TopTest, ShowsRatesOfSessions) {
  EXPECT_EQ(Top({}),
            "2026-11-22 03:00:31  generation 3  1 of 2 sessions active\n"
            "SESSION  STATE     MATCHED/s  SENT/s  BITS/s  DROPS/s  MOSTLY\n"
            "alpha    active          300     210    252k       90  egress_full\n"
            "beta     inactive          0       0       0        0  target \"zeek\" is down\n");
}

TEST_F(TopTest, SortsByWhatIsAskedFor) {
  Snapshot before = SnapshotAt(0, 1);
  Snapshot after = SnapshotAt(1, 1);
  before.counters.entries.push_back(Line("beta", false, 1));
  after.counters.entries.push_back(Line("beta", false, 2));
  const Rates rates = RatesBetween(before, after);
  const auto first = [&](const char* sort) {
    const std::string text = TopText(after, rates, {.sort = sort}, {.headers = false});
    return text.substr(0, text.find(' '));
  };
  EXPECT_EQ(first("name"), "alpha");
  for (const char* sort : {"matched", "sent", "bits", "drops"}) EXPECT_EQ(first(sort), "beta") << sort;
}

TEST_F(TopTest, ShowsRatesOfInterfaces) {
  EXPECT_EQ(Top({.interfaces = true}),
            "2026-11-22 03:00:31  generation 3  1 of 2 sessions active\n"
            "INTERFACE  LINK  RECEIVED/s  BITS/s  FORWARDED/s  LOST/s  COPIES/s  BITS/s  MIRROR-IN/s  MIRROR-OUT/s  "
            "SKIP-IN/s  SKIP-OUT/s\n"
            "guest0     up         1.00k    800k          900       5        50   48.0k           70           140  "
            "       20          40\n");
}

TEST_F(TopTest, HasAnObjectOfEachInterval) {
  const Snapshot after = SnapshotAt(2, 3);
  const Json json = TopJson(after, RatesBetween(SnapshotAt(0, 1), after));
  EXPECT_EQ(json["intervalSeconds"], 2);
  EXPECT_EQ(json["sessions"][0]["matchedPacketsPerSecond"], 300);
  EXPECT_EQ(json["sessions"][0]["mostlyDroppedBy"], "egress_full");
  EXPECT_EQ(json["interfaces"][0]["counters"]["NetworkPacketsMirrorIn"], 210);
}

TEST(Cropped, KeepsWhatFits) {
  EXPECT_EQ(Cropped("abcdef\nx\ny\n", 3, 2), "abc\nx\n");
  EXPECT_EQ(Cropped("東京都\n", 5, 9), "東京\n");
  EXPECT_EQ(Cropped("", 5, 9), "");
}

TEST(Cropped, EndsAColourThatItCut) {
  EXPECT_EQ(Cropped("\x1b[32mactive\x1b[0m x\n", 3, 1), "\x1b[32mact\x1b[0m\n");
  EXPECT_EQ(Cropped("\x1b[32mup\x1b[0m x\n", 4, 1), "\x1b[32mup\x1b[0m x\n");
}

}  // namespace
}  // namespace heliostat::helioctl
