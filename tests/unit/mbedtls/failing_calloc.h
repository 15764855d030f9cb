// Every allocation of a stretch of code made to fail, each in a process of its own.
//
// The library in Debian allocates by calloc and can't be told another, and a handshake allocates some 28,000 times: the
// process forks at an allocation, and only the rest of the stretch is run again. Most of the 28,000 are the same places
// over and over, in loops of arithmetic, so it is done once for each way into malloc (the addresses of all callers),
// and at each 251st allocation besides; at every single one when the environment has HELIOSTAT_EVERY_ALLOCATION.
//
// Linking this replaces malloc, calloc and free in the whole program; elsewhere they are as ever.
#pragma once

#include <array>
#include <cstdint>

namespace heliostat {

struct Branches {
  enum class At : std::uint8_t { kEachPlace, kNone };
  At at = At::kEachPlace;
  bool for_good = false;          // those behind the one that failed fail too
  std::uint64_t allocations = 0;  // so far
  std::uint64_t places = 0;       // from which they were made
  bool branched = false;          // this is a process where one has failed; it must end by _exit
  // How many processes ended with each status, and which allocation failed in the first of them. A status of 16 and
  // above stands for the signal of that number less 16.
  std::array<std::uint64_t, 96> ends{};
  std::array<std::uint64_t, 96> first_with_end{};
};

// While it lives, this thread's allocations branch. One at a time.
class Branching {
 public:
  explicit Branching(Branches& branches);
  ~Branching();
  Branching(const Branching&) = delete;
  Branching& operator=(const Branching&) = delete;
};

// Allocated and not yet freed, by this thread since it began; a sanitizer's operator new is not among them.
[[nodiscard]] std::int64_t LiveAllocations();

}  // namespace heliostat
