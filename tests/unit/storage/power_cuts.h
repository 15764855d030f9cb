// The power is cut at every operation of a sequence, in every way, and at every pair of operations.
//
// `Player` is a value: what the outside knows to be stored, and what it had asked for when the power went.
// `bool Play(EmulatedFlash&)` boots, compares what is stored with what must be, and does what is left to do; true when
// all is done, false when the power went. It reports with gtest.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

#include "emulated/emulated_flash.h"

namespace heliostat::storage {

struct CutFigures {
  std::uint64_t operations = 0;  // of the sequence without a cut
  std::uint64_t programs = 0;
  std::uint64_t erases = 0;
  std::uint64_t syncs = 0;
  std::uint64_t cuts = 0;   // runs with one cut: operations by ways
  std::uint64_t pairs = 0;  // runs with two
  [[nodiscard]] std::string Text() const {
    return std::to_string(operations) + " operations (" + std::to_string(programs) + " programs, " +
           std::to_string(erases) + " erases, " + std::to_string(syncs) + " syncs), " + std::to_string(cuts) + " cuts" +
           (pairs == 0 ? "" : ", " + std::to_string(pairs) + " pairs of cuts");
  }
};

// Plays what is left, with as many boots as it takes. Returns false when something was found wrong.
template <typename Player>
bool PlayOn(hal::emulated::EmulatedFlash& flash, Player& player) {
  for (int boots = 0; !testing::Test::HasFailure(); ++boots) {
    flash.Restart();
    if (player.Play(flash)) break;
    EXPECT_FALSE(flash.powered()) << "it gave up though the power is on";
    EXPECT_LT(boots, 4);
  }
  EXPECT_TRUE(flash.violations().empty()) << flash.violations().front();
  return !testing::Test::HasFailure();
}

inline std::uint64_t WayOf(hal::emulated::CutMode mode) { return static_cast<std::uint64_t>(mode); }

// Returns true when the second cut of a pair, too, is made in every way, which takes many minutes. Otherwise each pair
// of operations is cut in every first way, and the second way changes from pair to pair.
inline bool EveryWay() { return std::getenv("HELIOSTAT_LONG_TESTS") != nullptr; }

// `start` is the flash and the player before the first operation.
template <typename Player>
CutFigures CutEverywhere(const hal::emulated::EmulatedFlash& start, const Player& before, bool pairs) {
  using hal::emulated::CutMode;
  CutFigures figures;
  {
    auto flash = start;
    auto player = before;
    if (!PlayOn(flash, player)) return figures;
    figures = {flash.operations(), flash.programs(), flash.erases(), flash.syncs(), 0, 0};
  }
  for (std::uint64_t first = 1; first <= figures.operations; ++first) {
    for (const CutMode mode : hal::emulated::kCutModes) {
      SCOPED_TRACE("cut at operation " + std::to_string(first) + ": " + CutModeName(mode));
      auto flash = start;
      auto player = before;
      flash.CutAt(first, mode);
      EXPECT_FALSE(player.Play(flash)) << "the sequence ended before the cut";
      if (testing::Test::HasFailure()) return figures;
      const auto flash_then = flash;
      const auto player_then = player;
      ++figures.cuts;
      if (!PlayOn(flash, player)) return figures;
      const std::uint64_t end = flash.operations();
      for (std::uint64_t second = first + 1; pairs && second <= end; ++second) {
        for (const CutMode again : hal::emulated::kCutModes) {
          if (!EveryWay() && (first + second + WayOf(mode)) % std::size(hal::emulated::kCutModes) != WayOf(again))
            continue;
          SCOPED_TRACE("then at operation " + std::to_string(second) + ": " + CutModeName(again));
          auto flash_again = flash_then;
          auto player_again = player_then;
          flash_again.CutAt(second, again);
          ++figures.pairs;
          if (!PlayOn(flash_again, player_again)) return figures;
        }
      }
    }
  }
  return figures;
}

}  // namespace heliostat::storage
