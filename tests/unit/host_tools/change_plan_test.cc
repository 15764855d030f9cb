#include "helioctl/card/change_plan.h"

#include <gtest/gtest.h>

#include "codec/change.h"
#include "helioctl/card/message_channel.h"
#include "unit/host_tools/random_config.h"

namespace heliostat::helioctl {
namespace {

// What the card makes of the requests, as they travel.
config::Config Edited(const config::Config& before, const std::vector<v1::Edit>& batches) {
  codec::ConfigEditor editor(before, config::kNoLimits);
  for (const v1::Edit& batch : batches) {
    v1::Request request;
    *request.mutable_edit() = batch;
    EXPECT_LE(request.ByteSizeLong(), kMaxFrameBytes);
    for (const v1::Change& change : batch.changes()) {
      const std::string bytes = change.SerializeAsString();
      EXPECT_LE(bytes.size(), codec::kMaxChangeBytes);
      const Status applied = editor.Apply({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      EXPECT_TRUE(applied.ok()) << applied.ToString() << "\n" << change.DebugString();
    }
  }
  auto edited = editor.Finish();
  EXPECT_TRUE(edited.ok()) << edited.status().ToString();
  return edited.ok() ? *edited : config::Config{};
}

TEST(PlanChanges, MakesOfWhatTheCardHasWhatIsWanted) {
  Random random(20261122);
  for (int i = 0; i < 150; ++i) {
    const config::Config before = RandomConfig(random, 4);
    const config::Config after = i % 3 == 0 ? RandomConfig(random, 4) : Mutated(before, random);
    const auto plan = PlanChanges(before, after);
    ASSERT_TRUE(plan.ok()) << plan.status().ToString();
    ASSERT_EQ(Edited(before, Batches(*plan)), after) << "pair " << i;
    ASSERT_EQ(plan->empty(), before == after);
  }
}

TEST(PlanChanges, SendsOneRuleOfTenThousand) {
  config::Config before;
  before.filters.resize(1);
  before.filters[0].metadata.name = "large";
  for (std::uint16_t number = 1; number <= 10'000; ++number) {
    before.filters[0].inbound.push_back({.number = number, .protocol = 6});
  }
  config::Config after = before;
  after.filters[0].inbound[4'999].protocol = 17;
  const auto plan = PlanChanges(before, after);
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->size(), 1U);
  EXPECT_LT(plan->front().ByteSizeLong(), 40U);
  EXPECT_EQ(plan->front().patch().rules().set_size(), 1);
}

TEST(AboutWhat, NamesTheResourceOfEveryChange) {
  const auto names = [](const config::Config& before, const config::Config& after) {
    std::string text;
    const auto plan = PlanChanges(before, after);
    for (const v1::Change& change : *plan) text += (text.empty() ? "" : " ") + AboutWhat(change).ToString();
    return text;
  };
  config::Config before;
  before.interfaces = {{.name = "guest0", .owner = "alice"}};
  before.filters.resize(1);
  before.filters[0].metadata.name = "web";
  before.sessions.resize(1);
  before.sessions[0].metadata.name = "s";
  before.sessions[0].sources = {"guest0"};
  EXPECT_EQ(names({}, before), "interface/guest0 filter/web session/s session/s");
  EXPECT_EQ(names(before, {}), "session/s filter/web interface/guest0");
  config::Config after = before;
  after.filters[0].inbound = {{.number = 10}};
  after.sessions[0].sources = {"guest0", "guest1"};
  after.sessions[0].number = 7;
  EXPECT_EQ(names(before, after), "filter/web session/s session/s");
}

TEST(Batches, FillFramesAndNeverOverfillThem) {
  config::Config after;
  after.filters.resize(1);
  after.filters[0].metadata.name = "large";
  for (std::uint16_t number = 1; number <= 10'000; ++number) {
    after.filters[0].inbound.push_back({.number = number, .description = std::string(100, 'x')});
  }
  const auto plan = PlanChanges({}, after);
  ASSERT_TRUE(plan.ok());
  const auto batches = Batches(*plan);
  EXPECT_GT(batches.size(), 10U);
  EXPECT_LT(batches.size(), 40U);
  EXPECT_EQ(Edited({}, batches), after);
}

config::Config Named(std::initializer_list<const char*> sessions, std::initializer_list<const char*> targets) {
  config::Config config;
  for (const char* name : sessions) config.sessions.emplace_back().metadata.name = name;
  for (const char* name : targets) config.targets.emplace_back().metadata.name = name;
  return config;
}

TEST(Overlaid, ReplacesByNameAndKeepsTheRest) {
  config::Config wanted = Named({"b", "d"}, {"t"});
  wanted.sessions[0].number = 7;
  const config::Config all = Overlaid(Named({"a", "b", "c"}, {}), wanted);
  config::Config expected = Named({"a", "b", "c", "d"}, {"t"});
  expected.sessions[1].number = 7;
  EXPECT_EQ(all, expected);
}

TEST(Overlaid, SaysNothingAboutAnInterfaceWithoutLabels) {
  config::Config wanted;
  wanted.interfaces = {{.name = "guest0"}};
  EXPECT_TRUE(Overlaid({}, wanted).interfaces.empty());
  config::Config labelled;
  labelled.interfaces = {{.name = "guest0", .owner = "alice"}};
  EXPECT_EQ(Overlaid(labelled, wanted), wanted) << "but takes labels away";
  wanted.interfaces[0].excluded = "management";
  EXPECT_EQ(Overlaid({}, wanted), wanted) << "and says what is never mirrored there";
}

TEST(Pruned, TakesOnlyTheOwnersAndNeverInterfaces) {
  config::Config base = Named({"a", "b", "c"}, {"t"});
  base.interfaces = {{.name = "guest0", .owner = "alice"}};
  base.underlays = {{.interface = "wire0"}};
  base.sessions[1].metadata.owner = base.sessions[2].metadata.owner = "alice";
  const config::Config keep = Named({"b"}, {});
  const std::string alice = "alice";
  config::Config expected = base;
  expected.sessions.pop_back();
  EXPECT_EQ(Pruned(base, keep, &alice), expected);
  expected.sessions.erase(expected.sessions.begin());
  expected.targets.clear();
  EXPECT_EQ(Pruned(base, keep, nullptr), expected);
}

TEST(Without, TellsWhatIsNotThere) {
  std::vector<ResourceName> missing;
  const std::vector<ResourceName> names{{config::Kind::kSession, "a"}, {config::Kind::kFilter, "x"}};
  EXPECT_EQ(Without(Named({"a", "b"}, {"t"}), names, missing), Named({"b"}, {"t"}));
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].ToString(), "filter/x");
}

}  // namespace
}  // namespace heliostat::helioctl
