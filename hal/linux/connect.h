// Opens a connection. Only host programs use it: a card never opens one.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "hal/byte_stream.h"

namespace heliostat::hal::linux_os {

// Waits until it is open. `host` is a name or an address (IPv6 without brackets); every address of a name is tried in
// turn, each with its share of the time left. kNotFound: no such name; kUnavailable: nobody answers, with what each
// address said; the subject is `host:port`.
[[nodiscard]] Result<std::unique_ptr<ByteStream>> Connect(const std::string& host, std::uint16_t port,
                                                          std::chrono::steady_clock::time_point deadline);

}  // namespace heliostat::hal::linux_os
