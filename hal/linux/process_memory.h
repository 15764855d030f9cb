// How much of the machine's memory the process holds.
#pragma once

#include <cstdint>

namespace heliostat::hal::linux_os {

// Returns the most that was ever resident (VmHWM), less what is shared memory now (RssShmem). So DPDK's pools, which
// hold the packet buffers, never count: without huge pages they are shared memory, with them the kernel does not count
// them as resident. 0 when the kernel does not tell. Any thread.
[[nodiscard]] std::uint64_t PeakMemoryBytes();

}  // namespace heliostat::hal::linux_os
