// A kernel network interface that a port takes over.
//
// The kernel hands a packet socket what its offloads made of the wire: frames merged far beyond the MTU, checksums left
// to be filled in, tags stripped. A card must carry what was on the wire, so it turns them off, or does not start.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace heliostat::hal::linux_os {

struct KernelInterface {
  std::uint16_t mtu = 0;
};

// Turns receive and transmit offloads (checksums, scatter-gather segmentation, merging, VLAN tags) of `name` off, and
// of its peer too when it is a veth whose other end is in this network namespace; sets it up.
// kNotFound: no such interface. kPermissionDenied: needs CAP_NET_ADMIN. kUnsupported: an offload that changes frames
// stays on; the error names it. A veth's peer elsewhere can't be seen: its owner turns its offloads off.
Result<KernelInterface> TakeOver(const std::string& name);

}  // namespace heliostat::hal::linux_os
