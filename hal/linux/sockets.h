// TCP connections of the kernel: non-blocking, closed on exec, small writes sent at once, dead peers found out.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "hal/byte_stream.h"

namespace heliostat::hal::linux_os {

// `address` is `ADDRESS:PORT` or `[IPV6]:PORT`; port 0 picks a free one, and `[::]` takes IPv4 too. kInvalidArgument
// (no such notation), kAlreadyExists (in use), kNotFound (not an address of this machine), kPermissionDenied,
// kResourceExhausted; the subject is the address.
//
// At most `backlog` connections wait to be accepted; the kernel may allow fewer.
//
// Accept fails with kResourceExhausted while there are no descriptors. The connection then keeps waiting and a Poller
// keeps reporting it, so the caller should pause.
[[nodiscard]] Result<std::unique_ptr<Listener>> Listen(const std::string& address, int backlog = 4096);

// Two ends of one connection, for tests and for programs that talk to themselves.
[[nodiscard]] Result<std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>>> ConnectedPair();

// Takes a connected socket; every path closes it. `peer` is its peer_address().
[[nodiscard]] std::unique_ptr<ByteStream> AdoptSocket(int descriptor, std::string peer);

}  // namespace heliostat::hal::linux_os
