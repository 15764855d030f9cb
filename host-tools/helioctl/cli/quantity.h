// Times, sizes and rates as people read them, and back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace heliostat::helioctl {

inline constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

// `2026-11-22 04:00:29`, in the time zone of whoever reads it. `-` for 0, which stands for never.
std::string LocalTime(std::uint64_t time_ns);
// `2026-11-22T03:00:29.123456789Z` (RFC 3339); without a fraction when there is none.
std::string Rfc3339(std::uint64_t time_ns);
// `2026-11-22T03:00:29Z`, with a fraction, or with an offset such as +01:00. kInvalidArgument.
[[nodiscard]] Result<std::uint64_t> ParseRfc3339(std::string_view text);

// `42s`, `5m10s`, `3h20m`, `9d4h`: the two largest units.
std::string Duration(std::uint64_t seconds);
// `90`, `1.5s`, `200ms`, `2m`, `1h`; a bare number is seconds. In milliseconds. kInvalidArgument.
[[nodiscard]] Result<std::uint64_t> ParseDurationMs(std::string_view text);

// The same within what a card takes as an interval: 100ms to 1h.
[[nodiscard]] Result<std::uint32_t> ParseIntervalMs(std::string_view text);

// `512 B`, `1.5 KiB`, `64 MiB`.
std::string ByteSize(std::uint64_t bytes);
// Four characters at most and a letter for the power of ten: `0`, `0.4`, `999`, `1.21k`, `14.9M`.
std::string Rate(double per_second);
// `37%`; something that is there is at least 1%, and only what is full is 100%.
std::string Percent(std::uint64_t part, std::uint64_t whole);

}  // namespace heliostat::helioctl
