// What is written is what is read: changes and units against the editor and the decoder, and against libprotobuf.
#include <control.pb.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "codec/change.h"
#include "unit/codec/random_config.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

std::vector<std::string> Changes(const config::Config& before, const config::Config& after) {
  std::vector<std::string> changes;
  const Status status = WriteChanges(before, after, [&](std::span<const std::uint8_t> change) {
    EXPECT_LE(change.size(), kMaxChangeBytes);
    changes.emplace_back(change.begin(), change.end());
    return OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return changes;
}

Result<config::Config> Edited(const config::Config& before, const std::vector<std::string>& changes,
                              const config::Limits& limits = {}) {
  ConfigEditor editor(before, limits, ChangesFrom::kFlash);
  for (const std::string& change : changes) HELIOSTAT_RETURN_IF_ERROR(editor.Apply(Bytes(change)));
  return editor.Finish();
}

v1::Change Parsed(const std::string& bytes) {
  v1::Change change;
  EXPECT_TRUE(change.ParseFromString(bytes));
  return change;
}

// The limits allow no more of anything than the larger configuration has.
config::Limits JustEnough(const config::Config& a, const config::Config& b) {
  const auto count = [](const config::Config& config) {
    config::Limits limits{
        .sessions = static_cast<std::uint32_t>(config.sessions.size()),
        .targets = static_cast<std::uint32_t>(config.targets.size()),
        .filters = static_cast<std::uint32_t>(config.filters.size()),
        .rules = 0,
        .session_sources = 0,
        .interfaces = static_cast<std::uint32_t>(std::max(config.interfaces.size(), config.underlays.size()))};
    for (const auto& f : config.filters)
      limits.rules += static_cast<std::uint32_t>(f.inbound.size() + f.outbound.size());
    for (const auto& s : config.sessions) limits.session_sources += static_cast<std::uint32_t>(s.sources.size());
    return limits;
  };
  config::Limits limits = count(a);
  const config::Limits other = count(b);
  for (const auto member : {&config::Limits::sessions, &config::Limits::targets, &config::Limits::filters,
                            &config::Limits::rules, &config::Limits::session_sources, &config::Limits::interfaces}) {
    limits.*member = std::max(limits.*member, other.*member);
  }
  return limits;
}

TEST(WriteChanges, LeadsFromAnyConfigurationToAnyOtherWithinTheirLimits) {
  for (std::uint32_t seed = 0; seed < 1'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const config::Config before = RandomConfig(&random);
    const config::Config after = seed % 2 == 0 ? RandomConfig(&random) : RandomlyChanged(before, &random);
    for (const auto& [from, to] : {std::pair{&before, &after}, {&after, &before}}) {
      const Result<config::Config> edited = Edited(*from, Changes(*from, *to), JustEnough(before, after));
      ASSERT_TRUE(edited.ok()) << edited.status().ToString();
      ASSERT_EQ(*edited, *to);
    }
  }
}

TEST(WriteChanges, LeadsFromAndToNothing) {
  for (std::uint32_t seed = 10'000; seed < 10'300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const config::Config config = RandomConfig(&random);
    const Result<config::Config> made = Edited({}, Changes({}, config));
    ASSERT_TRUE(made.ok()) << made.status().ToString();
    ASSERT_EQ(*made, config);
    const Result<config::Config> emptied = Edited(config, Changes(config, {}));
    ASSERT_TRUE(emptied.ok()) << emptied.status().ToString();
    ASSERT_EQ(*emptied, config::Config{});
  }
}

TEST(WriteChanges, IsSilentBetweenEquals) {
  const config::Config sample = *Decode(SampleUnits());
  EXPECT_TRUE(Changes(sample, sample).empty());
}

TEST(WriteChanges, WritesOneRuleForOneRule) {
  config::Config before;
  before.filters.push_back({.metadata = {.name = "web", .description = std::string(256, 'x')}});
  for (std::uint16_t number = 1; number <= 10'000; ++number) before.filters[0].inbound.push_back({.number = number});
  config::Config after = before;
  after.filters[0].inbound[5'000].protocol = std::uint8_t{6};
  const std::vector<std::string> changes = Changes(before, after);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_LT(changes[0].size(), 32U);
  const v1::RulePatch patch = Parsed(changes[0]).patch().rules();
  EXPECT_EQ(patch.filter(), "web");
  EXPECT_EQ(patch.direction(), v1::INBOUND);
  ASSERT_EQ(patch.set_size(), 1);
  EXPECT_EQ(patch.set(0).number(), 5'001U);
  EXPECT_EQ(patch.remove_size(), 0);
}

TEST(WriteChanges, PatchesHeadersAndSourcesOnTheirOwn) {
  const config::Config before = *Decode(SampleUnits());
  config::Config after = before;
  after.sessions[0].enabled = !after.sessions[0].enabled;
  std::vector<std::string> changes = Changes(before, after);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_TRUE(Parsed(changes[0]).patch().header().has_session());

  after = before;
  after.sessions[0].sources.emplace_back("guest1");
  changes = Changes(before, after);
  ASSERT_EQ(changes.size(), 1U);
  const v1::SourcePatch patch = Parsed(changes[0]).patch().sources();
  EXPECT_THAT(patch.add(), testing::ElementsAre("guest1"));
  EXPECT_EQ(patch.remove_size(), 0);
}

TEST(WriteChanges, PatchesTheHeaderWhateverFieldOfItDiffers) {
  using Edit = std::function<void(config::Config&)>;
  const config::Config before = *Decode(SampleUnits());
  for (const auto& [what, edit] : std::vector<std::pair<const char*, Edit>>{
           {"session metadata", [](config::Config& c) { c.sessions[0].metadata.description = "x"; }},
           {"session number", [](config::Config& c) { c.sessions[0].number = 8; }},
           {"session tier", [](config::Config& c) { c.sessions[0].tier = 1; }},
           {"session enabled", [](config::Config& c) { c.sessions[0].enabled = true; }},
           {"session filter", [](config::Config& c) { c.sessions[0].filter = "x"; }},
           {"session target", [](config::Config& c) { c.sessions[0].target = "x"; }},
           {"session direction", [](config::Config& c) { c.sessions[0].direction = config::DirectionSet::kAll; }},
           {"session tunnel_id", [](config::Config& c) { c.sessions[0].tunnel_id = 10; }},
           {"session packet_length", [](config::Config& c) { c.sessions[0].packet_length = 129; }},
           {"session sample", [](config::Config& c) { c.sessions[0].sample_hundredths = 1; }},
           {"session sampling", [](config::Config& c) { c.sessions[0].sampling = config::SamplingMode::kPackets; }},
           {"session rate_limit", [](config::Config& c) { c.sessions[0].rate_limit->burst = 11; }},
           {"session forwarded_only", [](config::Config& c) { c.sessions[0].forwarded_only = false; }},
           {"filter metadata", [](config::Config& c) { c.filters[0].metadata.owner = "bob"; }},
           {"filter services", [](config::Config& c) { c.filters[0].services.pop_back(); }},
           {"target", [](config::Config& c) { c.targets[1].mtu = 1300; }},
           {"group", [](config::Config& c) { c.targets[0].shared_with = {"bob"}; }},
           {"underlay", [](config::Config& c) { c.underlays[0].mtu = 1300; }},
           {"interface", [](config::Config& c) { c.interfaces[0].excluded = ""; }},
       }) {
    SCOPED_TRACE(what);
    config::Config after = before;
    edit(after);
    const std::vector<std::string> changes = Changes(before, after);
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_TRUE(Parsed(changes[0]).patch().has_header());
    const Result<config::Config> edited = Edited(before, changes);
    ASSERT_TRUE(edited.ok()) << edited.status().ToString();
    EXPECT_EQ(*edited, after);
  }
}

TEST(WriteChanges, TakesTheDifferencesOfWhoHasCompared) {
  const config::Config before = *Decode(SampleUnits());
  config::Config after = before;
  after.sessions[0].number = 8;
  after.targets[1].mtu = 1300;
  std::vector<config::Difference> differences = config::Compare(before, after);
  const auto count = [&] {
    std::size_t changes = 0;
    EXPECT_TRUE(WriteChanges(before, after, differences, [&](std::span<const std::uint8_t>) {
                  ++changes;
                  return OkStatus();
                }).ok());
    return changes;
  };
  EXPECT_EQ(count(), 2U);
  differences.pop_back();
  EXPECT_EQ(count(), 1U) << "nothing is compared again";
}

TEST(WriteChanges, RemovesUsersBeforeWhatTheyUse) {
  const std::vector<std::string> changes = Changes(*Decode(SampleUnits()), {});
  std::vector<std::string> removed;
  for (const std::string& change : changes) removed.push_back(Parsed(change).remove().name());
  EXPECT_THAT(removed, testing::ElementsAre("s1", "web", "group", "zeek", "wire1", "guest0"));
}

TEST(WriteChanges, StopsAtTheSinksFirstError) {
  int calls = 0;
  const Status status = WriteChanges({}, *Decode(SampleUnits()), [&](std::span<const std::uint8_t>) {
    return ++calls == 2 ? Status(Code::kUnavailable, "flash", "no", {}) : Status{};
  });
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(calls, 2);
}

TEST(WriteChanges, RefusesWhatTheContractCannotHold) {
  config::Config config;
  config.filters.push_back({.metadata = {.name = std::string(64, 'x')}});
  const Status status = WriteChanges({}, config, [](std::span<const std::uint8_t>) { return OkStatus(); });
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_EQ(status.subject(), "name");
}

TEST(WriteUnits, WritesWhatTheDecoderReads) {
  for (std::uint32_t seed = 20'000; seed < 20'300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    config::Config config = RandomConfig(&random);
    config.picked_ids.clear();  // no resource's
    ConfigDecoder decoder({});
    v1::Unit header;
    header.mutable_header()->set_format(1);
    const std::string header_bytes = header.SerializeAsString();
    ASSERT_TRUE(decoder.Put(Bytes(header_bytes)).ok());
    for (const config::Difference& one : config::Compare({}, config)) {
      const Status status = WriteUnits(config, one.kind, one.after, true, 0,
                                       [&](std::span<const std::uint8_t> unit) { return decoder.Put(unit); });
      ASSERT_TRUE(status.ok()) << status.ToString();
    }
    const Result<config::Config> decoded = decoder.Finish();
    ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
    ASSERT_EQ(*decoded, config);
  }
}

TEST(WriteUnits, WritesWhatLibprotobufWrites) {
  Units expected = SampleUnits();
  expected.erase(expected.begin());
  // Defaults that the card fills in are written out.
  expected[2].mutable_target()->set_encapsulation(v1::ERSPAN2);
  expected[2].mutable_target()->set_ttl(64);
  expected[3].mutable_target()->set_ttl(64);
  for (const std::size_t rules : {6U, 7U}) {
    v1::Rule* rule = expected[rules].mutable_rules()->mutable_rules(0);
    rule->mutable_source_mac()->set_mask(std::string(6, '\xff'));
    rule->mutable_destination_mac()->set_mask(std::string(6, '\xff'));
  }
  std::swap(expected[2], expected[3]);  // by name
  std::swap(expected[3], expected[4]);
  const config::Config config = *Decode(SampleUnits());
  std::size_t at = 0;
  for (const config::Difference& one : config::Compare({}, config)) {
    const Status status = WriteUnits(config, one.kind, one.after, true, 0, [&](std::span<const std::uint8_t> bytes) {
      v1::Unit unit;
      EXPECT_TRUE(unit.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      EXPECT_TRUE(MessageDifferencer::Equals(unit, expected.at(at)))
          << unit.DebugString() << expected.at(at).DebugString();
      ++at;
      return OkStatus();
    });
    EXPECT_TRUE(status.ok());
  }
  EXPECT_EQ(at, expected.size());
}

TEST(WriteUnits, PassesOverAnyNumberOfThem) {
  config::Config config;
  config.filters.resize(1);
  config.filters[0].metadata.name = "f";
  config.filters[0].inbound.resize(130);
  config.filters[0].outbound.resize(64);
  for (auto* rules : {&config.filters[0].inbound, &config.filters[0].outbound}) {
    for (std::size_t i = 0; i < rules->size(); ++i) (*rules)[i].number = static_cast<std::uint16_t>(i + 1);
  }
  const auto units = [&](std::size_t skip) {
    std::vector<std::string> written;
    EXPECT_TRUE(WriteUnits(config, config::Kind::kFilter, 0, true, skip, [&](std::span<const std::uint8_t> unit) {
                  written.emplace_back(unit.begin(), unit.end());
                  return Status();
                }).ok());
    return written;
  };
  const std::vector<std::string> all = units(0);
  ASSERT_EQ(all.size(), 5U) << "a header, three chunks and one";
  for (std::size_t skip = 0; skip <= all.size() + 1; ++skip) {
    const auto from = all.begin() + static_cast<std::ptrdiff_t>(std::min(skip, all.size()));
    EXPECT_EQ(units(skip), std::vector<std::string>(from, all.end())) << "skip " << skip;
  }
}

TEST(WriteUnits, LeavesTheListsOutWhenNotWhole) {
  const config::Config config = *Decode(SampleUnits());
  for (const config::Difference& one : config::Compare({}, config)) {
    int units = 0;
    EXPECT_TRUE(WriteUnits(config, one.kind, one.after, false, 0, [&](std::span<const std::uint8_t>) {
                  ++units;
                  return OkStatus();
                }).ok());
    EXPECT_EQ(units, 1);
  }
}

}  // namespace
}  // namespace heliostat::codec
