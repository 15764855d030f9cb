#include "helioctl/card_change.h"

#include <gtest/gtest.h>

#include <sstream>

#include "helioctl/change_plan.h"
#include "unit/host_tools/random_config.h"
#include "unit/host_tools/scripted_card.h"

namespace heliostat::helioctl {
namespace {

config::Config WithTargets(std::initializer_list<const char*> names) {
  config::Config config;
  for (const char* name : names) {
    config::Target& target = config.targets.emplace_back();
    target.metadata.name = name;
    target.remote = *IpAddress::Parse("10.9.0.2");
  }
  return config;
}

v1::Error Error(Code code, const std::string& reason) {
  v1::Error error;
  error.set_code(static_cast<std::uint32_t>(code));
  error.set_resource("transaction");
  error.set_reason(reason);
  return error;
}

class CardChangeTest : public ::testing::Test {
 protected:
  Result<CardChange> Change(const Want& want, const CommitOptions& options = {}) {
    auto client = CardClient::Over(card_.Connect(), 10);
    if (!client.ok()) return client.status();
    client_ = std::move(*client);
    const Selection all;
    return ChangeCard(*client_, {&all, 1}, want, options, err_);
  }

  static Want Add(const config::Config& wanted) {
    return [wanted](const RemoteConfiguration& before) { return Overlaid(before.config, wanted); };
  }

  ScriptedCard card_;
  std::unique_ptr<CardClient> client_;
  std::ostringstream err_;
};

TEST_F(CardChangeTest, ReadsWhatTheCardHasAndSendsTheDifference) {
  Random random(7);
  for (int i = 0; i < 40; ++i) {
    card_.config = RandomConfig(random, 4);
    const config::Config wanted = Mutated(card_.config, random);
    const config::Config before = card_.config;
    const auto change = Change([&](const RemoteConfiguration& remote) -> Result<config::Config> {
      config::Config labelled = before;  // the card lists interfaces that have no labels, too
      std::erase_if(labelled.interfaces, [](const auto& s) { return s.owner.empty() && s.tags.empty(); });
      EXPECT_EQ(remote.config, labelled);
      return wanted;
    });
    ASSERT_TRUE(change.ok()) << change.status().ToString();
    config::Config made = card_.config;
    // An interface that was listed without labels has still none.
    for (config::Config* config : {&made}) {
      std::erase_if(config->interfaces, [](const auto& s) { return s.owner.empty() && s.tags.empty(); });
    }
    config::Config expected = wanted;
    std::erase_if(expected.interfaces, [](const auto& s) { return s.owner.empty() && s.tags.empty(); });
    ASSERT_EQ(made, expected);
  }
}

TEST_F(CardChangeTest, SendsNothingWhenNothingDiffers) {
  card_.config = WithTargets({"a"});
  const auto change = Change(Add(WithTargets({"a"})));
  ASSERT_TRUE(change.ok());
  EXPECT_FALSE(change->committed);
  EXPECT_EQ(card_.Count(v1::Request::kBegin), 0);
}

TEST_F(CardChangeTest, ReadsAgainWhenSomebodyElseWasFaster) {
  card_.overtakers = {WithTargets({"theirs"}), WithTargets({"theirs", "theirs-2"})};
  const auto change = Change(Add(WithTargets({"ours"})));
  ASSERT_TRUE(change.ok()) << change.status().ToString();
  EXPECT_EQ(card_.config, WithTargets({"ours", "theirs", "theirs-2"}));
  EXPECT_EQ(change->committed->generation(), 4U);
  EXPECT_EQ(card_.Count(v1::Request::kBegin), 3);
}

TEST_F(CardChangeTest, GivesUpWhenAlwaysOvertaken) {
  for (int i = 0; i < 20; ++i) card_.overtakers.push_back(WithTargets({"theirs"}));
  const auto change = Change(Add(WithTargets({"ours"})));
  EXPECT_EQ(change.status().code(), Code::kAborted);
  EXPECT_NE(change.status().fix(), "");
}

TEST_F(CardChangeTest, WaitsWhileAnotherTransactionIsOpenAndSaysWhose) {
  card_.begin_errors = {Error(Code::kUnavailable, "alice has one open"),
                        Error(Code::kUnavailable, "alice has one open")};
  const auto change = Change(Add(WithTargets({"ours"})));
  ASSERT_TRUE(change.ok()) << change.status().ToString();
  EXPECT_EQ(err_.str(), "helioctl: waiting: transaction: alice has one open\n");
}

TEST_F(CardChangeTest, PassesTheCardsErrorOnAndLeavesItUntouched) {
  card_.commit_errors = {Error(Code::kInvalidArgument, "is wrong")};
  const auto change = Change(Add(WithTargets({"ours"})));
  EXPECT_EQ(change.status().ToString(), "transaction: is wrong");
  EXPECT_EQ(card_.config, config::Config());
  EXPECT_FALSE(client_->broken());
}

TEST_F(CardChangeTest, DryRunChangesNothing) {
  const auto change = Change(Add(WithTargets({"ours"})), {.dry_run = true});
  ASSERT_TRUE(change.ok());
  EXPECT_TRUE(change->committed->dry_run());
  EXPECT_EQ(card_.config, config::Config());
}

}  // namespace
}  // namespace heliostat::helioctl
