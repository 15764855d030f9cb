// What an edit means, one change at a time. Changes are written by libprotobuf.
#include <control.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "codec/change.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

config::Config Sample() { return *Decode(SampleUnits()); }

// Applies the changes one by one; the first error ends it.
Result<config::Config> Edit(const config::Config& base, const std::vector<v1::Change>& changes,
                            const config::Limits& limits = {}) {
  ConfigEditor editor(base, limits);
  for (const v1::Change& change : changes) {
    const std::string bytes = change.SerializeAsString();
    HELIOSTAT_RETURN_IF_ERROR(editor.Apply(Bytes(bytes)));
  }
  return editor.Finish();
}

config::Config Good(const config::Config& base, const std::vector<v1::Change>& changes) {
  Result<config::Config> config = Edit(base, changes);
  EXPECT_TRUE(config.ok()) << config.status().ToString();
  return config.ok() ? *config : config::Config{};
}

v1::Change Put(const v1::Unit& unit) {
  v1::Change change;
  *change.mutable_put() = unit;
  return change;
}

v1::Change PatchHeader(const v1::Unit& unit) {
  v1::Change change;
  *change.mutable_patch()->mutable_header() = unit;
  return change;
}

v1::Change Remove(v1::Kind kind, const std::string& name) {
  v1::Change change;
  change.mutable_remove()->set_kind(kind);
  change.mutable_remove()->set_name(name);
  return change;
}

v1::Change PatchRules(const std::vector<std::uint32_t>& set, const std::vector<std::uint32_t>& remove,
                      v1::Direction direction = v1::INBOUND) {
  v1::Change change;
  v1::RulePatch* patch = change.mutable_patch()->mutable_rules();
  patch->set_filter("web");
  patch->set_direction(direction);
  for (const std::uint32_t number : set) {
    v1::Rule* rule = patch->add_set();
    rule->set_number(number);
    rule->set_action(v1::ACCEPT);
  }
  for (const std::uint32_t number : remove) patch->add_remove(number);
  return change;
}

v1::Change PatchSources(const std::vector<std::string>& add, const std::vector<std::string>& remove) {
  v1::Change change;
  v1::SourcePatch* patch = change.mutable_patch()->mutable_sources();
  patch->set_session("s1");
  for (const std::string& name : add) patch->add_add(name);
  for (const std::string& name : remove) patch->add_remove(name);
  return change;
}

v1::Unit FilterUnit(const std::string& name) {
  v1::Unit unit;
  unit.mutable_filter()->mutable_metadata()->set_name(name);
  return unit;
}

v1::Unit RuleUnit(const std::string& filter, const std::vector<std::uint32_t>& numbers, std::uint32_t index = 0) {
  v1::Unit unit;
  v1::RuleChunk* chunk = unit.mutable_rules();
  chunk->set_filter(filter);
  chunk->set_direction(v1::INBOUND);
  chunk->set_index(index);
  for (const std::uint32_t number : numbers) {
    v1::Rule* rule = chunk->add_rules();
    rule->set_number(number);
    rule->set_action(v1::ACCEPT);
  }
  return unit;
}

std::vector<int> Numbers(const std::vector<config::Rule>& rules) {
  std::vector<int> numbers;
  for (const config::Rule& rule : rules) numbers.push_back(rule.number);
  return numbers;
}

struct Row {
  const char* what;
  std::vector<v1::Change> changes;
  Code code;
  const char* subject;
  const char* reason;
};

void Expect(const std::vector<Row>& rows, const config::Limits& limits = {}) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const Result<config::Config> config = Edit(Sample(), row.changes, limits);
    ASSERT_FALSE(config.ok());
    EXPECT_EQ(config.status().code(), row.code);
    EXPECT_EQ(config.status().subject(), row.subject);
    EXPECT_THAT(config.status().reason(), HasSubstr(row.reason));
    EXPECT_FALSE(config.status().fix().empty());
  }
}

TEST(ConfigEditor, KeepsItsBaseWhenNothingIsEdited) { EXPECT_EQ(Good(Sample(), {}), Sample()); }

TEST(ConfigEditor, PutsEveryKindAsFilesDo) {
  std::vector<v1::Change> changes;
  for (const v1::Unit& unit : SampleUnits()) {
    if (!unit.has_header()) changes.push_back(Put(unit));
  }
  EXPECT_EQ(Good({}, changes), Sample());
  EXPECT_EQ(Good(Sample(), changes), Sample()) << "in the place of what is there";
}

TEST(ConfigEditor, PutReplacesAResourceWithItsLists) {
  const config::Config config =
      Good(Sample(), {Put(FilterUnit("web")), Put(RuleUnit("web", {5})), Put(FilterUnit("also"))});
  ASSERT_EQ(config.filters.size(), 2U);
  EXPECT_EQ(config.filters[0].metadata.name, "also");
  EXPECT_THAT(Numbers(config.filters[1].inbound), ElementsAre(5));
  EXPECT_TRUE(config.filters[1].outbound.empty());
  EXPECT_TRUE(config.filters[1].services.empty());
}

TEST(ConfigEditor, TheLaterPutOfATransactionCounts) {
  const config::Config config =
      Good({}, {Put(FilterUnit("a")), Put(RuleUnit("a", {1, 2})), Put(FilterUnit("a")), Put(RuleUnit("a", {3}))});
  ASSERT_EQ(config.filters.size(), 1U);
  EXPECT_THAT(Numbers(config.filters[0].inbound), ElementsAre(3));
}

TEST(ConfigEditor, PatchOfAHeaderKeepsTheLists) {
  v1::Unit target = SampleUnits()[4];
  target.mutable_target()->mutable_metadata()->set_description("new");
  v1::Unit session = SampleUnits()[9];
  session.mutable_session()->set_number(8);
  v1::Unit interface = SampleUnits()[1];
  interface.mutable_interface()->set_owner("bob");
  v1::Unit underlay = SampleUnits()[2];
  underlay.mutable_underlay()->set_mtu(1500);
  config::Config expected = Sample();
  expected.targets[0].metadata.description = "new";
  expected.filters[0].metadata = {.name = "web"};
  expected.filters[0].services.clear();
  expected.sessions[0].number = 8;
  expected.interfaces[0].owner = "bob";
  expected.underlays[0].mtu = 1500;
  EXPECT_EQ(Good(Sample(), {PatchHeader(target), PatchHeader(FilterUnit("web")), PatchHeader(session),
                            PatchHeader(interface), PatchHeader(underlay)}),
            expected);
}

TEST(ConfigEditor, PatchesRulesByNumber) {
  const config::Config config =
      Good(Sample(), {PatchRules({30, 10}, {}), PatchRules({5}, {30}), PatchRules({7}, {20}, v1::OUTBOUND)});
  EXPECT_THAT(Numbers(config.filters[0].inbound), ElementsAre(5, 10));
  EXPECT_EQ(config.filters[0].inbound[1], (config::Rule{.number = 10})) << "replaced whole";
  EXPECT_THAT(Numbers(config.filters[0].outbound), ElementsAre(7));
  EXPECT_EQ(config.filters[0].metadata, Sample().filters[0].metadata);
}

TEST(ConfigEditor, RemovesRulesBeforeItSetsThem) {
  EXPECT_THAT(Numbers(Good(Sample(), {PatchRules({10}, {10})}).filters[0].inbound), ElementsAre(10));
  config::Limits limits;
  limits.rules_per_list = 1;
  EXPECT_TRUE(Edit(Sample(), {PatchRules({11}, {10})}, limits).ok()) << "a full list takes as many as it gives";
}

TEST(ConfigEditor, KeepsPatchedRulesWhenTheFilterIsPatchedPutOrFollowedByOthers) {
  config::Config config = Good(Sample(), {PatchRules({1}, {10}), PatchHeader(FilterUnit("web")), PatchRules({2}, {})});
  EXPECT_THAT(Numbers(config.filters[0].inbound), ElementsAre(1, 2));
  config = Good(Sample(), {PatchRules({1}, {10}), Put(FilterUnit("a")), Put(FilterUnit("b")), PatchRules({2}, {1})});
  EXPECT_THAT(Numbers(config.filters[2].inbound), ElementsAre(2));
  config = Good(Sample(), {PatchRules({1}, {10}), Put(FilterUnit("web")), PatchRules({2}, {})});
  EXPECT_THAT(Numbers(config.filters[0].inbound), ElementsAre(2));
  config = Good(Sample(), {PatchRules({1}, {10}), Remove(v1::FILTER, "web"), Put(FilterUnit("web"))});
  EXPECT_TRUE(config.filters[0].inbound.empty());
}

TEST(ConfigEditor, PatchesSourcesByName) {
  EXPECT_THAT(Good(Sample(), {PatchSources({"b", "a"}, {})}).sessions[0].sources, ElementsAre("guest0", "b", "a"));
  EXPECT_THAT(Good(Sample(), {PatchSources({"b", "guest0"}, {"guest0"})}).sessions[0].sources,
              ElementsAre("b", "guest0"));
}

TEST(ConfigEditor, RemovesEveryKind) {
  EXPECT_EQ(
      Good(Sample(), {Remove(v1::SESSION, "s1"), Remove(v1::FILTER, "web"), Remove(v1::TARGET, "group"),
                      Remove(v1::TARGET, "zeek"), Remove(v1::UNDERLAY, "wire1"), Remove(v1::INTERFACE, "guest0")}),
      config::Config{});
}

TEST(ConfigEditor, SaysWhatIsNotThere) {
  v1::Change other_session = PatchSources({"x"}, {});
  other_session.mutable_patch()->mutable_sources()->set_session("s2");
  v1::Change other_filter = PatchRules({1}, {});
  other_filter.mutable_patch()->mutable_rules()->set_filter("x");
  Expect({
      {"header", {PatchHeader(FilterUnit("x"))}, Code::kNotFound, "filter \"x\"", "there is none"},
      {"rules", {other_filter}, Code::kNotFound, "filter \"x\"", "there is none"},
      {"rule", {PatchRules({}, {10, 11})}, Code::kNotFound, "filter \"web\" inbound rule 11", "there is none"},
      {"rule twice", {PatchRules({}, {10, 10})}, Code::kNotFound, "filter \"web\" inbound rule 10", "there is none"},
      {"rule 0", {PatchRules({}, {0})}, Code::kNotFound, "filter \"web\" inbound rule 0", "there is none"},
      {"rule 65546", {PatchRules({}, {65546})}, Code::kNotFound, "filter \"web\" inbound rule 65546", "none"},
      {"session", {other_session}, Code::kNotFound, "session \"s2\"", "there is none"},
      {"source", {PatchSources({}, {"x"})}, Code::kNotFound, "session \"s1\" sources \"x\"", "there is none"},
      {"remove", {Remove(v1::TARGET, "web")}, Code::kNotFound, "target \"web\"", "there is none"},
      {"removed", {Remove(v1::SESSION, "s1"), Remove(v1::SESSION, "s1")}, Code::kNotFound, "session \"s1\"", "none"},
  });
}

TEST(ConfigEditor, TakesPickedIdsFromFlash) {
  const auto pick = [](const char* session, std::optional<std::uint32_t> id) {
    v1::Change change;
    v1::PickedId& one = *change.mutable_picked_ids()->add_ids();
    one.set_session(session);
    if (id) one.set_tunnel_id(*id);
    return change.SerializeAsString();
  };
  ConfigEditor editor(Sample(), {}, ChangesFrom::kFlash);
  for (const std::string& change : {pick("s1", 5), pick("gone", 6), pick("s2", 7), pick("s1", 8), pick("s2", {})}) {
    ASSERT_TRUE(editor.Apply(Bytes(change)).ok());
  }
  const Result<config::Config> config = editor.Finish();
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->picked_ids, (std::vector<config::PickedId>{{"s1", 8}}));
}

TEST(ConfigEditor, RefusesWhatAnEditCannotMean) {
  v1::Unit no_group = SampleUnits()[4];
  no_group.mutable_target()->set_group(false);
  v1::Change no_direction = PatchRules({1}, {});
  no_direction.mutable_patch()->mutable_rules()->set_direction(v1::ALL);
  v1::Change no_patch;
  no_patch.mutable_patch();
  v1::Change unnumbered = PatchRules({0}, {});
  v1::Change picked;
  picked.mutable_picked_ids()->add_ids()->set_session("s1");
  Expect({
      {"picked IDs", {picked}, Code::kInvalidArgument, "picked_ids", "the card picks them"},
      {"nothing", {v1::Change()}, Code::kInvalidArgument, "change", "holds nothing"},
      {"no patch", {no_patch}, Code::kInvalidArgument, "change", "patch is empty"},
      {"no unit", {Put(v1::Unit())}, Code::kInvalidArgument, "change", "holds nothing"},
      {"header", {Put(SampleUnits()[0])}, Code::kInvalidArgument, "header", "files"},
      {"chunk as header", {PatchHeader(RuleUnit("web", {1}))}, Code::kInvalidArgument, "patch header", "no resource"},
      {"chunk of a patched filter",
       {PatchHeader(FilterUnit("web")), Put(RuleUnit("web", {1}))},
       Code::kInvalidArgument,
       "filter \"web\" inbound",
       "does not follow"},
      {"chunk of a removed filter",
       {Put(FilterUnit("web")), Remove(v1::FILTER, "web"), Put(RuleUnit("web", {1}))},
       Code::kInvalidArgument,
       "filter \"web\" inbound",
       "does not follow"},
      {"members", {PatchHeader(no_group)}, Code::kInvalidArgument, "target \"group\" group", "has members"},
      {"direction", {no_direction}, Code::kInvalidArgument, "filter \"web\" rules direction", "neither"},
      {"no rules", {PatchRules({}, {})}, Code::kInvalidArgument, "filter \"web\" inbound", "patch is empty"},
      {"no sources", {PatchSources({}, {})}, Code::kInvalidArgument, "session \"s1\" sources", "patch is empty"},
      {"rule 0", {unnumbered}, Code::kInvalidArgument, "filter \"web\" inbound rule 0 number", "it is 0"},
      {"rule 65536",
       {PatchRules({65536}, {})},
       Code::kInvalidArgument,
       "filter \"web\" inbound rule 65536 number",
       "65536"},
      {"no kind", {Remove(v1::KIND_UNSPECIFIED, "web")}, Code::kInvalidArgument, "remove kind", "missing"},
      {"a source that is there",
       {PatchSources({"guest0"}, {})},
       Code::kAlreadyExists,
       "session \"s1\" sources \"guest0\"",
       "it is there"},
      {"a rule twice in chunks",
       {Put(FilterUnit("a")), Put(RuleUnit("a", {1, 1}))},
       Code::kAlreadyExists,
       "filter \"a\" inbound rule 1",
       "twice"},
      {"a rule twice, then a patch",
       {Put(FilterUnit("web")), Put(RuleUnit("web", {4, 4})), PatchRules({1}, {})},
       Code::kAlreadyExists,
       "filter \"web\" inbound rule 4",
       "twice"},
  });
}

TEST(ConfigEditor, RefusesUnknownFieldsByPath) {
  const auto unknown = [](google::protobuf::Message* message) {
    message->GetReflection()->MutableUnknownFields(message)->AddVarint(30, 1);
  };
  const auto expect = [](const v1::Change& change, const char* subject) {
    const Status status = Edit(Sample(), {change}).status();
    EXPECT_EQ(status.subject(), subject);
    EXPECT_THAT(status.reason(), HasSubstr("field 30 is not known"));
  };
  v1::Change change = Put(FilterUnit("web"));
  unknown(&change);
  expect(change, "change");
  change = Put(FilterUnit("web"));
  unknown(change.mutable_put());
  expect(change, "change");
  unknown(change.mutable_put()->mutable_filter());
  change = Put(FilterUnit("web"));
  unknown(change.mutable_put()->mutable_filter()->mutable_metadata());
  expect(change, "filter \"web\" metadata");
  change = PatchRules({1}, {});
  unknown(change.mutable_patch());
  expect(change, "change");
  change = PatchRules({1}, {});
  unknown(change.mutable_patch()->mutable_rules());
  expect(change, "filter \"web\" inbound");
  change = PatchRules({1}, {});
  unknown(change.mutable_patch()->mutable_rules()->mutable_set(0));
  expect(change, "filter \"web\" inbound rule 1");
  change = PatchSources({"x"}, {});
  unknown(change.mutable_patch()->mutable_sources());
  expect(change, "session \"s1\"");
  change = Remove(v1::FILTER, "web");
  unknown(change.mutable_remove());
  expect(change, "remove");
}

TEST(ConfigEditor, AnErrorStays) {
  ConfigEditor editor(Sample(), {});
  const std::string bad = Remove(v1::FILTER, "x").SerializeAsString();
  const std::string good = Remove(v1::FILTER, "web").SerializeAsString();
  EXPECT_EQ(editor.Apply(Bytes(bad)).code(), Code::kNotFound);
  EXPECT_EQ(editor.Apply(Bytes(good)).subject(), "filter \"x\"");
  EXPECT_EQ(editor.Finish().status().subject(), "filter \"x\"");
}

TEST(ConfigEditor, HoldsToTheLimitsOnTheWay) {
  v1::Unit session = SampleUnits()[9];
  session.mutable_session()->mutable_metadata()->set_name("s2");
  const auto limited = [](std::uint32_t config::Limits::*member, std::uint32_t value) {
    config::Limits limits;
    limits.*member = value;
    return limits;
  };
  Expect({{"sessions", {Put(session)}, Code::kResourceExhausted, "sessions", "`sessions` of 1"}},
         limited(&config::Limits::sessions, 1));
  Expect(
      {{"list", {PatchRules({1}, {})}, Code::kResourceExhausted, "filter \"web\" inbound rules", "`rules_per_list`"}},
      limited(&config::Limits::rules_per_list, 1));
  Expect({{"rules", {PatchRules({1}, {})}, Code::kResourceExhausted, "rules of all filters", "`rules` of 2"}},
         limited(&config::Limits::rules, 2));
  Expect({{"sources", {PatchSources({"x"}, {})}, Code::kResourceExhausted, "session \"s1\" sources", "of 1"}},
         limited(&config::Limits::sources_per_session, 1));
  Expect({{"pairs", {PatchSources({"x"}, {})}, Code::kResourceExhausted, "pairs of session and source", "of 1"}},
         limited(&config::Limits::session_sources, 1));
  Expect({{"a base that is past them", {}, Code::kResourceExhausted, "targets", "`targets` of 1"}},
         limited(&config::Limits::targets, 1));
  EXPECT_TRUE(Edit(Sample(), {Put(SampleUnits()[9])}, limited(&config::Limits::sessions, 1)).ok())
      << "what is replaced does not count twice";
  EXPECT_TRUE(
      Edit(Sample(), {Put(FilterUnit("web")), Put(RuleUnit("web", {1, 2}))}, limited(&config::Limits::rules, 2)).ok());
  EXPECT_TRUE(Edit(Sample(), {Remove(v1::SESSION, "s1"), Put(session)}, limited(&config::Limits::sessions, 1)).ok());
}

TEST(ConfigEditor, RefusesAnOverlongChange) {
  ConfigEditor editor({}, {});
  const Status status = editor.Apply(std::vector<std::uint8_t>(kMaxChangeBytes + 1));
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.subject(), "change");
}

TEST(ConfigEditor, TakesTenThousandResourcesBackwardsAndGivesThemUpAgain) {
  ConfigEditor editor({}, {});
  constexpr int kFilters = 10'000;
  const auto name = [](int i) { return "f" + std::to_string(100'000 + i); };
  for (int i = kFilters; i-- > 0;) {
    const std::string bytes = Put(FilterUnit(name(i))).SerializeAsString();
    ASSERT_TRUE(editor.Apply(Bytes(bytes)).ok());
  }
  for (int i = 0; i < kFilters; i += 2) {
    const std::string bytes = Remove(v1::FILTER, name(i)).SerializeAsString();
    ASSERT_TRUE(editor.Apply(Bytes(bytes)).ok());
  }
  const Result<config::Config> config = editor.Finish();
  ASSERT_TRUE(config.ok());
  ASSERT_EQ(config->filters.size(), std::size_t{kFilters} / 2);
  for (int i = 0; i < kFilters / 2; ++i) {
    ASSERT_EQ(config->filters[static_cast<std::size_t>(i)].metadata.name, name(2 * i + 1));
  }
}

// Two lists of 10,000 rules, patched in turns.
TEST(ConfigEditor, RefusesAFrameThatGoesBackAndForthBetweenLongLists) {
  config::Config base;
  base.filters.resize(2);
  base.filters[0].metadata.name = "a";
  base.filters[1].metadata.name = "b";
  for (config::Filter& filter : base.filters) {
    for (std::uint16_t n = 1; n <= 10'000; ++n) {
      filter.inbound.push_back({.number = n, .action = config::Action::kAccept});
    }
  }
  const auto patch = [](const char* filter) {
    v1::Change change;
    v1::RulePatch& rules = *change.mutable_patch()->mutable_rules();
    rules.set_filter(filter);
    rules.set_direction(v1::INBOUND);
    rules.add_set()->set_number(1);
    rules.mutable_set(0)->set_action(v1::REJECT);
    return change.SerializeAsString();
  };
  const std::string a = patch("a");
  const std::string b = patch("b");
  ConfigEditor editor(base, {});
  for (int frame = 0; frame < 20; ++frame) {
    editor.BeginFrame();
    for (int i = 0; i < 10; ++i) {
      ASSERT_EQ(editor.Apply(Bytes(a)).ToString(), "ok");
      ASSERT_EQ(editor.Apply(Bytes(b)).ToString(), "ok");
    }
    for (int i = 0; i < 1'000; ++i) ASSERT_EQ(editor.Apply(Bytes(b)).ToString(), "ok") << "the list is open";
  }
  editor.BeginFrame();
  Status refused;
  for (int i = 0; i < 1'000 && refused.ok(); ++i) refused = editor.Apply(Bytes(i % 2 == 0 ? a : b));
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_THAT(refused.ToString(), HasSubstr("one behind the other"));
}

TEST(ConfigEditor, TakesTenThousandRulesOneByOneAndGivesThemUpAgain) {
  ConfigEditor editor(Sample(), {});
  const auto apply = [&](const v1::Change& change) {
    const std::string bytes = change.SerializeAsString();
    return editor.Apply(Bytes(bytes));
  };
  for (std::uint32_t i = 0; i < 9'999; ++i) ASSERT_TRUE(apply(PatchRules({60'000 - i}, {})).ok());
  for (std::uint32_t i = 0; i < 9'999; ++i) {
    ASSERT_TRUE(apply(i % 3 == 0 ? PatchRules({60'000 - i}, {}) : PatchRules({}, {60'000 - i})).ok());
  }
  const Result<config::Config> config = editor.Finish();
  ASSERT_TRUE(config.ok());
  const auto& rules = config->filters[0].inbound;
  ASSERT_EQ(rules.size(), 3'334U);
  EXPECT_EQ(rules[0].number, 10);
  for (std::uint32_t i = 1; i < rules.size(); ++i) ASSERT_EQ(rules[i].number, 60'000 - 9'996 + 3 * (i - 1));
}

}  // namespace
}  // namespace heliostat::codec
