#include "control/provisioner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "unit/control/provisioned_card.h"

namespace heliostat::control {
namespace {

using config::Config;
using support::MirrorAll;
using testing::HasSubstr;
using testing::SizeIs;

Config Numbered(int i) {
  Config config = MirrorAll();
  config.filters[0].metadata.description = "number " + std::to_string(i);
  return config;
}

TEST(Provisioner, CommitsToFlashToTheWorkersAndToReaders) {
  ProvisionedCard card;
  card.ExpectAt(0, Config{});
  const auto first = card.Commit(MirrorAll());
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(first.value().generation, 1U);
  EXPECT_FALSE(first.value().dry_run);
  ASSERT_THAT(first.value().changes, SizeIs(4));
  EXPECT_EQ(first.value().changes[0].kind, config::Kind::kUnderlay);
  EXPECT_EQ(first.value().changes[0].added, 1U);
  EXPECT_EQ(first.value().sessions, 1U);
  EXPECT_EQ(first.value().active_sessions, 1U);
  card.ExpectAt(1, MirrorAll());
  ASSERT_TRUE(card.Commit(Numbered(2)).ok());
  card.ExpectAt(2, Numbered(2));
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(2, Numbered(2));
  EXPECT_THAT(card.provisioner().published()->sessions, SizeIs(1));
  EXPECT_THAT(card.provisioner().published()->targets, SizeIs(1));
  const auto older = card.provisioner().ConfigOf(1);
  ASSERT_TRUE(older.ok());
  EXPECT_TRUE(*older.value() == MirrorAll());
  EXPECT_EQ(card.provisioner().ConfigOf(3).status().code(), Code::kNotFound);
}

TEST(Provisioner, NamesTheSessionsThatAreEnabledAndNotActive) {
  ProvisionedCard card;
  Config config = MirrorAll();
  config.underlays[0].neighbours.clear();
  config.sessions.push_back(config.sessions[0]);
  config.sessions[1].metadata.name = "off";
  config.sessions[1].number = 2;
  config.sessions[1].tunnel_id = 8;
  config.sessions[1].enabled = false;
  const auto committed = card.Commit(config);
  ASSERT_TRUE(committed.ok());
  EXPECT_EQ(committed.value().sessions, 2U);
  EXPECT_EQ(committed.value().active_sessions, 0U);
  ASSERT_THAT(committed.value().inactive, SizeIs(1));
  EXPECT_EQ(committed.value().inactive[0].name, "all");
  EXPECT_THAT(committed.value().inactive[0].reason, HasSubstr("no neighbour"));
}

// --- What fails, fails before anything has changed ---

struct Refusal {
  const char* what;
  std::function<void(ProvisionedCard&, CommitRequest&)> arrange;
  Code code;
  const char* says;
};

TEST(Provisioner, ChangesNothingWhereItRefuses) {
  const auto edited = [](const std::function<void(Config&)>& edit) {
    return [edit](ProvisionedCard&, CommitRequest& request) {
      Config config = *request.config;
      edit(config);
      request.config = std::make_shared<const Config>(std::move(config));
    };
  };
  const Refusal kRefusals[] = {
      {"lost the race", [](ProvisionedCard&, CommitRequest& r) { r.base = 1; }, Code::kAborted, "read again"},
      {"from the future", [](ProvisionedCard&, CommitRequest& r) { r.base = 3; }, Code::kAborted, "read again"},
      {"wrong by itself", edited([](Config& c) { c.sessions[0].number = 0; }), Code::kInvalidArgument, "number"},
      {"names what is not there", edited([](Config& c) { c.sessions[0].filter = "none"; }), Code::kNotFound,
       "\"none\""},
      {"takes away what is used", edited([](Config& c) { c.targets.clear(); }), Code::kFailedPrecondition,
       "in use by session \"all\""},
      {"can't be built", edited([](Config& c) { c.underlays[0].interface = "none"; }), Code::kNotFound, "none"},
      {"not the caller's", [](ProvisionedCard&, CommitRequest& r) { r.by = Operator("alice"); },
       Code::kPermissionDenied, "and you act for \"alice\""},
      {"no right at all", [](ProvisionedCard&, CommitRequest& r) { r.by.role = codec::Role::kViewer; },
       Code::kPermissionDenied, "viewer"},
      {"waits too long", [](ProvisionedCard&, CommitRequest& r) { r.confirm_within_s = 86'401; },
       Code::kInvalidArgument, "86400"},
      {"flash fails", [](ProvisionedCard& c, CommitRequest&) { c.flash().FailAt(c.flash().operations() + 1); },
       Code::kUnavailable, ""},
  };
  for (const Refusal& refusal : kRefusals) {
    SCOPED_TRACE(refusal.what);
    ProvisionedCard card;
    ASSERT_TRUE(card.Commit(MirrorAll()).ok());
    ASSERT_TRUE(card.Commit(Numbered(2)).ok());
    CommitRequest request{.by = Admin(), .base = 2, .config = std::make_shared<const Config>(Numbered(3))};
    refusal.arrange(card, request);
    const auto refused = card.provisioner().Commit(request);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.status().code(), refusal.code) << refused.status().ToString();
    EXPECT_THAT(refused.status().ToString(), HasSubstr(refusal.says));
    card.ExpectAt(2, Numbered(2));
    EXPECT_THAT(card.Audit(), SizeIs(2));
    EXPECT_EQ(card.Commit(Numbered(4)).status().ToString(), "ok") << "the next one works";
    card.ExpectAt(3, Numbered(4));
    EXPECT_EQ(card.Restart().ToString(), "ok");
    card.ExpectAt(3, Numbered(4));
  }
}

TEST(Provisioner, FailsWholeAtEveryOperationOfTheFlash) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  std::uint64_t generation = 1;
  Config current = MirrorAll();
  int failed = 0;
  for (std::uint64_t at = 1; at < 40; ++at) {
    const Config next = Numbered(static_cast<int>(at));
    card.flash().FailAt(card.flash().operations() + at);
    const auto committed = card.Commit(next);
    card.flash().FailAt(0);
    if (committed.ok()) {
      EXPECT_EQ(committed.value().generation, generation + 1);
      generation = committed.value().generation;
      current = next;
    } else {
      ++failed;
      EXPECT_EQ(committed.status().code(), Code::kUnavailable) << committed.status().ToString();
    }
    card.ExpectAt(generation, current);
    // A log whose headers could not be written says so until the card restarts.
    ASSERT_EQ(card.Restart().ToString(), "ok");
    card.ExpectAt(generation, current);
  }
  EXPECT_GT(failed, 2);
  EXPECT_EQ(card.Commit(Numbered(100)).status().ToString(), "ok");
  card.ExpectAt(generation + 1, Numbered(100));
  std::uint64_t last = 0;
  for (const storage::AuditRecord& record : card.Audit()) EXPECT_EQ(record.generation, ++last) << "each has its record";
  EXPECT_EQ(last, generation + 1);
}

TEST(Provisioner, RefusesWhatFlashCanNotHold) {
  ProvisionedCard card({.configuration_blocks = 8});
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  Config big = MirrorAll();
  for (std::uint16_t i = 2; i < 3000; ++i) {
    config::Rule rule;
    rule.number = i;
    rule.description = "a rule that takes some room on flash";
    big.filters[0].inbound.push_back(rule);
  }
  const auto committed = card.Commit(big);
  EXPECT_EQ(committed.status().code(), Code::kResourceExhausted) << committed.status().ToString();
  card.ExpectAt(1, MirrorAll());
  EXPECT_TRUE(card.Commit(Numbered(2)).ok());
  card.ExpectAt(2, Numbered(2));
}

TEST(Provisioner, GoesOnThroughCompaction) {
  ProvisionedCard card({.configuration_blocks = 8, .kept = 4});
  for (int i = 1; i <= 200; ++i) {
    ASSERT_EQ(card.Commit(Numbered(i)).status().ToString(), "ok") << i;
    ASSERT_EQ(card.provisioner().published()->kept, card.store().generations()) << i;
  }
  EXPECT_GT(card.flash().erases(), 0U);
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(200, Numbered(200));
}

TEST(Provisioner, TriesWithoutDoing) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  const std::uint64_t operations = card.flash().operations();
  CommitRequest request{
      .by = Admin(), .base = 1, .config = std::make_shared<const Config>(Numbered(2)), .dry_run = true};
  const auto tried = card.provisioner().Commit(request);
  ASSERT_TRUE(tried.ok()) << tried.status().ToString();
  EXPECT_TRUE(tried.value().dry_run);
  EXPECT_EQ(tried.value().generation, 2U) << "the one it would have been";
  ASSERT_THAT(tried.value().changes, SizeIs(1));
  EXPECT_EQ(tried.value().changes[0].changed, 1U);
  EXPECT_EQ(card.flash().operations(), operations);
  card.ExpectAt(1, MirrorAll());
  Config wrong = MirrorAll();
  wrong.sessions[0].number = 0;
  request.config = std::make_shared<const Config>(wrong);
  EXPECT_EQ(card.provisioner().Commit(request).status().code(), Code::kInvalidArgument);
}

TEST(Provisioner, MakesNoGenerationOfNoDifference) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  const std::uint64_t operations = card.flash().operations();
  const auto same = card.Commit(MirrorAll());
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same.value().generation, 1U);
  EXPECT_THAT(same.value().changes, testing::IsEmpty());
  EXPECT_EQ(same.value().active_sessions, 1U);
  EXPECT_EQ(card.flash().operations(), operations);
  EXPECT_THAT(card.Audit(), SizeIs(1));
}

// --- Confirmed commit ---

TEST(ConfirmedCommit, StaysWhenConfirmedInTime) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  const auto committed = card.Commit(Numbered(2), Admin(), 60);
  ASSERT_TRUE(committed.ok());
  EXPECT_EQ(committed.value().confirm_within_s, 60U);
  EXPECT_EQ(card.provisioner().published()->confirm_by_ns, card.card().clock().MonotonicNs() + 60'000'000'000U);
  card.Pass(59);
  card.ExpectAt(2, Numbered(2));
  EXPECT_EQ(card.provisioner().Confirm(Admin(), 2).ToString(), "ok");
  EXPECT_EQ(card.provisioner().published()->confirm_by_ns, 0U);
  card.Pass(100);
  card.ExpectAt(2, Numbered(2));
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(2, Numbered(2));
}

TEST(ConfirmedCommit, IsUndoneByItself) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  ASSERT_TRUE(card.Commit(Numbered(2), Admin(), 60).ok());
  card.Pass(60);
  card.ExpectAt(3, MirrorAll());
  EXPECT_EQ(card.provisioner().published()->confirm_by_ns, 0U);
  const storage::AuditRecord record = card.Audit().back();
  EXPECT_EQ(record.action, "revert");
  EXPECT_EQ(record.user, "card");
  EXPECT_EQ(record.generation, 3U);
  EXPECT_EQ(record.summary, "to 1: ~1 filter");
  EXPECT_EQ(record.comment, "generation 2 was not confirmed in time");
  EXPECT_EQ(card.provisioner().Confirm(Admin(), 2).code(), Code::kFailedPrecondition) << "too late";
  card.Pass(100);
  card.ExpectAt(3, MirrorAll());
}

TEST(ConfirmedCommit, IsUndoneByARestart) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  ASSERT_TRUE(card.Commit(Numbered(2), Admin(), 60).ok());
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(3, MirrorAll());
  EXPECT_EQ(card.Audit().back().comment, "generation 2 was not confirmed before the card restarted");
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(3, MirrorAll());
}

TEST(ConfirmedCommit, OfTheFirstGenerationGoesBackToNothing) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll(), Admin(), 5).ok());
  card.Pass(5);
  card.ExpectAt(2, Config{});
}

TEST(ConfirmedCommit, IsUndoneOnceTheFlashWorksAgain) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  ASSERT_TRUE(card.Commit(Numbered(2), Admin(), 5).ok());
  card.flash().FailAt(card.flash().operations() + 1, 1000);
  card.Pass(5);
  card.ExpectAt(2, Numbered(2));
  EXPECT_THAT(card.provisioner().published()->remarks, testing::Contains(HasSubstr("not undone yet")));
  card.flash().FailAt(0);
  card.Pass(5);
  card.ExpectAt(3, MirrorAll());
  EXPECT_THAT(card.provisioner().published()->remarks, testing::IsEmpty());
}

TEST(ConfirmedCommit, IsAppliedWhenConfirmedAfterAStartThatCouldNotUndoIt) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  ASSERT_TRUE(card.Commit(Config{}, Admin(), 60).ok());
  card.options().ring.ports.pop_back();  // the analyser's port is no more, so generation 1 can't be used
  EXPECT_EQ(card.Restart().code(), Code::kNotFound);
  card.Pass(1);
  EXPECT_EQ(card.card().agent().generation(), 0U);
  ASSERT_EQ(card.provisioner().Confirm(Admin(), 2).ToString(), "ok");
  card.ExpectAt(2, Config{});
  EXPECT_THAT(card.provisioner().published()->remarks, testing::IsEmpty());
}

TEST(ConfirmedCommit, IsNoLongerToBeUndoneOnceConfirmed) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  ASSERT_TRUE(card.Commit(Numbered(2), Admin(), 5).ok());
  card.flash().FailAt(card.flash().operations() + 1, 1000);
  card.Pass(5);
  card.flash().FailAt(0);
  ASSERT_EQ(card.provisioner().Confirm(Admin(), 2).ToString(), "ok");
  EXPECT_THAT(card.provisioner().published()->remarks, testing::IsEmpty());
}

TEST(ConfirmedCommit, OfTheFirstGenerationIsRolledBackToNothing) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll(), Admin(), 60).ok());
  const auto back = card.provisioner().Rollback(Admin(), {.generation = 0});
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back.value().generation, 2U);
  card.ExpectAt(2, Config{});
  EXPECT_EQ(card.Audit().back().action, "rollback");
  EXPECT_EQ(card.provisioner().Rollback(Admin(), {.generation = 0}).status().code(), Code::kInvalidArgument);
  card.Pass(100);
  card.ExpectAt(2, Config{});
}

// Nine filters of 200 bytes fit twice, and not three times.
Config Nine(const std::string& name) {
  Config config;
  for (int i = 0; i < 9; ++i) {
    config.filters.push_back({.metadata = {.name = name + std::to_string(i), .description = std::string(200, 'x')}});
  }
  return config;
}

TEST(ConfirmedCommit, IsUndoneWhenFlashIsAlmostFull) {
  for (const bool restarts : {false, true}) {
    ProvisionedCard card({.configuration_blocks = 4});
    ASSERT_TRUE(card.Commit(Nine("a")).ok());
    ASSERT_EQ(card.Commit(Nine("b"), Admin(), 5).status().ToString(), "ok");
    if (restarts) {
      EXPECT_EQ(card.Restart().ToString(), "ok");
    } else {
      card.Pass(5);
    }
    card.ExpectAt(3, Nine("a"));
    EXPECT_EQ(card.Restart().ToString(), "ok");
    card.ExpectAt(3, Nine("a"));
  }
}

TEST(ConfirmedCommit, IsUndoneAlsoWhereNoRecordCanBeWritten) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(Numbered(1)).ok());
  const std::uint64_t before = card.flash().operations();
  ASSERT_TRUE(card.Commit(Numbered(2)).ok());
  const std::uint64_t count = card.flash().operations() - before;
  card.flash().FailAt(card.flash().operations() + count);  // its record's sync, which is the last
  ASSERT_TRUE(card.Commit(Numbered(3), Admin(), 60).ok());
  EXPECT_THAT(card.provisioner().published()->remarks, testing::Contains(HasSubstr("audit record is due")));
  card.flash().FailAt(card.flash().operations() + 1);
  card.Pass(60);
  card.ExpectAt(4, Numbered(2));
  ASSERT_TRUE(card.Commit(Numbered(5)).ok());
  std::uint64_t last = 0;
  for (const storage::AuditRecord& record : card.Audit()) EXPECT_EQ(record.generation, ++last) << "each has its record";
  EXPECT_EQ(last, 5U);
}

TEST(ConfirmedCommit, TakesNoOtherCommitWhileItWaits) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  ASSERT_TRUE(card.Commit(Numbered(2), Admin(), 60).ok());
  EXPECT_EQ(card.Commit(Numbered(3)).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(card.provisioner().Rollback(Admin(), {.generation = 2}).status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(card.provisioner().Rollback(Admin(), {.generation = 1, .confirm_within_s = 5}).status().code(),
            Code::kFailedPrecondition);
  const auto undone = card.provisioner().Rollback(Admin(), {.generation = 1});
  ASSERT_TRUE(undone.ok()) << undone.status().ToString();
  card.ExpectAt(3, MirrorAll());
  card.Pass(100);
  card.ExpectAt(3, MirrorAll());
  EXPECT_TRUE(card.Commit(Numbered(3)).ok());
}

TEST(ConfirmedCommit, IsConfirmedByItsOwnerOrAnAdmin) {
  ProvisionedCard card;
  Config config = MirrorAll();
  config.filters.push_back({.metadata = {.name = "z", .owner = "alice"}});
  ASSERT_TRUE(card.Commit(config).ok());
  config.filters[1].metadata.description = "x";
  ASSERT_TRUE(card.Commit(config, Operator("alice"), 60).ok());
  EXPECT_EQ(card.provisioner().Confirm(Operator("bob"), 2).code(), Code::kPermissionDenied);
  EXPECT_EQ(card.provisioner().Confirm(Operator("alice"), 1).code(), Code::kFailedPrecondition);
  EXPECT_EQ(card.provisioner().Confirm(Operator("alice"), 3).code(), Code::kFailedPrecondition);
  EXPECT_EQ(card.provisioner().Confirm(Operator("alice"), 2).ToString(), "ok");
  EXPECT_EQ(card.Audit().back().action, "confirm");
  EXPECT_EQ(card.Audit().back().owner, "alice");
}

// --- Rollback ---

TEST(Rollback, MakesANewGenerationOfAnOldOnesContent) {
  ProvisionedCard card;
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(card.Commit(Numbered(i)).ok());
  const auto back = card.provisioner().Rollback(Admin(), {.generation = 1, .comment = "better"});
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back.value().generation, 4U);
  card.ExpectAt(4, Numbered(1));
  EXPECT_EQ(card.Audit().back().action, "rollback");
  EXPECT_EQ(card.Audit().back().summary, "to 1: ~1 filter");
  EXPECT_EQ(card.Audit().back().comment, "better");
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(4, Numbered(1));
}

TEST(Rollback, IsRefusedAsACommitIs) {
  ProvisionedCard card({.kept = 3});
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(card.Commit(Numbered(i)).ok());
  Provisioner& provisioner = card.provisioner();
  EXPECT_EQ(provisioner.Rollback(Admin(), {.generation = 1}).status().code(), Code::kNotFound) << "not kept";
  EXPECT_EQ(provisioner.Rollback(Admin(), {.generation = 9}).status().code(), Code::kNotFound);
  EXPECT_EQ(provisioner.Rollback(Admin(), {.generation = 0}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(provisioner.Rollback(Admin(), {.generation = 4, .expected_generation = 4}).status().code(), Code::kAborted);
  EXPECT_EQ(provisioner.Rollback(Operator("alice"), {.generation = 4}).status().code(), Code::kPermissionDenied);
  card.ExpectAt(5, Numbered(5));
  EXPECT_EQ(provisioner.Rollback(Admin(), {.generation = 5}).value().generation, 5U) << "nothing differs";
  EXPECT_TRUE(provisioner.Rollback(Admin(), {.generation = 4, .dry_run = true}).value().dry_run);
  card.ExpectAt(5, Numbered(5));
}

TEST(Rollback, MayHaveToBeConfirmedToo) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(Numbered(1)).ok());
  ASSERT_TRUE(card.Commit(Numbered(2)).ok());
  ASSERT_TRUE(card.provisioner().Rollback(Admin(), {.generation = 1, .confirm_within_s = 5}).ok());
  card.ExpectAt(3, Numbered(1));
  card.Pass(5);
  card.ExpectAt(4, Numbered(2));
}

// --- Audit ---

TEST(Audit, SaysWhoDidWhat) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  EXPECT_EQ(card.provisioner().RecordAudit(Admin(), "time", "2 s later").ToString(), "ok");
  const auto records = card.Audit();
  ASSERT_THAT(records, SizeIs(2));
  const storage::AuditRecord& commit = records[0];
  EXPECT_EQ(commit.sequence, 1U);
  EXPECT_EQ(commit.generation, 1U);
  EXPECT_EQ(commit.time_ns, card.card().clock().WallNs());
  EXPECT_EQ(commit.role, static_cast<std::uint8_t>(codec::Role::kAdmin));
  EXPECT_EQ(commit.user, "ada");
  EXPECT_EQ(commit.owner, "");
  EXPECT_EQ(commit.address, "10.0.0.8");
  EXPECT_EQ(commit.action, "commit");
  EXPECT_EQ(commit.summary, "+1 session, +1 filter, +1 target, +1 underlay");
  EXPECT_EQ(commit.comment, "because");
  EXPECT_EQ(records[1].action, "time");
  EXPECT_EQ(records[1].generation, 1U);
}

TEST(Audit, IsMadeUpForAtTheStartWhenACutKeptItBack) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  // The power goes after each operation of a commit in turn: its record is the last it writes.
  int mended = 0;
  for (std::uint64_t at = 1; at < 20; ++at) {
    const Config next = Numbered(static_cast<int>(at));
    const std::uint64_t before = card.store().current();
    card.flash().CutAt(card.flash().operations() + at, hal::emulated::CutMode::kNone);
    (void)card.Commit(next);
    const bool was_cut = !card.flash().powered();
    card.flash().CutAt(0, hal::emulated::CutMode::kNone);
    const std::uint64_t due = card.audit().newest().generation;
    ASSERT_EQ(card.Restart().ToString(), "ok") << at;
    mended += card.store().current() > before && due == before ? 1 : 0;
    EXPECT_EQ(card.audit().newest().generation, card.store().current()) << at;
    if (!was_cut) break;
  }
  EXPECT_GT(mended, 0);
  std::uint64_t last = 0;
  for (const storage::AuditRecord& record : card.Audit()) EXPECT_EQ(record.generation, ++last);
}

TEST(Audit, HasARecordOfEachGenerationAlsoWhereFlashHasLostThem) {
  ProvisionedCard card;
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(card.Commit(Numbered(i)).ok());
  card.EraseGenerations();
  ASSERT_EQ(card.Restart().ToString(), "ok");
  ASSERT_TRUE(card.provisioner().RecordAudit(Admin(), "time", "2 s later").ok());
  ASSERT_EQ(card.Restart().ToString(), "ok");
  const CommitRequest tried{
      .by = Admin(), .base = 0, .config = std::make_shared<const Config>(MirrorAll()), .dry_run = true};
  EXPECT_EQ(card.provisioner().Commit(tried).value().generation, 6U);
  for (int i = 6; i <= 8; ++i) ASSERT_EQ(card.Commit(Numbered(i)).value().generation, static_cast<std::uint64_t>(i));
  const auto records = card.Audit();
  ASSERT_THAT(records, SizeIs(9));
  for (std::size_t i = 6; i < 9; ++i) EXPECT_EQ(records[i].generation, i);
}

TEST(Provisioner, TellsReadersOfALinkThatGoes) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(MirrorAll()).ok());
  EXPECT_TRUE(card.provisioner().published()->sessions.at(0).active);
  EXPECT_TRUE(card.provisioner().published()->targets.at(0).up);
  const auto before = card.provisioner().published();
  card.provisioner().Tick();
  EXPECT_EQ(card.provisioner().published(), before) << "nothing new is nothing made";
  ASSERT_EQ(rte_eth_dev_set_link_down(card.card().port("analyser").ethdev_id()), 0);
  card.provisioner().Tick();
  EXPECT_FALSE(card.provisioner().published()->sessions.at(0).active);
  EXPECT_FALSE(card.provisioner().published()->targets.at(0).up);
  EXPECT_TRUE(before->sessions.at(0).active) << "what a reader holds stays as it was";
}

TEST(Provisioner, MakesAShareTakenBackAnInactiveSession) {
  ProvisionedCard card;
  Config config = MirrorAll();
  config.interfaces = {{.name = "guest", .owner = "bob"}};
  config.targets[0].metadata.owner = "alice";
  config.targets[0].shared_with = {"bob"};
  config.sessions[0].metadata.owner = "bob";
  ASSERT_TRUE(card.Commit(config).ok());
  config.targets[0].shared_with.clear();
  const auto taken = card.Commit(config, Operator("alice"));
  ASSERT_TRUE(taken.ok()) << taken.status().ToString();
  ASSERT_THAT(taken.value().inactive, SizeIs(1));
  EXPECT_EQ(taken.value().inactive[0].reason, "the owner of target \"to\" no longer shares it with \"bob\"");
  config.sessions[0].packet_length = 100;
  EXPECT_EQ(card.Commit(config, Operator("bob")).status().code(), Code::kPermissionDenied) << "made anew";
  config.sessions[0].packet_length = 0;
  config.sessions[0].enabled = false;
  EXPECT_TRUE(card.Commit(config, Operator("bob")).ok()) << "but it may rest";
}

// Three generations, of which flash can't give the last any more.
void MakeUnreadable(ProvisionedCard& card, std::uint32_t confirm_within_s = 0) {
  ASSERT_TRUE(card.Commit(Numbered(1)).ok());
  ASSERT_TRUE(card.Commit(Numbered(2)).ok());
  ASSERT_TRUE(card.Commit(Numbered(3), Admin(), confirm_within_s).ok());
  const std::string text = "number 3";
  const auto image = card.flash().image();
  const auto found = std::find_end(image.begin(), image.end(), text.begin(), text.end());
  ASSERT_NE(found, image.end());
  card.flash().Flip(static_cast<std::uint64_t>(found - image.begin()), 0);
}

TEST(Provisioner, ReplacesWhatCanNotBeReadByWhatCan) {
  ProvisionedCard card;
  MakeUnreadable(card);
  EXPECT_EQ(card.Start().code(), Code::kDataLoss);
  EXPECT_EQ(card.Commit(Config{}, Operator("alice")).status().code(), Code::kDataLoss) << "nobody knows whose it was";
  EXPECT_EQ(card.provisioner().Rollback(Admin(), {.generation = 3}).status().code(), Code::kDataLoss);
  EXPECT_EQ(card.provisioner().Rollback(Admin(), {.generation = 2, .confirm_within_s = 5}).status().code(),
            Code::kFailedPrecondition);
  const auto back = card.provisioner().Rollback(Admin(), {.generation = 2});
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  card.ExpectAt(4, Numbered(2));
  EXPECT_THAT(card.provisioner().published()->remarks, testing::IsEmpty());
  ASSERT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(4, Numbered(2));
}

TEST(Provisioner, ReplacesWhatCanNotBeReadByWhatIsAppliedAgain) {
  ProvisionedCard card;
  MakeUnreadable(card);
  EXPECT_EQ(card.Start().code(), Code::kDataLoss);
  ASSERT_EQ(card.Commit(Numbered(4)).status().ToString(), "ok");
  card.ExpectAt(4, Numbered(4));
  ASSERT_TRUE(card.Commit(Numbered(5)).ok());
  ASSERT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(5, Numbered(5));
}

TEST(ConfirmedCommit, IsUndoneByARestartAlsoWhereItCanNotBeRead) {
  ProvisionedCard card;
  MakeUnreadable(card, 60);
  EXPECT_EQ(card.Start().ToString(), "ok");
  card.ExpectAt(4, Numbered(2));
  ASSERT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(4, Numbered(2));
}

TEST(Provisioner, RunsWithNothingWhenTheBoardHoldsLessThanIsStored) {
  ProvisionedCard card;
  Config config = MirrorAll();
  ASSERT_TRUE(card.Commit(config).ok());
  card.options().ring.ports.pop_back();  // the analyser's port is no more
  const Status started = card.Restart();
  EXPECT_EQ(started.code(), Code::kNotFound) << started.ToString();
  EXPECT_THAT(started.ToString(), HasSubstr("generation 1 is not applied"));
  EXPECT_EQ(card.card().agent().generation(), 0U);
  EXPECT_EQ(card.provisioner().published()->generation, 1U);
  EXPECT_TRUE(card.config() == config) << "it can be read, and changed";
  EXPECT_THAT(card.provisioner().published()->remarks, testing::Contains(HasSubstr("not applied")));
  ASSERT_TRUE(card.Commit(Config{}).ok());
  card.ExpectAt(2, Config{});
  EXPECT_THAT(card.provisioner().published()->remarks, testing::IsEmpty());
}

}  // namespace
}  // namespace heliostat::control
