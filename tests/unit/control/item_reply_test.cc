#include "control/item_reply.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "unit/codec/response_frame.h"

namespace heliostat::control {
namespace {

std::shared_ptr<config::Config> Configured() {
  auto config = std::make_shared<config::Config>();
  config->targets.resize(2);
  config->targets[0].metadata.name = "both";
  config->targets[0].group = true;
  config->targets[0].members = {"zeek"};
  config->targets[1].metadata.name = "zeek";
  config->sessions.resize(2);
  for (config::Session& session : config->sessions) session.target = "zeek";
  return config;
}

// Its state, as get gives it.
v1::TargetState StateOf(const std::string& target, std::shared_ptr<const Published> published) {
  const CardView card;
  ItemReply reply(1, {.kind = config::Kind::kTarget, .name = target}, true, card);
  reply.Start(7, CountUses(Configured()), std::move(published));
  std::string out;
  EXPECT_EQ(reply.Next(0, &out), Reply::Progress::kDone);
  const v1::Response response = codec::OnlyResponse(out);
  EXPECT_GT(response.items().items_size(), 0);
  return response.items().items(0).target();
}

TEST(ItemReply, GivesATargetsStateAsTheAgentHasReportedIt) {
  auto published = std::make_shared<Published>();
  published->targets = {{.name = "both", .up = true, .reason = "target \"zeek\": no neighbour"},
                        {.name = "zeek", .up = false, .reason = "no neighbour"}};
  EXPECT_EQ(StateOf("both", published).ShortDebugString(),
            "up: true reason: \"target \\\"zeek\\\": no neighbour\" members: 1");
  EXPECT_EQ(StateOf("zeek", published).ShortDebugString(), "reason: \"no neighbour\" sessions: 2");
}

TEST(ItemReply, SaysOfATargetWithoutReportThatItIsNotApplied) {
  EXPECT_EQ(StateOf("zeek", std::make_shared<Published>()).ShortDebugString(),
            "reason: \"the configuration is not applied\" sessions: 2");
}

TEST(ItemReply, SaysOfATargetOfAnOlderGenerationThatItIsNone) {
  EXPECT_EQ(StateOf("zeek", nullptr).ShortDebugString(), "reason: \"not the current generation\" sessions: 2");
}

}  // namespace
}  // namespace heliostat::control
