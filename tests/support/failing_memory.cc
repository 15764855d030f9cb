#include "support/failing_memory.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace heliostat::support {
namespace {

struct Plan {
  bool counts = false;
  std::uint64_t allocations = 0;
  std::uint64_t nth = 0;
  bool for_good = false;
  bool threw = false;
};
thread_local Plan plan;

bool Fails() {
  if (!plan.counts) return false;
  ++plan.allocations;
  if (plan.nth == 0) return false;
  return plan.for_good ? plan.allocations >= plan.nth : plan.allocations == plan.nth;
}

void* Allocate(std::size_t bytes, std::size_t alignment) {
  if (Fails()) return nullptr;
  if (bytes == 0) bytes = 1;
  if (alignment <= alignof(std::max_align_t)) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* AllocateOrThrow(std::size_t bytes, std::size_t alignment) {
  void* memory = Allocate(bytes, alignment);
  if (memory != nullptr) return memory;
  plan.threw = true;
  throw std::bad_alloc();
}

}  // namespace

FailingMemory::FailingMemory(std::uint64_t nth, Then then) {
  plan = {true, 0, nth, then == Then::kFailsForGood, false};
}
FailingMemory::~FailingMemory() { plan = {}; }
FailingMemory::Pause::Pause() : counted_(plan.counts) { plan.counts = false; }
FailingMemory::Pause::~Pause() { plan.counts = counted_; }
std::uint64_t FailingMemory::allocations() const { return plan.allocations; }
bool FailingMemory::failed() const { return plan.nth != 0 && plan.allocations >= plan.nth; }

bool FailingMemory::threw() const { return plan.threw; }

}  // namespace heliostat::support

using heliostat::support::Allocate;
using heliostat::support::AllocateOrThrow;

void* operator new(std::size_t bytes) { return AllocateOrThrow(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return AllocateOrThrow(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return Allocate(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return Allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t, const std::nothrow_t&) noexcept { std::free(memory); }
