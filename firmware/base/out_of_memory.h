// Memory that runs out while control builds something of a configuration's size.
//
// The card throws nothing; the standard library's containers do, when operator new fails. At the few calls that may
// need much - and only there - that becomes a Status; what was half built is gone by then. Not for workers, which
// allocate nothing.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "base/status.h"

namespace heliostat {

// kResourceExhausted. Every text fits into its string: this allocates nothing.
[[nodiscard]] inline Status OutOfMemory() {
  return {Code::kResourceExhausted, "memory", "none is left", "use fewer rules"};
}

// What `work` returns, a Status or a Result, or OutOfMemory; ok where it returns nothing.
template <typename Work>
[[nodiscard]] auto CatchOutOfMemory(Work&& work) {
  using Returned = decltype(work());
  using Caught = std::conditional_t<std::is_void_v<Returned>, Status, Returned>;
  try {
    if constexpr (std::is_void_v<Returned>) {
      std::forward<Work>(work)();
      return OkStatus();
    } else {
      return Caught(std::forward<Work>(work)());
    }
  } catch (const std::bad_alloc&) {
    return Caught(OutOfMemory());
  }
}

// For work that nobody can be told of: where memory runs out it is left as it is.
template <typename Work>
void LeaveOutOfMemory(Work&& work) {
  static_cast<void>(CatchOutOfMemory(std::forward<Work>(work)));
}

}  // namespace heliostat
