// Reads and writes whole files, of bounded size.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"

namespace heliostat {

// kNotFound, kPermissionDenied, kResourceExhausted (longer than `max_bytes`), kUnavailable; the subject is the path.
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

// Readers see the old content or the new, never a part: the file is written beside, then renamed.
Status WriteFileAtomically(const std::string& path, std::string_view content);

}  // namespace heliostat
