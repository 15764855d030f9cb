// Memory that runs out while control builds something of a configuration's size.
//
// The card throws nothing; the standard library's containers do, when operator new fails. At the few calls that may
// need much - and only there - that becomes a Status; what was half built is gone by then. Not for workers, which
// allocate nothing.
#pragma once

#include <new>
#include <utility>

#include "base/status.h"

namespace heliostat {

// kResourceExhausted. Every text fits into its string: this allocates nothing.
[[nodiscard]] inline Status OutOfMemory() {
  return {Code::kResourceExhausted, "memory", "none is left", "use fewer rules"};
}

// What `work` returns, a Status or a Result, or OutOfMemory.
template <typename Work>
[[nodiscard]] auto CatchOutOfMemory(Work&& work) -> decltype(work()) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

}  // namespace heliostat
