// What the process holds of the machine's memory.
#pragma once

#include <cstdint>

namespace heliostat::hal::linux_os {

// The most that was ever resident (VmHWM), without what is shared memory now (RssShmem): DPDK's pools, which hold the
// packet buffers, are shared memory without huge pages, and are not counted as resident with them. 0 when the kernel
// does not tell. Any thread.
[[nodiscard]] std::uint64_t PeakMemoryBytes();

}  // namespace heliostat::hal::linux_os
