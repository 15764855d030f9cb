// operator new that fails when a test says so. Linking this replaces it in the whole program; elsewhere it is as ever.
#pragma once

#include <cstdint>

namespace heliostat::support {

// While it lives, allocations of this thread through operator new are counted, and the `nth` (from 1) fails, then all
// behind it or none. With 0 none fails. A thread may have one at a time.
class FailingMemory {
 public:
  enum class Then : std::uint8_t { kGoesOn, kFailsForGood };
  explicit FailingMemory(std::uint64_t nth, Then then = Then::kGoesOn);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  // While a Pause lives, allocations are not counted: those of the test's own devices.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    bool counted_;
  };

  [[nodiscard]] std::uint64_t allocations() const;  // so far
  [[nodiscard]] bool failed() const;
  [[nodiscard]] bool threw() const;  // false: who asked would do without (std::nothrow)
};

}  // namespace heliostat::support
