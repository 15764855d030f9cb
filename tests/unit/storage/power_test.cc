// Real configurations, encoded as changes, in the real log: the power goes at every operation of 32 commits.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <utility>

#include "codec/change.h"
#include "storage/generation_store.h"
#include "unit/storage/power_cuts.h"

namespace heliostat::storage {
namespace {

using hal::emulated::EmulatedFlash;

constexpr Region kRegion{0, 4};
constexpr std::uint64_t kCommits = 32;
constexpr std::uint64_t kMoreBehindACut = 6;

// Each call makes another one of `before`: targets, filters and sessions come, go and change.
config::Config Next(config::Config before, std::uint64_t attempt) {
  const std::string name = "n" + std::to_string(attempt % 5);
  const auto named = [&name](auto& resources) -> auto& {
    auto at = resources.begin();
    while (at != resources.end() && at->metadata.name < name) ++at;
    if (at == resources.end() || at->metadata.name != name) at = resources.insert(at, {.metadata = {.name = name}});
    return *at;
  };
  auto& target = named(before.targets);
  target.remote = {.family = IpFamily::kIpv4, .bytes = {10, 0, 0, static_cast<std::uint8_t>(attempt)}};
  auto& filter = named(before.filters);
  filter.metadata.description = "attempt " + std::to_string(attempt);
  filter.inbound.resize(1 + attempt * 7 % 40);
  for (std::size_t i = 0; i < filter.inbound.size(); ++i) {
    filter.inbound[i].number = static_cast<std::uint16_t>(i + 1);
    filter.inbound[i].dscp = static_cast<std::uint8_t>((attempt + i) % 64);
  }
  auto& session = named(before.sessions);
  session.number = static_cast<std::uint16_t>(attempt % 1000 + 1);
  session.sources = {"guest" + std::to_string(attempt % 3)};
  session.filter = session.target = name;
  if (attempt % 6 == 5) before.sessions.erase(before.sessions.begin());
  return before;
}

class Store {
 public:
  explicit Store(EmulatedFlash& flash) {
    GenerationStore::Options options;
    options.kept = 4;
    options.snapshot = [this](std::uint64_t number, const Sink& sink) -> Status {
      const auto config = ConfigOf(number);
      return config.ok() ? codec::WriteChanges({}, *config, sink) : config.status();
    };
    auto opened = GenerationStore::Open(flash, kRegion, std::move(options));
    if (opened.ok()) store_ = std::move(*opened);
  }
  [[nodiscard]] bool open() const { return store_ != nullptr; }
  GenerationStore* operator->() { return store_.get(); }

  Result<config::Config> ConfigOf(std::uint64_t number) {
    codec::ConfigEditor editor({}, config::Limits{});
    HELIOSTAT_RETURN_IF_ERROR(
        store_->Read(number, [&editor](std::span<const std::uint8_t> change) { return editor.Apply(change); }));
    return editor.Finish();
  }

 private:
  std::unique_ptr<GenerationStore> store_;
};

class Operator {
 public:
  bool Play(EmulatedFlash& flash) {
    Store store(flash);
    if (!store.open()) return false;
    if (asked_.has_value() && store->current() == known_.size() + 1) known_.push_back(*asked_);
    asked_.reset();
    Compare(store);
    if (flash.operations() > 1) commits_ = std::min(commits_, known_.size() + kMoreBehindACut);
    while (known_.size() < commits_ && !testing::Test::HasFailure()) {
      const config::Config before = known_.empty() ? config::Config{} : known_.back();
      asked_ = Next(before, ++attempts_);
      const auto committed =
          store->Commit({}, [&](const Sink& sink) { return codec::WriteChanges(before, *asked_, sink); });
      if (!committed.ok()) {
        EXPECT_EQ(committed.status().code(), Code::kUnavailable) << committed.status().ToString();
        return false;
      }
      known_.push_back(*std::exchange(asked_, std::nullopt));
    }
    Compare(store);
    return true;
  }

 private:
  void Compare(Store& store) {
    ASSERT_TRUE(store->damage().ok()) << store->damage().ToString();
    ASSERT_EQ(store->current(), known_.size());
    for (const GenerationInfo& info : store->generations()) {
      const auto config = store.ConfigOf(info.number);
      ASSERT_TRUE(config.ok()) << config.status().ToString();
      ASSERT_EQ(*config, known_[info.number - 1]) << "generation " << info.number;
    }
  }

  std::uint64_t commits_ = kCommits;
  std::vector<config::Config> known_;  // acknowledged: generation n is the n-th
  std::optional<config::Config> asked_;
  std::uint64_t attempts_ = 0;
};

TEST(Power, AtAnyOperationLeavesTheLastConfigurationOrTheOneInFlight) {
  const auto figures = CutEverywhere(EmulatedFlash({4096, 64, 4}), Operator(), false);
  std::printf("power: %d real configurations: %s\n", static_cast<int>(kCommits), figures.Text().c_str());
  EXPECT_GE(figures.erases, 3 * 2U) << "it has to compact now and then";
}

}  // namespace
}  // namespace heliostat::storage
