// Serves TLS as a card does, and echoes. Each connection's fate is a line on stdout.
#pragma once

#include <string>

#include "base/status.h"
#include "hal/byte_stream.h"
#include "hal/secure_channel.h"

namespace heliostat {

// Serves until `poller` has been woken with *stop set.
[[nodiscard]] Status ServeEcho(hal::SecureServer& server, hal::Listener& listener, hal::Poller& poller,
                               const volatile bool* stop);

}  // namespace heliostat
