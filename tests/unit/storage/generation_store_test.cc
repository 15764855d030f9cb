#include "storage/generation_store.h"

#include <gtest/gtest.h>

#include "emulated/emulated_flash.h"
#include "storage/log_format.h"
#include "unit/storage/key_values.h"

namespace heliostat::storage {
namespace {

using hal::emulated::EmulatedFlash;

constexpr hal::FlashGeometry kGeometry{4096, 16, 8};
constexpr Region kRegion{1, 4};

GenerationInfo By(const std::string& user) {
  GenerationInfo info;
  info.user = user;
  return info;
}

KeyValues Numbered(std::uint64_t number, std::size_t bytes = 300) {
  KeyValues values;
  values["all"] = std::to_string(number);
  for (std::uint64_t i = 0; i < 3; ++i) {
    values[std::to_string(i)] = std::to_string(number - (number + i) % 3) + std::string(bytes, 'v');
  }
  return values;
}

void CommitTo(KeyValueStore& store, std::uint64_t last) {
  while (store->current() < last) {
    const auto committed = store.Commit(By("alice"), Numbered(store->current() + 1));
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
  }
}

TEST(GenerationStore, OfAnErasedRegionIsEmpty) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion);
  EXPECT_EQ(store->current(), 0U);
  EXPECT_TRUE(store->generations().empty());
  EXPECT_TRUE(store->damage().ok());
  EXPECT_EQ(*ReadGeneration(*store, 0), KeyValues{});
  EXPECT_EQ(store->Read(1, nullptr).code(), Code::kNotFound);
  EXPECT_EQ(store->used_bytes(), 0U);
  EXPECT_EQ(flash.programs() + flash.erases(), 0U) << "opening writes nothing";
}

TEST(GenerationStore, FindsInfoAndContentWhenOpenedAgain) {
  EmulatedFlash flash(kGeometry);
  GenerationInfo info = By("alice");
  info.time_ns = 12345;
  info.role = 3;
  info.owner = std::string(64, 'o');
  info.address = "192.0.2.1:5000";
  info.action = "commit";
  info.summary = std::string(128, 's');
  info.comment = "the first";
  {
    KeyValueStore store(flash, kRegion);
    EXPECT_EQ(*store.Commit(info, Numbered(1)), 1U);
  }
  KeyValueStore store(flash, kRegion);
  info.number = 1;
  ASSERT_EQ(store->generations().size(), 1U);
  EXPECT_EQ(store->generations()[0], info);
  EXPECT_EQ(*ReadGeneration(*store, 1), Numbered(1));
}

TEST(GenerationStore, KeepsTheLastGenerationsAcrossCompactions) {
  EmulatedFlash flash(kGeometry);
  for (std::uint64_t last = 1; last <= 40; ++last) {
    KeyValueStore store(flash, kRegion, 3);
    CommitTo(store, last);
    ASSERT_EQ(store->current(), last);
    ASSERT_LE(store->generations().size(), 3U);
    for (const GenerationInfo& info : store->generations()) {
      ASSERT_EQ(*ReadGeneration(*store, info.number), Numbered(info.number));
    }
    ASSERT_EQ(store->generations().size(), std::min<std::uint64_t>(last, 3));
    ASSERT_LE(store->used_bytes(), store->region_bytes());
  }
  EXPECT_GE(flash.erases(), 6U);
  EXPECT_TRUE(flash.violations().empty());
}

TEST(GenerationStore, GivesOldGenerationsUpBeforeItIsFull) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion, 16);
  for (std::uint64_t number = 1; number <= 10; ++number) {
    const auto committed = store.Commit({}, Numbered(number, 1100));  // 3.4 KiB of the 8 that an area has
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
    ASSERT_EQ(*ReadGeneration(*store, number), Numbered(number, 1100));
  }
  EXPECT_LT(store->generations().size(), 10U);
}

TEST(GenerationStore, RefusesWhatDoesNotFitAloneAndChangesNothing) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion);
  CommitTo(store, 3);
  const auto refused = store.Commit({}, Numbered(4, 4000));
  EXPECT_EQ(refused.status().code(), Code::kResourceExhausted);
  EXPECT_NE(refused.status().reason().find("region of 16384 bytes"), std::string::npos) << refused.status().ToString();
  EXPECT_FALSE(refused.status().fix().empty());
  EXPECT_EQ(store->current(), 3U);
  EXPECT_EQ(*ReadGeneration(*store, 3), Numbered(3));
  CommitTo(store, 4);
  KeyValueStore again(flash, kRegion);
  EXPECT_EQ(again->current(), 4U);
  EXPECT_EQ(*ReadGeneration(*again, 4), Numbered(4));
}

TEST(GenerationStore, LeavesNothingOfACommitWhoseProducerFails) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion);
  CommitTo(store, 1);
  const auto refused = store->Commit({}, [](const Sink& sink) -> Status {
    HELIOSTAT_RETURN_IF_ERROR(sink(AsBytes("a=" + std::string(5000, 'a'))));
    return {Code::kPermissionDenied, "x", "y"};
  });
  EXPECT_EQ(refused.status().code(), Code::kPermissionDenied);
  CommitTo(store, 2);
  KeyValueStore again(flash, kRegion);
  EXPECT_EQ(*ReadGeneration(*again, 2), Numbered(2));
}

TEST(GenerationStore, FailsACommitWhoseProducerHidesAnErrorOfTheSink) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion);
  const auto refused = store->Commit({}, [](const Sink& sink) -> Status {
    static_cast<void>(sink(std::vector<std::uint8_t>(8193)));
    return OkStatus();
  });
  EXPECT_EQ(refused.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(store->current(), 0U);
}

TEST(GenerationStore, RefusesTextsThatAreTooLong) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion);
  EXPECT_EQ(store.Commit(By(std::string(65, 'u')), {}).status().subject(), "user");
  EXPECT_TRUE(store.Commit(By(std::string(64, 'u')), {}).ok());
}

TEST(GenerationStore, HoldsTheBaseOfAnUnconfirmedGenerationUntilItIsConfirmed) {
  EmulatedFlash flash(kGeometry);
  GenerationInfo unconfirmed;
  unconfirmed.unconfirmed = true;
  unconfirmed.base = 9;
  {
    KeyValueStore store(flash, kRegion, 1);
    CommitTo(store, 9);
    ASSERT_TRUE(store.Commit(unconfirmed, Numbered(10)).ok());
    EXPECT_EQ(store->generations().size(), 2U);
  }
  {
    KeyValueStore store(flash, kRegion, 1);
    ASSERT_EQ(store->generations().size(), 2U);
    EXPECT_TRUE(store->generations()[1].unconfirmed);
    EXPECT_EQ(store->generations()[1].base, 9U);
    EXPECT_EQ(*ReadGeneration(*store, 9), Numbered(9));
    EXPECT_EQ(store->Confirm(9).code(), Code::kFailedPrecondition);
    ASSERT_TRUE(store->Confirm(10).ok());
    EXPECT_EQ(store->Confirm(10).code(), Code::kFailedPrecondition);
    EXPECT_EQ(store->generations().size(), 1U);
  }
  KeyValueStore store(flash, kRegion, 1);
  ASSERT_EQ(store->generations().size(), 1U);
  EXPECT_FALSE(store->generations()[0].unconfirmed);
  unconfirmed.base = 3;
  EXPECT_EQ(store.Commit(unconfirmed, Numbered(11)).status().code(), Code::kInvalidArgument) << "3 is not kept";
}

TEST(GenerationStore, CanGoBackToNothing) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion);
  GenerationInfo unconfirmed;
  unconfirmed.unconfirmed = true;
  ASSERT_TRUE(store.Commit(unconfirmed, Numbered(1)).ok());
  EXPECT_EQ(store->generations()[0].base, 0U);
}

// The two generations have no key in common, so their sum has to fit, or the unconfirmed commit is refused.
TEST(GenerationStore, GoesBackFromWhateverItHasTakenUnconfirmed) {
  int taken = 0;
  int refused = 0;
  for (std::size_t bytes = 200; bytes < 3800; bytes += 20) {
    EmulatedFlash flash(kGeometry);
    KeyValueStore store(flash, kRegion);
    const KeyValues base{{"a", std::string(bytes, 'a')}, {"b", std::string(bytes, 'b')}};
    const KeyValues next{{"c", std::string(bytes, 'c')}};
    ASSERT_TRUE(store.Commit({}, base).ok());
    GenerationInfo unconfirmed;
    unconfirmed.unconfirmed = true;
    unconfirmed.base = 1;
    const auto committed = store->Commit(unconfirmed, ChangesBetween(base, next), ChangesBetween({}, next));
    if (!committed.ok()) {
      ++refused;
      ASSERT_EQ(committed.status().code(), Code::kResourceExhausted) << bytes;
      EXPECT_NE(committed.status().fix().find("without a time to confirm"), std::string::npos);
      ASSERT_TRUE(store->Commit({}, ChangesBetween(base, next), ChangesBetween({}, next)).ok()) << "for good it fits";
      ASSERT_EQ(*ReadGeneration(*store, 2), next);
      continue;
    }
    ++taken;
    GenerationInfo back;
    for (auto* text : {&back.user, &back.owner, &back.address, &back.action}) *text = std::string(64, 't');
    for (auto* text : {&back.summary, &back.comment}) *text = std::string(128, 't');
    const auto undone = store->Commit(back, ChangesBetween(next, base), ChangesBetween({}, base));
    ASSERT_TRUE(undone.ok()) << bytes << ": " << undone.status().ToString();
    KeyValueStore again(flash, kRegion);
    ASSERT_EQ(again->current(), 3U);
    ASSERT_EQ(*ReadGeneration(*again, 3), base);
    ASSERT_TRUE(flash.violations().empty()) << flash.violations().front();
  }
  EXPECT_GT(taken, 10);
  EXPECT_GT(refused, 10);
}

TEST(GenerationStore, TakesWhateverFitsAlone) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion);
  KeyValues before;
  for (std::uint64_t number = 1; number <= 4; ++number) {
    const KeyValues after{{"key" + std::to_string(number), std::string(7800, 'v')}};
    const auto committed = store->Commit(By("alice"), ChangesBetween(before, after), ChangesBetween({}, after));
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
    ASSERT_EQ(*committed, number);
    ASSERT_EQ(*ReadGeneration(*store, number), after);
    before = after;
  }
  const KeyValues large{{"large", std::string(4090, 'v')}, {"larger", std::string(4090, 'v')}};
  const auto refused = store->Commit({}, ChangesBetween(before, large), ChangesBetween({}, large));
  EXPECT_EQ(refused.status().code(), Code::kResourceExhausted) << refused.status().ToString();
  KeyValueStore again(flash, kRegion);
  EXPECT_EQ(again->current(), 4U);
  EXPECT_EQ(again->generations().back().user, "alice");
  EXPECT_EQ(*ReadGeneration(*again, 4), before);
}

// The device fails at any operation, once or for good, while a commit is made.
TEST(GenerationStore, ChangesNothingWhenTheDeviceFails) {
  for (const std::uint64_t count : {1U, 1000U}) {
    for (std::uint64_t skip = 1; skip <= 12; ++skip) {
      EmulatedFlash flash(kGeometry);
      KeyValueStore store(flash, kRegion, 2);
      CommitTo(store, 6);
      flash.FailAt(flash.operations() + skip, count);
      Result<std::uint64_t> committed = std::uint64_t{0};
      while (committed.ok() && store->current() < 20) committed = store.Commit({}, Numbered(store->current() + 1));
      ASSERT_EQ(committed.status().code(), Code::kUnavailable);
      const std::uint64_t last = store->current();
      ASSERT_EQ(*ReadGeneration(*store, last), Numbered(last));
      if (count == 1) {
        KeyValueStore again(flash, kRegion, 2);
        ASSERT_EQ(again->current(), last) << "skip " << skip;
      }
      flash.FailAt(0, 0);
      KeyValueStore again(flash, kRegion, 2);
      ASSERT_LE(again->current(), last + 1);
      ASSERT_GE(again->current(), last);
      ASSERT_EQ(*ReadGeneration(*again, again->current()), Numbered(again->current()));
      CommitTo(again, last + 3);
      ASSERT_TRUE(flash.violations().empty()) << flash.violations().front();
    }
  }
}

TEST(GenerationStore, GoesOnBehindAFailureThatPassed) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, kRegion, 2);
  CommitTo(store, 3);
  flash.FailAt(flash.operations() + 1);
  EXPECT_FALSE(store.Commit({}, Numbered(4)).ok());
  CommitTo(store, 6);
  KeyValueStore again(flash, kRegion, 2);
  EXPECT_EQ(*ReadGeneration(*again, 6), Numbered(6));
}

// Every bit of a region with history, one at a time.
TEST(GenerationStore, AfterAFlippedBitHasAWholeGenerationAndTellsWhatIsLost) {
  constexpr std::uint64_t kLast = 24;
  EmulatedFlash whole(kGeometry);
  {
    KeyValueStore store(whole, kRegion, 4);
    CommitTo(store, kLast);
  }
  ASSERT_GE(whole.erases(), 4U);
  std::uint64_t lost = 0;
  for (std::uint64_t offset = 4096; offset < 5 * 4096; ++offset) {
    EmulatedFlash flash = whole;
    flash.Flip(offset, static_cast<unsigned>(offset % 8));
    KeyValueStore store(flash, kRegion, 4);
    ASSERT_TRUE(store.status().ok()) << store.status().ToString();
    const std::uint64_t current = store->current();
    ASSERT_EQ(*ReadGeneration(*store, current), current == 0 ? KeyValues{} : Numbered(current)) << offset;
    // The last record of all can't be told from one that a cut has torn.
    ASSERT_TRUE(current + 1 >= kLast || store->damage().code() == Code::kDataLoss) << offset;
    lost += current < kLast ? 1 : 0;
    if (offset % 16 != 0) continue;
    const auto committed = store.Commit({}, Numbered(99));
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
    ASSERT_GT(*committed, current + 1 == kLast ? current : kLast) << "a number is given once";
    KeyValueStore again(flash, kRegion, 4);
    ASSERT_EQ(again->current(), *committed);
    ASSERT_EQ(*ReadGeneration(*again, *committed), Numbered(99));
    ASSERT_TRUE(again->damage().ok());
  }
  EXPECT_GT(lost, 1000U) << "the test must flip bits that matter";
}

TEST(GenerationStore, RefusesARegionThatIsNoneOrAnothers) {
  EmulatedFlash flash(kGeometry);
  for (const Region region : {Region{0, 0}, Region{0, 1}, Region{7, 2}, Region{0xffffffff, 2}}) {
    KeyValueStore store(flash, region);
    EXPECT_EQ(store.status().code(), Code::kInvalidArgument) << region.first_block << " " << region.blocks;
  }
  {
    KeyValueStore store(flash, kRegion);
    CommitTo(store, 1);
  }
  KeyValueStore smaller(flash, {1, 2});
  EXPECT_EQ(smaller.status().code(), Code::kFailedPrecondition) << "made with another flash map";
  EXPECT_NE(smaller.status().ToString().find("areas of 8192 bytes"), std::string::npos) << smaller.status().ToString();
}

TEST(GenerationStore, LeavesItsNeighboursAlone) {
  EmulatedFlash flash(kGeometry);
  KeyValueStore store(flash, {2, 3}, 2);
  CommitTo(store, 30);
  const auto image = flash.image();
  for (std::size_t i = 0; i < image.size(); ++i) {
    const bool own = i / 4096 == 2 || i / 4096 == 3;  // of an odd number of blocks the last one is not used
    ASSERT_TRUE(own || image[i] == hal::kErasedByte) << i;
  }
}

}  // namespace
}  // namespace heliostat::storage
