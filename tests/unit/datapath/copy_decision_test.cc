// A copy's fate, asked without a card: the world answers by hand.
#include "datapath/copy_decision.h"

#include <gtest/gtest.h>

#include <vector>

namespace heliostat::datapath {
namespace {

struct HandMadeWorld {
  bool keeps = true;
  bool link_up = true;
  bool refused = false;
  bool has_tokens = true;
  std::vector<std::uint32_t> taken;

  [[nodiscard]] bool KeepsPacket(SampleShare) const { return keeps; }
  [[nodiscard]] bool KeepsFlow(SampleShare, std::uint32_t flow_hash) const { return flow_hash % 2 == 0; }
  [[nodiscard]] bool LinkUp(std::uint16_t) const { return link_up; }
  [[nodiscard]] bool RefusedOriginals(std::uint16_t) const { return refused; }
  bool Take(RateLimiter&, std::uint32_t wire_bytes) {
    taken.push_back(wire_bytes);
    return has_tokens;
  }
};

Member To(std::uint32_t max_inner_bytes = 1464) {
  Member member;
  member.header.length = 50;
  member.resolved = true;
  member.max_inner_bytes = max_inner_bytes;
  return member;
}

CopyPlan PlanTo(std::vector<Member> members) {
  CopyPlan plan;
  plan.members = std::move(members);
  return plan;
}

CopyDecision Decide(const CopyPlan& plan, HandMadeWorld world = {}, const CopiedFrame& frame = {.bytes = 1000},
                    std::uint32_t hash = 0) {
  return DecideCopy(plan, frame, hash, world);
}

TEST(CopyDecision, SendsAWholeFrameThatFits) {
  const CopyPlan plan = PlanTo({To()});
  const CopyDecision decision = Decide(plan);
  EXPECT_EQ(decision.column, Column::kSent);
  EXPECT_EQ(decision.inner_bytes, 1000U);
  EXPECT_FALSE(decision.cut_to_fit);
  EXPECT_EQ(decision.member, &plan.members[0]);
}

// Each reason is named when it is alone, and when all that come after it hold too.
TEST(CopyDecision, NamesTheFirstReasonInTheOrderOfTheDefinition) {
  CopyPlan plan = PlanTo({To(20)});  // too long, too
  plan.share = SampleShare(5'000);
  plan.limiter = std::make_shared<RateLimiter>(RateLimiterSpec{.packets_per_second = 1}, 0);
  HandMadeWorld world{.keeps = false, .link_up = false, .refused = true, .has_tokens = false, .taken = {}};
  plan.members[0].resolved = false;
  EXPECT_EQ(Decide(plan, world).column, Column::kSampledOut);
  world.keeps = true;
  EXPECT_EQ(Decide(plan, world).column, Column::kUnresolved);
  plan.members[0].withdrawn = true;
  EXPECT_EQ(Decide(plan, world).column, Column::kTargetDown);
  plan.members[0].resolved = true;
  EXPECT_EQ(Decide(plan, world).column, Column::kTargetDown) << "the link";
  world.link_up = true;
  EXPECT_EQ(Decide(plan, world).column, Column::kEgressFull);
  world.refused = false;
  EXPECT_EQ(Decide(plan, world).column, Column::kTooLong);
  plan.members[0].max_inner_bytes = 1464;
  EXPECT_EQ(Decide(plan, world).column, Column::kRateLimited);
  world.has_tokens = true;
  EXPECT_EQ(Decide(plan, world).column, Column::kSent);
}

TEST(CopyDecision, ChargesALimiterWithTheCutCopyAndItsHeader) {
  CopyPlan plan = PlanTo({To()});
  plan.packet_length = 100;
  plan.limiter = std::make_shared<RateLimiter>(RateLimiterSpec{.packets_per_second = 1}, 0);
  HandMadeWorld world;
  EXPECT_EQ(DecideCopy(plan, {.bytes = 1000}, 0, world).column, Column::kSent);
  EXPECT_EQ(world.taken, (std::vector<std::uint32_t>{150}));
}

TEST(CopyDecision, CutsToFitButNotBelowWhatAReceiverCanUse) {
  const auto inner = [](std::uint32_t max_inner, const CopiedFrame& frame) {
    const CopyPlan plan = PlanTo({To(max_inner)});
    const CopyDecision decision = Decide(plan, {}, frame);
    return decision.column == Column::kTooLong ? 0U : decision.inner_bytes;
  };
  EXPECT_EQ(inner(500, {.bytes = 1000}), 500U);
  EXPECT_EQ(inner(35, {.bytes = 1000}), 35U);
  EXPECT_EQ(inner(34, {.bytes = 1000}), 0U);
  EXPECT_EQ(inner(55, {.bytes = 1000, .ipv6 = true}), 55U);
  EXPECT_EQ(inner(54, {.bytes = 1000, .ipv6 = true}), 0U);
  EXPECT_EQ(inner(20, {.bytes = 20}), 20U) << "a frame shorter than the least cut goes whole";
  CopyPlan cut = PlanTo({To()});
  cut.packet_length = 35;
  EXPECT_EQ(Decide(cut, {}, {.bytes = 1000, .ipv6 = true}).inner_bytes, 55U);
  EXPECT_FALSE(Decide(cut, {}, {.bytes = 1000}).cut_to_fit) << "it was asked for";
}

TEST(CopyDecision, GivesAPlainCopyRoomForItsOwnTag) {
  CopyPlan plan = PlanTo({To(1514)});
  plan.members[0].tagged_extra_bytes = 4;
  EXPECT_EQ(Decide(plan, {}, {.bytes = 1518, .tagged_8100 = true}).inner_bytes, 1518U);
  EXPECT_EQ(Decide(plan, {}, {.bytes = 1518}).inner_bytes, 1514U);
}

TEST(CopyDecision, ChoosesTheMemberByTheUpperBitsOfTheHash) {
  const CopyPlan plan = PlanTo({To(), To(), To(), To()});
  EXPECT_TRUE(NeedsFlowHash(plan));
  for (std::uint32_t quarter = 0; quarter < 4; ++quarter) {
    EXPECT_EQ(Decide(plan, {}, {.bytes = 100}, quarter << 30U).member, &plan.members[quarter]);
  }
}

}  // namespace
}  // namespace heliostat::datapath
