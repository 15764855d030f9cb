#include "helioctl/card/card_change.h"

#include <gtest/gtest.h>

#include <sstream>

#include "helioctl/card/change_plan.h"
#include "helioctl/change/change_report.h"
#include "helioctl/change/generations.h"
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
  Status Connect() {
    auto client =
        CardClient::Over(card_.Connect(), 10, [this](const Deadline&) -> Result<std::unique_ptr<hal::ByteStream>> {
          if (!comes_back_) return Status(Code::kUnavailable, "", "nobody listens");
          return card_.Connect();
        });
    if (!client.ok()) return client.status();
    client_ = std::move(*client);
    return OkStatus();
  }

  Result<RolledBack> Back(std::uint64_t generation = 0, const CommitOptions& options = {}) {
    HELIOSTAT_RETURN_IF_ERROR(Connect());
    return RollBack(*client_, generation, options, err_);
  }

  v1::Generation& Keeps(std::uint64_t number, const std::string& user, const std::string& summary) {
    for (v1::Generation& generation : card_.generations) generation.set_current(false);
    v1::Generation& made = card_.generations.emplace_back();
    made.set_number(number);
    made.set_user(user);
    made.set_summary(summary);
    made.set_current(true);
    card_.generation = number;
    return made;
  }

  Result<CardChange> Change(const Want& want, const CommitOptions& options = {}) {
    HELIOSTAT_RETURN_IF_ERROR(Connect());
    const Selection all;
    return ChangeCard(*client_, {&all, 1}, want, options, err_);
  }

  static Want Add(const config::Config& wanted) {
    return [wanted](const RemoteConfiguration& before) { return Overlaid(before.config, wanted); };
  }

  ScriptedCard card_;
  bool comes_back_ = true;
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
      config::Config configured = before;  // the card lists interfaces of which nobody has said anything, too
      std::erase_if(configured.interfaces, IsBare);
      EXPECT_EQ(remote.config, configured);
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

TEST_F(CardChangeTest, FindsWhatTheCardMadeAlthoughItsAnswerWasLost) {
  card_.lost_answers = 1;
  const auto change = Change(Add(WithTargets({"ours"})), {.comment = "why"});
  ASSERT_TRUE(change.ok()) << change.status().ToString();
  EXPECT_TRUE(change->answer_lost);
  EXPECT_TRUE(change->unknown.ok());
  EXPECT_EQ(change->committed->generation(), 2U);
  EXPECT_EQ(card_.Count(v1::Request::kCommit), 1);
}

TEST_F(CardChangeTest, SaysThatItDoesNotKnowWhatBecameOfIt) {
  const struct {
    const char* what;
    bool done, comes_back;
    const char* other;  // who makes the next generation
    const char* summary;
  } kCases[] = {{"not there yet", false, true, nullptr, nullptr},
                {"nobody there", true, false, nullptr, nullptr},
                {"another's generation", false, true, "bob", "+1 target"},
                {"that of another job of ours", false, true, "ada", "+1 target, ~1 filter"}};
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.what);
    card_ = ScriptedCard();
    card_.lost_answers = 1;
    card_.does_what_is_lost = one.done;
    comes_back_ = one.comes_back;
    if (one.other != nullptr) Keeps(2, one.other, one.summary);
    card_.generation = 1;
    const auto change = Change(Add(WithTargets({"ours"})));
    ASSERT_TRUE(change.ok()) << "not an error, after which nothing would have changed";
    EXPECT_FALSE(change->committed);
    EXPECT_EQ(change->unknown.ToString(),
              "the card closed the connection while the card to commit was waited for, so whether it was done is "
              "unknown; see `helioctl generations` before you try again");
    std::istringstream in;
    std::ostringstream out;
    EXPECT_EQ(Report(*change, {}, "deleted", {}, {in, out, err_}), 3);
    EXPECT_EQ(out.str(), "");
  }
}

TEST_F(CardChangeTest, SaysThatItDoesNotKnowWhetherASettingWasTaken) {
  ASSERT_TRUE(Connect().ok());
  card_.lost_answers = 1;
  v1::Request request;
  request.mutable_set_time()->set_time_ns(1);
  const auto response = client_->Call(std::move(request));
  ASSERT_FALSE(response.ok());
  std::istringstream in;
  std::ostringstream out;
  EXPECT_EQ(FailToSet(response.status(), client_->broken(), "helioctl time", {in, out, err_}), 3);
  EXPECT_EQ(err_.str(),
            "helioctl: the card closed the connection while the card's answer was waited for, so whether it was done "
            "is unknown; see `helioctl time` before you try again\n");
}

TEST_F(CardChangeTest, ASettingThatTheCardRefusesIsAnError) {
  ASSERT_TRUE(Connect().ok());
  v1::Request request;
  request.mutable_set_trust();
  const auto response = client_->Call(std::move(request));
  ASSERT_FALSE(response.ok());
  std::istringstream in;
  std::ostringstream out;
  EXPECT_EQ(FailToSet(response.status(), client_->broken(), "helioctl trust show", {in, out, err_}), 1);
}

TEST_F(CardChangeTest, ADryRunWithoutAnAnswerIsAnError) {
  card_.lost_answers = 1;
  EXPECT_EQ(Change(Add(WithTargets({"ours"})), {.dry_run = true}).status().code(), Code::kUnavailable);
}

TEST_F(CardChangeTest, ARollbackWhoseAnswerWasLostIsFound) {
  Keeps(1, "ada", "+1 target");
  Keeps(2, "bob", "~1 target");
  card_.lost_answers = 1;
  const auto back = Back();
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_TRUE(back->answer.lost);
  EXPECT_EQ(back->answer.committed.generation(), 3U);
  EXPECT_EQ(back->content_of, 1U);
}

TEST_F(CardChangeTest, ARollbackIsNotTakenForAnotherJobsOfTheSameUser) {
  Keeps(1, "ada", "+1 target");
  Keeps(2, "bob", "~1 target");
  Keeps(3, "bob", "~1 target");
  card_.lost_answers = 1;
  card_.does_what_is_lost = false;
  card_.made_when_lost = "to 1: ~1 target";
  const auto back = Back(2);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_FALSE(back->answer.unknown.ok());
}

TEST_F(CardChangeTest, ARollbackWaitsForATransactionAndNothingElse) {
  Keeps(1, "ada", "+1 target");
  Keeps(2, "bob", "~1 target");
  v1::Error broken;
  broken.set_code(static_cast<std::uint32_t>(Code::kUnavailable));
  broken.set_resource("flash");
  broken.set_reason("an earlier write has failed");
  broken.set_fix("restart the card");
  card_.rollback_errors = {Error(Code::kUnavailable, "alice has one open"), broken};
  EXPECT_EQ(Back().status().ToString(), "flash: an earlier write has failed; restart the card");
  EXPECT_EQ(card_.Count(v1::Request::kRollback), 2);
  EXPECT_EQ(err_.str(), "helioctl: waiting: transaction: alice has one open\n");
}

TEST_F(CardChangeTest, ARollbackTriedAgainDoesNotBringTheBadBack) {
  Keeps(1, "ada", "+1 target");
  Keeps(2, "bob", "~1 target");
  card_.lost_answers = 1;
  comes_back_ = false;
  const auto lost = Back();
  ASSERT_TRUE(lost.ok()) << lost.status().ToString();
  EXPECT_FALSE(lost->answer.unknown.ok());
  EXPECT_EQ(card_.generation, 3U) << "it was done all the same";
  const auto again = Back();
  EXPECT_EQ(again.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(again.status().subject(), "generation 3");
  EXPECT_NE(again.status().reason().find("goes back itself (to 1: "), std::string::npos) << again.status().reason();
  EXPECT_NE(again.status().fix().find("helioctl rollback 2"), std::string::npos) << again.status().fix();
  EXPECT_EQ(card_.generation, 3U);
  const auto meant = Back(2);
  ASSERT_TRUE(meant.ok()) << meant.status().ToString();
  EXPECT_EQ(meant->content_of, 2U);
}

TEST_F(CardChangeTest, TheFirstGenerationCanBeRolledBackWhileItWaits) {
  v1::Generation& first = Keeps(1, "ada", "+1 target");
  EXPECT_EQ(Back().status().code(), Code::kNotFound);
  EXPECT_EQ(card_.Count(v1::Request::kRollback), 0);
  first.set_confirm_left_s(60);
  const auto back = Back();
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->content_of, 0U);
  ASSERT_EQ(card_.Count(v1::Request::kRollback), 1);
  EXPECT_EQ(card_.requests.back().rollback().generation(), 0U);
  EXPECT_EQ(card_.requests.back().rollback().expected_generation(), 1U);
}

}  // namespace
}  // namespace heliostat::helioctl
