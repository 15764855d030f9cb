#include "control/watch_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "agent/reading.h"
#include "unit/codec/response_frame.h"

namespace heliostat::control {
namespace {

using config::Direction;
using testing::ElementsAre;

// A card without one: its readings are made up, and the agent's thread is this one.
class Watched {
 public:
  explicit Watched(codec::Watch watch) {
    card_.interfaces.push_back({.name = "guest"});
    published_.generation = 7;
    published_.sessions.emplace_back().name = "all";
    watch.interval_ms = 100;
    watch.count = 1;
    reply_ = std::make_shared<WatchReply>(
        5, std::move(watch),
        WatchReply::Options{.card = &card_,
                            .published = [this] { return std::make_shared<const Published>(published_); },
                            .reading = &shared_,
                            .wall_ns = [] { return std::uint64_t{9}; }},
        0);
  }
  agent::Reading& reading() { return reading_; }
  [[nodiscard]] int reads() const { return reads_; }

  // The frames of its one snapshot.
  std::vector<v1::Response> Snapshot() {
    std::string out;
    for (auto progress = Reply::Progress::kMore; progress != Reply::Progress::kDone;) {
      progress = reply_->Next(0, &out);
      for (const AgentCalls::Work& work : std::exchange(posted_, {})) work();
      calls_.Drain();
    }
    return codec::Responses(out);
  }

 private:
  CardView card_;
  Published published_;
  agent::Reading reading_;
  int reads_ = 0;
  std::vector<AgentCalls::Work> posted_;
  AgentCalls calls_{[this](AgentCalls::Work work) { posted_.push_back(std::move(work)); }, [] {}};
  SharedReading shared_{[this] {
                          ++reads_;
                          return std::make_shared<const agent::Reading>(reading_);
                        },
                        calls_};
  std::shared_ptr<WatchReply> reply_;
};

agent::RuleHits HitsOf(const std::string& filter, std::size_t rules) {
  agent::RuleHits hits{.filter = filter, .direction = Direction::kInbound, .rules = {}};
  for (std::size_t i = 1; i <= rules; ++i) {
    hits.rules.push_back({.number = static_cast<std::uint16_t>(i), .packets = 10 * i});
  }
  return hits;
}

TEST(WatchReply, GivesTheHitsOfTheFiltersThatMatchAndNothingElse) {
  Watched card({.hits = true, .filter = "w*"});
  card.reading().ledger.push_back({.key = {.session = "all"}, .counts = {}});
  card.reading().ports.resize(1);
  card.reading().hits = {HitsOf("dns", 1), HitsOf("web", 2), HitsOf("wide", 1)};
  card.reading().hits[2].direction = Direction::kOutbound;
  card.reading().hits[2].rules = {{.number = 0, .service = config::Service::kNtp, .packets = 3}};
  const std::vector<v1::Response> frames = card.Snapshot();
  ASSERT_EQ(frames.size(), 1U);
  const v1::Snapshot& snapshot = frames[0].snapshot();
  std::vector<std::string> hits;
  for (const v1::Reading& reading : snapshot.readings()) hits.push_back(reading.hits().ShortDebugString());
  EXPECT_THAT(hits, ElementsAre("filter: \"web\" rules { number: 1 packets: 10 } rules { number: 2 packets: 20 }",
                                "filter: \"wide\" outbound: true rules { service: NTP packets: 3 }"));
  EXPECT_EQ(snapshot.sessions_size() + snapshot.interfaces_size(), 0);
  EXPECT_EQ(snapshot.generation(), 7U);
  EXPECT_EQ(snapshot.time_ns(), 9U);
  EXPECT_TRUE(snapshot.complete());
}

TEST(WatchReply, LeavesHitsOutWhereOnlyCountersAreAskedFor) {
  Watched card({.counters = true});
  card.reading().ledger.push_back({.key = {.session = "all"}, .counts = {}});
  card.reading().hits = {HitsOf("web", 1)};
  const std::vector<v1::Response> frames = card.Snapshot();
  ASSERT_EQ(frames.size(), 1U);
  ASSERT_EQ(frames[0].snapshot().readings_size(), 1);
  EXPECT_TRUE(frames[0].snapshot().readings(0).has_entry());
}

TEST(WatchReply, TakesNoReadingForStates) {
  Watched card({.states = true});
  const std::vector<v1::Response> frames = card.Snapshot();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].snapshot().sessions_size(), 1);
  EXPECT_EQ(frames[0].snapshot().interfaces_size(), 1);
  EXPECT_EQ(card.reads(), 0);
}

TEST(WatchReply, GivesEachOfManyHitsOnceWhateverTheFramesHold) {
  Watched card({.states = true, .counters = true, .hits = true});
  card.reading().hits = {HitsOf("a", 10'000), HitsOf("b", 10'000), HitsOf("c", 1)};
  const std::vector<v1::Response> frames = card.Snapshot();
  EXPECT_GT(frames.size(), 2U);
  using Seen = std::pair<std::string, std::size_t>;  // filter, its rules
  std::vector<Seen> seen;
  for (const v1::Response& frame : frames) {
    EXPECT_EQ(frame.snapshot().complete(), &frame == &frames.back());
    for (const v1::Reading& reading : frame.snapshot().readings()) {
      if (seen.empty() || seen.back().first != reading.hits().filter()) seen.emplace_back(reading.hits().filter(), 0);
      for (const v1::RuleHit& rule : reading.hits().rules()) ASSERT_EQ(rule.number(), ++seen.back().second);
    }
  }
  EXPECT_THAT(seen, ElementsAre(Seen("a", 10'000), Seen("b", 10'000), Seen("c", 1)));
  EXPECT_EQ(frames.back().snapshot().sessions_size(), 1);
  EXPECT_EQ(card.reads(), 1);
}

TEST(WatchReply, IsRefusedWhereItAsksForNothing) {
  const Status status = CheckWatch({});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.ToString(), "watch: it asks for nothing; ask for states, counters, hits or several of them");
  for (const codec::Watch& watch : {codec::Watch{.states = true}, {.counters = true}, {.hits = true}}) {
    EXPECT_TRUE(CheckWatch(watch).ok());
  }
}

}  // namespace
}  // namespace heliostat::control
