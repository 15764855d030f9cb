// The kernel's epoll as a Poller: level-triggered, so what was not read or written comes back with the next Wait.
#pragma once

#include <memory>

#include "base/status.h"
#include "hal/byte_stream.h"

namespace heliostat::hal::linux_os {

// kResourceExhausted: no descriptors left. Tokens: any but 2^64 - 1.
[[nodiscard]] Result<std::unique_ptr<Poller>> OpenPoller();

}  // namespace heliostat::hal::linux_os
