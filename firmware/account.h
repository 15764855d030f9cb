// The counters of a run: as a file for `helioctl counters`, and as lines at the end.
#pragma once

#include <string>

#include "agent/reading.h"
#include "base/status.h"
#include "config/board.h"

namespace heliostat {

[[nodiscard]] Result<std::string> EncodeReading(const agent::Reading& reading, const config::Board& board);

// Logs a line a session and direction, with every drop by its name, and a line a port. Returns false when the ledger
// does not balance.
[[nodiscard]] bool LogReading(const agent::Reading& reading, const config::Board& board);

}  // namespace heliostat
