// Numbered cells of one worker's shard: they never move, and memory is taken a page at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <new>

namespace heliostat::datapath {

// The agent calls Reserve while the worker and readers use cells that were reserved before.
template <typename Cell, std::uint32_t kPageCells, std::uint32_t kMaxCells>
class PagedCells {
 public:
  // Takes memory for the cells below `cells`. Returns false when there is none left or they are too many.
  [[nodiscard]] bool Reserve(std::uint32_t cells) {
    if (cells > kMaxCells) return false;
    for (std::uint32_t page = 0; page * kPageCells < cells; ++page) {
      if (pages_[page]) continue;
      pages_[page].reset(new (std::nothrow) Page());
      if (!pages_[page]) return false;
    }
    return true;
  }

  // `cell` must be one of those reserved.
  [[nodiscard]] Cell& At(std::uint32_t cell) const { return (*pages_[cell / kPageCells])[cell % kPageCells]; }

 private:
  using Page = std::array<Cell, kPageCells>;
  std::array<std::unique_ptr<Page>, kMaxCells / kPageCells> pages_;
};

}  // namespace heliostat::datapath
