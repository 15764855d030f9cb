#include "emulated/emulated_flash.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace heliostat::hal::emulated {
namespace {

constexpr FlashGeometry kGeometry{4096, 16, 4};

std::vector<std::uint8_t> Filled(std::size_t size, std::uint8_t value) {
  return std::vector<std::uint8_t>(size, value);
}

std::vector<std::uint8_t> Bytes(EmulatedFlash& flash, std::uint64_t offset, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  EXPECT_TRUE(flash.Read(offset, bytes).ok());
  return bytes;
}

TEST(EmulatedFlash, RefusesAndNotesWhatAFlashCantDo) {
  EmulatedFlash flash(kGeometry);
  ASSERT_TRUE(flash.Program(16, Filled(16, 1)).ok());
  EXPECT_TRUE(flash.violations().empty());
  EXPECT_EQ(flash.Program(0, Filled(32, 2)).code(), Code::kInternal) << "programmed twice";
  EXPECT_EQ(flash.Program(8, Filled(16, 2)).code(), Code::kInternal) << "not in whole units";
  EXPECT_EQ(flash.Program(4096, Filled(8, 2)).code(), Code::kInternal) << "not in whole units";
  EXPECT_EQ(flash.Program(kGeometry.bytes(), Filled(16, 2)).code(), Code::kInternal) << "beyond the end";
  EXPECT_EQ(flash.Erase(4).code(), Code::kInternal) << "beyond the end";
  EXPECT_EQ(flash.violations().size(), 5U);
  EXPECT_EQ(Bytes(flash, 0, 16), Filled(16, kErasedByte));
}

TEST(EmulatedFlash, RemembersThatErasedBytesWereProgrammed) {
  EmulatedFlash flash(kGeometry);
  ASSERT_TRUE(flash.Program(0, Filled(16, kErasedByte)).ok());
  EXPECT_EQ(flash.Program(0, Filled(16, 1)).code(), Code::kInternal);
  ASSERT_TRUE(flash.Erase(0).ok());
  EXPECT_TRUE(flash.Program(0, Filled(16, 1)).ok());
}

TEST(EmulatedFlash, CountsOperations) {
  EmulatedFlash flash(kGeometry);
  ASSERT_TRUE(flash.Program(0, Filled(16, 1)).ok());
  ASSERT_TRUE(flash.Erase(1).ok());
  ASSERT_TRUE(flash.Sync().ok());
  EXPECT_EQ(flash.operations(), 3U);
  EXPECT_EQ(flash.programs() + flash.erases() + flash.syncs(), 3U);
}

// 64 bytes are synced, 64 are not, 64 are being programmed when the power goes.
EmulatedFlash CutWhileProgramming(CutMode mode, std::uint64_t seed = 1) {
  EmulatedFlash flash(kGeometry, seed);
  EXPECT_TRUE(flash.Program(0, Filled(64, 1)).ok());
  EXPECT_TRUE(flash.Sync().ok());
  EXPECT_TRUE(flash.Program(64, Filled(64, 2)).ok());
  flash.CutAt(4, mode);
  EXPECT_EQ(flash.Program(128, Filled(64, 3)).code(), Code::kUnavailable);
  EXPECT_FALSE(flash.powered());
  std::vector<std::uint8_t> out(1);
  EXPECT_EQ(flash.Read(0, out).code(), Code::kUnavailable);
  EXPECT_EQ(flash.Sync().code(), Code::kUnavailable);
  flash.Restart();
  EXPECT_EQ(Bytes(flash, 0, 64), Filled(64, 1)) << "what was synced stays";
  return flash;
}

TEST(EmulatedFlash, LeavesOfACutWhatItsModeSays) {
  auto none = CutWhileProgramming(CutMode::kNone);
  EXPECT_EQ(Bytes(none, 64, 64), Filled(64, 2));
  EXPECT_EQ(Bytes(none, 128, 64), Filled(64, kErasedByte));

  auto half = CutWhileProgramming(CutMode::kHalf);
  EXPECT_EQ(Bytes(half, 64, 64), Filled(64, 2));
  EXPECT_EQ(Bytes(half, 128, 32), Filled(32, 3));
  EXPECT_EQ(Bytes(half, 160, 32), Filled(32, kErasedByte));

  auto garbage = CutWhileProgramming(CutMode::kGarbage);
  EXPECT_EQ(Bytes(garbage, 64, 64), Filled(64, 2));
  EXPECT_NE(Bytes(garbage, 128, 64), Filled(64, 3));
  EXPECT_NE(Bytes(garbage, 128, 64), Filled(64, kErasedByte));
  EXPECT_EQ(Bytes(garbage, 192, 64), Filled(64, kErasedByte));

  auto unreadable = CutWhileProgramming(CutMode::kUnreadable);
  std::vector<std::uint8_t> out(1);
  EXPECT_EQ(unreadable.Read(128, out).code(), Code::kDataLoss);
  EXPECT_EQ(unreadable.Read(191, out).code(), Code::kDataLoss);
  EXPECT_TRUE(unreadable.Read(192, out).ok());
  ASSERT_TRUE(unreadable.Erase(0).ok());
  EXPECT_EQ(Bytes(unreadable, 128, 64), Filled(64, kErasedByte));

  auto all_lost = CutWhileProgramming(CutMode::kAllLost);
  EXPECT_EQ(Bytes(all_lost, 64, 128), Filled(128, kErasedByte));
}

TEST(EmulatedFlash, LosesAnyUnitsThatWereNotSynced) {
  bool later_without_earlier = false;
  bool some = false;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    auto flash = CutWhileProgramming(CutMode::kLost, seed);
    const auto bytes = Bytes(flash, 64, 64);
    for (std::size_t at = 0; at < 64; at += 16) {
      EXPECT_TRUE(std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                              bytes.begin() + static_cast<std::ptrdiff_t>(at + 16),
                              [&](std::uint8_t byte) { return byte == bytes[at]; }));
    }
    later_without_earlier |= bytes[0] == kErasedByte && bytes[16] == 2;
    some |= bytes[0] == 2 && bytes[16] == kErasedByte;
  }
  EXPECT_TRUE(later_without_earlier);
  EXPECT_TRUE(some);
}

TEST(EmulatedFlash, LosesErasesToo) {
  EmulatedFlash flash(kGeometry);
  ASSERT_TRUE(flash.Program(0, Filled(16, 1)).ok());
  ASSERT_TRUE(flash.Sync().ok());
  ASSERT_TRUE(flash.Erase(0).ok());
  flash.CutAt(4, CutMode::kAllLost);
  EXPECT_FALSE(flash.Sync().ok());
  flash.Restart();
  EXPECT_EQ(Bytes(flash, 0, 16), Filled(16, 1));
  EXPECT_EQ(flash.Program(0, Filled(16, 2)).code(), Code::kInternal) << "it is not erased";
}

TEST(EmulatedFlash, AKilledProgramsWritesCanStillBeLost) {
  auto flash = CutWhileProgramming(CutMode::kKilled);
  EXPECT_EQ(Bytes(flash, 64, 64), Filled(64, 2));
  flash.CutAt(5, CutMode::kAllLost);
  EXPECT_FALSE(flash.Erase(3).ok());
  flash.Restart();
  EXPECT_EQ(Bytes(flash, 64, 64), Filled(64, kErasedByte));
}

TEST(EmulatedFlash, TakesAProgramWhereACutLeftErasedBytes) {
  auto flash = CutWhileProgramming(CutMode::kHalf);
  EXPECT_EQ(flash.Program(144, Filled(16, 4)).code(), Code::kInternal);
  EXPECT_TRUE(flash.Program(160, Filled(32, 4)).ok());
}

TEST(EmulatedFlash, CutsTheSameWayWithTheSameSeed) {
  const auto once = CutWhileProgramming(CutMode::kLost, 7);
  const auto again = CutWhileProgramming(CutMode::kLost, 7);
  EXPECT_TRUE(std::ranges::equal(once.image(), again.image()));
}

TEST(EmulatedFlash, FailsOperationsAndGoesOn) {
  EmulatedFlash flash(kGeometry);
  flash.FailAt(2, 2);
  ASSERT_TRUE(flash.Program(0, Filled(16, 1)).ok());
  EXPECT_EQ(flash.Program(16, Filled(16, 1)).code(), Code::kUnavailable);
  EXPECT_EQ(flash.Sync().code(), Code::kUnavailable);
  EXPECT_TRUE(flash.powered());
  EXPECT_EQ(flash.Program(16, Filled(16, 1)).code(), Code::kInternal) << "a failed program leaves noise";
  EXPECT_TRUE(flash.Sync().ok());
  EXPECT_EQ(Bytes(flash, 0, 16), Filled(16, 1));
}

TEST(EmulatedFlash, FlipsABit) {
  EmulatedFlash flash(kGeometry);
  flash.Flip(5, 3);
  EXPECT_EQ(Bytes(flash, 5, 1), Filled(1, 0xf7));
}

TEST(EmulatedFlash, StartsWithAnImage) {
  EmulatedFlash flash(kGeometry, Filled(16, 9));
  EXPECT_EQ(Bytes(flash, 0, 16), Filled(16, 9));
  EXPECT_EQ(flash.image().size(), kGeometry.bytes());
  EXPECT_EQ(flash.Program(0, Filled(16, 1)).code(), Code::kInternal);
  EXPECT_TRUE(flash.Program(16, Filled(16, 1)).ok());
}

}  // namespace
}  // namespace heliostat::hal::emulated
