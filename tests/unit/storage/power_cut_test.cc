#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <optional>

#include "storage/audit_log.h"
#include "storage/crc32c.h"
#include "storage/settings_store.h"
#include "unit/storage/key_values.h"
#include "unit/storage/power_cuts.h"

namespace heliostat::storage {
namespace {

using hal::emulated::EmulatedFlash;

void Print(const std::string& what, const CutFigures& figures) {
  std::printf("power: %s: %s\n", what.c_str(), figures.Text().c_str());
}

// A generation as the outside knows it.
struct Known {
  GenerationInfo info;
  KeyValues values;
};

// Commits that put, change and remove, small and of several kilobytes; some unconfirmed, then confirmed; some given up
// in the middle. A commit that was cut is asked for again with other content: no byte of the first may come back.
class Committer {
 public:
  struct Sizes {
    std::uint64_t commits = 0;
    std::uint64_t keys = 0;
    std::size_t value_bytes = 0;
    std::size_t large_bytes = 0;
  };
  Committer(Region region, const Sizes& sizes) : region_(region), sizes_(sizes), commits_(sizes.commits) {}

  bool Play(EmulatedFlash& flash) {
    KeyValueStore store(flash, region_, kKept);
    if (!store.status().ok()) {
      EXPECT_EQ(store.status().code(), Code::kUnavailable) << store.status().ToString();
      return false;
    }
    if (!Settle(store)) return true;
    // After a cut it goes on until it compacts again.
    if (flash.operations() > 1) commits_ = std::min(commits_, known_.size() + kMore);
    while (known_.size() < commits_) {
      if (!CommitNext(store, flash)) return false;
    }
    KeyValueStore again(flash, region_, kKept);
    if (!again.status().ok()) return false;
    Compare(again);
    return true;
  }

 private:
  static constexpr std::uint32_t kKept = 4;
  static constexpr std::uint64_t kMore = 4;

  // Takes over what was being asked for if the store has it; then everything must be as known.
  bool Settle(KeyValueStore& store) {
    EXPECT_TRUE(store->damage().ok()) << store->damage().ToString();
    if (asked_.has_value() && store->current() == asked_->info.number) {
      if (asked_->info.number > known_.size()) known_.push_back(*asked_);
    }
    if (confirming_ && !store->generations().empty() && !store->generations().back().unconfirmed) {
      known_.back().info.unconfirmed = false;
      known_.back().info.base = 0;
    }
    asked_.reset();
    confirming_ = false;
    Compare(store);
    return !testing::Test::HasFailure();
  }

  void Compare(KeyValueStore& store) {
    ASSERT_EQ(store->current(), known_.size());
    ASSERT_LE(store->generations().size(), kKept);
    ASSERT_GE(store->generations().size(), std::min<std::size_t>(known_.size(), 1));
    std::uint64_t number = known_.size() - store->generations().size();
    for (const GenerationInfo& info : store->generations()) {
      const Known& known = known_[number++];
      ASSERT_EQ(info, known.info);
      const auto values = ReadGeneration(*store, info.number);
      ASSERT_TRUE(values.ok()) << values.status().ToString();
      ASSERT_EQ(*values, known.values);
    }
  }

  bool CommitNext(KeyValueStore& store, const EmulatedFlash& flash) {
    const std::uint64_t number = known_.size() + 1;
    if (number % 7 == 3 && !GiveUp(store, flash)) return false;
    asked_ = Next(number);
    // Now and then a commit takes the place of everything before.
    const bool alone = number % 6 == 5 && !asked_->info.unconfirmed;
    const Producer changes = ChangesBetween(known_.empty() ? KeyValues{} : known_.back().values, asked_->values);
    const auto committed =
        store->Commit(asked_->info, alone ? Producer() : changes, ChangesBetween({}, asked_->values));
    if (!committed.ok()) return Cut(flash, committed.status());
    EXPECT_EQ(*committed, number);
    known_.push_back(*asked_);
    asked_.reset();
    if (!known_.back().info.unconfirmed) return true;
    confirming_ = true;
    const Status status = store->Confirm(number);
    if (!status.ok()) return Cut(flash, status);
    confirming_ = false;
    known_.back().info.unconfirmed = false;
    known_.back().info.base = 0;
    return true;
  }

  // Writes more than a piece, then fails.
  static bool GiveUp(KeyValueStore& store, const EmulatedFlash& flash) {
    const auto refused = store->Commit({}, [](const Sink& sink) -> Status {
      HELIOSTAT_RETURN_IF_ERROR(sink(AsBytes("never=" + std::string(1500, 'n'))));
      return {Code::kInvalidArgument, "test", "given up"};
    });
    return refused.status().code() == Code::kInvalidArgument || Cut(flash, refused.status());
  }

  static bool Cut(const EmulatedFlash& flash, const Status& status) {
    EXPECT_FALSE(flash.powered()) << status.ToString();
    EXPECT_EQ(status.code(), Code::kUnavailable) << status.ToString();
    return false;
  }

  Known Next(std::uint64_t number) {
    ++attempts_;
    Known next{{}, known_.empty() ? KeyValues{} : known_.back().values};
    next.info.number = number;
    next.info.time_ns = 1'000 * attempts_;
    next.info.role = 2;
    next.info.user = "alice";
    next.info.comment = "attempt " + std::to_string(attempts_);
    next.info.unconfirmed = number % 5 == 2;
    next.info.base = next.info.unconfirmed ? number - 1 : 0;
    const std::string stamp = std::to_string(number) + "." + std::to_string(attempts_) + ":";
    next.values["always"] = stamp;
    next.values["key" + std::to_string(number % sizes_.keys)] =
        stamp + std::string(sizes_.value_bytes + number * 37 % 200, 'v');
    if (number % 4 == 0) next.values.erase("key" + std::to_string((number + 1) % sizes_.keys));
    if (number % 8 == 6) next.values["large"] = stamp + std::string(sizes_.large_bytes, 'l');
    if (number % 8 == 1) next.values.erase("large");
    return next;
  }

  Region region_;
  Sizes sizes_;
  std::uint64_t commits_;       // to be made
  std::vector<Known> known_;    // acknowledged: generation n is the n-th
  std::optional<Known> asked_;  // in flight
  bool confirming_ = false;
  std::uint64_t attempts_ = 0;
};

class PowerCut : public testing::TestWithParam<std::uint32_t> {};

TEST_P(PowerCut, AtAnyOperationLeavesTheLastGenerationOrTheOneInFlight) {
  const hal::FlashGeometry geometry{4096, GetParam(), 6};
  const Committer committer({1, 4}, {.commits = 34, .keys = 6, .value_bytes = 200, .large_bytes = 2300});
  const CutFigures figures = CutEverywhere(EmulatedFlash(geometry), committer, false);
  Print("34 commits in units of " + std::to_string(GetParam()), figures);
  EXPECT_GE(figures.erases, 5 * 2U) << "it has to compact now and then";
}

TEST_P(PowerCut, TwiceLeavesTheLastGenerationOrTheOneInFlight) {
  const hal::FlashGeometry geometry{4096, GetParam(), 2};
  const std::uint64_t commits = GetParam() > 16 ? 4 : 6;  // the larger the unit, the sooner it compacts
  const Committer committer({0, 2}, {.commits = commits, .keys = 2, .value_bytes = 550, .large_bytes = 100});
  const CutFigures figures = CutEverywhere(EmulatedFlash(geometry), committer, true);
  Print(std::to_string(commits) + " commits in units of " + std::to_string(GetParam()), figures);
  EXPECT_GE(figures.erases, 2 * 1U) << "it has to compact";
}

// This is not SHA-256, but just as good for what is shown here.
hal::Sha256Digest Digest(std::span<const std::uint8_t> bytes) {
  hal::Sha256Digest digest{};
  std::uint32_t crc = 0;
  for (std::size_t i = 0; i + 4 <= digest.size(); i += 4) {
    crc = Crc32c(bytes, crc + static_cast<std::uint32_t>(i));
    std::memcpy(&digest[i], &crc, sizeof(crc));
  }
  return digest;
}

// Appends records; each is there once, the oldest drop out at the front, the chain holds.
class Auditor {
 public:
  explicit Auditor(std::uint64_t records) : records_(records) {}

  bool Play(EmulatedFlash& flash) {
    auto log = AuditLog::Open(flash, {0, 2}, &Digest);
    if (!log.ok()) {
      EXPECT_EQ(log.status().code(), Code::kUnavailable) << log.status().ToString();
      return false;
    }
    if (asked_ && (*log)->newest().sequence == known_.size() + 1) known_.push_back(AskedFor());
    asked_ = false;
    Compare(**log);
    while (known_.size() < records_ && !testing::Test::HasFailure()) {
      ++attempts_;
      asked_ = true;
      const Status status = (*log)->Append(AskedFor());
      if (!status.ok()) {
        EXPECT_EQ(status.code(), Code::kUnavailable) << status.ToString();
        return false;
      }
      known_.push_back(AskedFor());
      asked_ = false;
    }
    Compare(**log);
    return true;
  }

 private:
  [[nodiscard]] AuditRecord AskedFor() const {
    AuditRecord record;
    record.sequence = known_.size() + 1;
    record.user = "alice";
    record.action = "commit";
    record.comment = "attempt " + std::to_string(attempts_) + std::string(known_.size() * 31 % 100, '.');
    return record;
  }

  void Compare(AuditLog& log) {
    ASSERT_TRUE(log.damage().ok()) << log.damage().ToString();
    ASSERT_EQ(log.newest().sequence, known_.size());
    std::vector<AuditRecord> read;
    const Status status = log.Read(0, 0, [&read](const AuditRecord& record) {
      read.push_back(record);
      read.back().hash = {};
      return true;
    });
    ASSERT_TRUE(status.ok()) << status.ToString();
    ASSERT_GE(read.size(), std::min<std::size_t>(known_.size(), 5));
    const std::vector<AuditRecord> newest(known_.end() - static_cast<std::ptrdiff_t>(read.size()), known_.end());
    ASSERT_EQ(read, newest);
  }

  std::uint64_t records_;
  std::vector<AuditRecord> known_;
  bool asked_ = false;
  std::uint64_t attempts_ = 0;
};

// Sets several values together; they are those of one moment.
class Setter {
 public:
  explicit Setter(std::uint64_t times) : times_(times) {}

  bool Play(EmulatedFlash& flash) {
    auto store = SettingsStore::Open(flash, {0, 2});
    if (!store.ok()) {
      EXPECT_EQ(store.status().code(), Code::kUnavailable) << store.status().ToString();
      return false;
    }
    if (asked_.has_value() && Stored(**store) == *asked_) {
      known_ = *asked_;
      ++done_;
    }
    asked_.reset();
    Compare(**store);
    while (done_ < times_ && !testing::Test::HasFailure()) {
      asked_ = known_;
      std::vector<std::pair<Setting, std::string>> values;
      for (std::size_t i = done_ % 3; i < kSettings.size(); i += 1 + done_ % 2) {
        ++attempts_;
        (*asked_)[i] = std::to_string(attempts_) + std::string(attempts_ * 53 % 300, 's');
        values.emplace_back(kSettings[i], (*asked_)[i]);
      }
      const Status status = (*store)->Set(values);
      if (!status.ok()) {
        EXPECT_EQ(status.code(), Code::kUnavailable) << status.ToString();
        return false;
      }
      known_ = *asked_;
      asked_.reset();
      ++done_;
    }
    Compare(**store);
    return true;
  }

 private:
  static constexpr std::array kSettings = {Setting::kTrustCa, Setting::kTrustCertificate, Setting::kTrustPrivateKey};
  using Values = std::array<std::string, kSettings.size()>;

  static Values Stored(const SettingsStore& store) {
    Values values;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = store.Get(kSettings[i]);
    return values;
  }
  void Compare(const SettingsStore& store) {
    ASSERT_TRUE(store.damage().ok()) << store.damage().ToString();
    ASSERT_EQ(Stored(store), known_);
  }

  std::uint64_t times_;
  Values known_;
  std::optional<Values> asked_;
  std::uint64_t done_ = 0;
  std::uint64_t attempts_ = 0;
};

TEST_P(PowerCut, LeavesTheAuditLogWithEachRecordOnce) {
  const hal::FlashGeometry geometry{4096, GetParam(), 2};
  const CutFigures once = CutEverywhere(EmulatedFlash(geometry), Auditor(40), false);
  Print("40 audit records in units of " + std::to_string(GetParam()), once);
  EXPECT_GE(once.erases, 3U) << "it has to compact";
  Print("5 audit records in units of " + std::to_string(GetParam()),
        CutEverywhere(EmulatedFlash(geometry), Auditor(5), true));
}

TEST_P(PowerCut, LeavesSettingsAllAsBeforeOrAllAsSet) {
  const hal::FlashGeometry geometry{4096, GetParam(), 2};
  const CutFigures once = CutEverywhere(EmulatedFlash(geometry), Setter(30), false);
  Print("settings set 30 times in units of " + std::to_string(GetParam()), once);
  EXPECT_GE(once.erases, 3U) << "it has to compact";
  Print("settings set 4 times in units of " + std::to_string(GetParam()),
        CutEverywhere(EmulatedFlash(geometry), Setter(4), true));
}

INSTANTIATE_TEST_SUITE_P(Units, PowerCut, testing::Values(1, 16, 256), testing::PrintToStringParamName());

}  // namespace
}  // namespace heliostat::storage
