#include "unit/mbedtls/failing_calloc.h"

#include <execinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <utility>

// The allocators behind: the sanitizer's where there is one, else the C library's.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void __libc_free(void* memory);
[[gnu::weak]] void* __interceptor_malloc(std::size_t bytes);
[[gnu::weak]] void* __interceptor_calloc(std::size_t count, std::size_t bytes);
[[gnu::weak]] void __interceptor_free(void* memory);
}
// NOLINTEND(bugprone-reserved-identifier)

namespace heliostat {
namespace {

constinit thread_local Branches* active = nullptr;
constinit thread_local std::int64_t live = 0;

int Await(pid_t child) {
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 15;
  return WIFEXITED(status) ? WEXITSTATUS(status) % 16 : 16 + WTERMSIG(status);
}

// A set of numbers that allocates nothing.
std::array<std::uint64_t, 1U << 16U> seen;

bool IsNew(std::uint64_t number) {
  for (std::size_t at = number % seen.size();; at = (at + 1) % seen.size()) {
    if (seen[at] == number) return false;
    if (seen[at] != 0) continue;
    seen[at] = number;
    return true;
  }
}

std::uint64_t WayHere() {
  std::array<void*, 64> callers;
  const int depth = backtrace(callers.data(), static_cast<int>(callers.size()));
  std::uint64_t hash = 1;
  for (int i = 0; i < depth; ++i) {
    hash = (hash ^ reinterpret_cast<std::uintptr_t>(callers[static_cast<std::size_t>(i)])) * 0x9E3779B97F4A7C15U;
    hash ^= hash >> 29U;
  }
  return hash | 1U;
}

bool IsTried(Branches& branches) {
  static const bool every = std::getenv("HELIOSTAT_EVERY_ALLOCATION") != nullptr;
  if (branches.at == Branches::At::kNone) return false;
  const bool place = IsNew(WayHere());
  if (place) ++branches.places;
  return every || place || branches.allocations % 251 == 0;
}

// True in the branch where the allocation fails.
bool Fails() {
  if (active == nullptr) return false;
  if (active->branched) return active->for_good;
  Branches* const branches = std::exchange(active, nullptr);  // what is done in here is not the test's
  ++branches->allocations;
  if (IsTried(*branches)) {
    const pid_t child = fork();
    branches->branched = child == 0;
    if (child != 0) {
      const auto end = static_cast<std::size_t>(Await(child));
      if (branches->ends[end]++ == 0) branches->first_with_end[end] = branches->allocations;
    }
  }
  active = branches;
  return active->branched;
}

void* Counted(void* memory) {
  if (memory != nullptr) ++live;
  return memory;
}

}  // namespace

Branching::Branching(Branches& branches) {
  if (branches.allocations == 0) {
    seen = {};
    (void)WayHere();  // loads what unwinds, the first time
  }
  active = &branches;
}
Branching::~Branching() { active = nullptr; }

std::int64_t LiveAllocations() { return live; }

}  // namespace heliostat

extern "C" void* malloc(std::size_t bytes) {
  if (heliostat::Fails()) return nullptr;
  return heliostat::Counted(__interceptor_malloc != nullptr ? __interceptor_malloc(bytes) : __libc_malloc(bytes));
}

extern "C" void* calloc(std::size_t count, std::size_t bytes) {
  if (heliostat::Fails()) return nullptr;
  return heliostat::Counted(__interceptor_calloc != nullptr ? __interceptor_calloc(count, bytes)
                                                            : __libc_calloc(count, bytes));
}

extern "C" void free(void* memory) {
  if (memory != nullptr) --heliostat::live;
  __interceptor_free != nullptr ? __interceptor_free(memory) : __libc_free(memory);
}
