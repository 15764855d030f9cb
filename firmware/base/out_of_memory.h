// Memory that runs out while control builds something of a configuration's size.
//
// The card throws nothing; the standard library's containers do, when operator new fails. At the few calls that may
// need much - and only there - that becomes a Status; what was half built is gone by then. Workers do not use it: they
// allocate nothing.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "base/status.h"

namespace heliostat {

// kResourceExhausted. It allocates nothing, since every text is short enough to lie inside its string.
[[nodiscard]] inline Status OutOfMemory() {
  return {Code::kResourceExhausted, "memory", "none is left", "use fewer rules"};
}

// Returns what `work` returns, a Status or a Result (ok where it returns nothing), or OutOfMemory.
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

// For work whose failure nobody can be told of: when memory runs out it is abandoned where it stands.
template <typename Work>
void LeaveOutOfMemory(Work&& work) {
  static_cast<void>(CatchOutOfMemory(std::forward<Work>(work)));
}

}  // namespace heliostat
