#include "helioctl/cli/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>

namespace heliostat::helioctl {
namespace {

constexpr std::uint64_t kMinute = 60;
constexpr std::uint64_t kHour = 60 * kMinute;
constexpr std::uint64_t kDay = 24 * kHour;

std::string Fraction(std::uint64_t ns) {
  if (ns == 0) return "";
  std::string text = fmt::format(".{:09}", ns);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

// Reads fixed-width decimal fields off the front of a text.
struct Fields {
  std::string_view rest;
  bool good = true;

  int Number(std::size_t digits, int min, int max) {
    int value = 0;
    good = good && rest.size() >= digits;
    for (std::size_t i = 0; good && i < digits; ++i) {
      good = rest[i] >= '0' && rest[i] <= '9';
      value = value * 10 + (rest[i] - '0');
    }
    good = good && value >= min && value <= max;
    if (good) rest.remove_prefix(digits);
    return value;
  }
  char OneOf(std::string_view characters) {
    good = good && !rest.empty() && characters.find(rest.front()) != std::string_view::npos;
    if (!good) return '\0';
    const char c = rest.front();
    rest.remove_prefix(1);
    return c;
  }
  // At most nine digits.
  std::uint64_t FractionNs() {
    if (!good || !rest.starts_with('.')) return 0;
    rest.remove_prefix(1);
    std::uint64_t ns = 0;
    std::size_t digits = 0;
    for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; rest.remove_prefix(1), ++digits) {
      if (digits < 9) ns = ns * 10 + static_cast<std::uint64_t>(rest.front() - '0');
    }
    good = digits > 0;
    for (std::size_t i = digits; i < 9; ++i) ns *= 10;
    return ns;
  }
};

Status NoTime(std::string_view text) {
  return {Code::kInvalidArgument, "time", fmt::format("\"{}\" is no time", text),
          "give one such as 2026-11-22T03:00:29Z or 2026-11-22T04:00:29+01:00"};
}

struct Unit {
  std::string_view name;
  double ms;
};
constexpr std::array<Unit, 5> kUnits{{{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"", 1e3}}};

}  // namespace

std::string LocalTime(std::uint64_t time_ns) {
  if (time_ns == 0) return "-";
  const auto seconds = static_cast<std::time_t>(time_ns / kNsPerSecond);
  std::tm parts{};
  if (localtime_r(&seconds, &parts) == nullptr) return Rfc3339(time_ns);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string Rfc3339(std::uint64_t time_ns) {
  const auto seconds = static_cast<std::time_t>(time_ns / kNsPerSecond);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec, Fraction(time_ns % kNsPerSecond));
}

Result<std::uint64_t> ParseRfc3339(std::string_view text) {
  Fields fields{text};
  std::tm parts{};
  parts.tm_year = fields.Number(4, 1970, 2553) - 1900;
  fields.OneOf("-");
  parts.tm_mon = fields.Number(2, 1, 12) - 1;
  fields.OneOf("-");
  parts.tm_mday = fields.Number(2, 1, 31);
  fields.OneOf("Tt ");
  parts.tm_hour = fields.Number(2, 0, 23);
  fields.OneOf(":");
  parts.tm_min = fields.Number(2, 0, 59);
  fields.OneOf(":");
  parts.tm_sec = fields.Number(2, 0, 60);
  const std::uint64_t ns = fields.FractionNs();
  const char zone = fields.OneOf("Zz+-");
  std::int64_t offset_s = 0;
  if (zone == '+' || zone == '-') {
    offset_s = std::int64_t{fields.Number(2, 0, 23)} * 3600;
    fields.OneOf(":");
    offset_s += std::int64_t{fields.Number(2, 0, 59)} * 60;
    if (zone == '-') offset_s = -offset_s;
  }
  if (!fields.good || !fields.rest.empty()) return NoTime(text);
  const int day = parts.tm_mday;
  const std::int64_t seconds = std::int64_t{timegm(&parts)} - offset_s;
  // timegm makes the 31st of June the 1st of July.
  if (parts.tm_mday != day || seconds < 0) return NoTime(text);
  return static_cast<std::uint64_t>(seconds) * kNsPerSecond + ns;
}

std::string Duration(std::uint64_t seconds) {
  if (seconds < kMinute) return fmt::format("{}s", seconds);
  if (seconds < kHour) return fmt::format("{}m{}s", seconds / kMinute, seconds % kMinute);
  if (seconds < kDay) return fmt::format("{}h{}m", seconds / kHour, seconds % kHour / kMinute);
  return fmt::format("{}d{}h", seconds / kDay, seconds % kDay / kHour);
}

Result<std::uint64_t> ParseDurationMs(std::string_view text) {
  const Status wrong(Code::kInvalidArgument, "duration", fmt::format("\"{}\" is no duration", text),
                     "give one such as 500ms, 1s, 2.5s, 5m or 1h");
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc{} || end != text.data() + digits || digits == 0) return wrong;
  const auto* unit =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& known) { return known.name == text.substr(digits); });
  constexpr double kLongestMs = 366 * 24 * 3600e3;
  if (unit == kUnits.end() || number * unit->ms > kLongestMs) return wrong;
  return static_cast<std::uint64_t>(std::llround(number * unit->ms));
}

Result<std::uint32_t> ParseIntervalMs(std::string_view text) {
  constexpr std::uint64_t kShortestMs = 100;
  constexpr std::uint64_t kLongestMs = 3'600'000;
  const auto ms = ParseDurationMs(text);
  if (!ms.ok()) return ms.status().Within("--interval");
  if (*ms < kShortestMs || *ms > kLongestMs) {
    return Status(Code::kInvalidArgument, "--interval", fmt::format("{} is out of range", text), "give 100ms to 1h");
  }
  return static_cast<std::uint32_t>(*ms);
}

std::string ByteSize(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 5> kNames{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double size = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kNames.size(); ++unit) size /= 1024;
  const bool whole = size >= 100 || size == std::floor(size);
  return whole ? fmt::format("{:.0f} {}", size, kNames[unit]) : fmt::format("{:.1f} {}", size, kNames[unit]);
}

std::string Rate(double per_second) {
  static constexpr std::string_view kLetters = " kMGTPE";
  if (!(per_second > 0)) return "0";
  std::size_t power = 0;
  while (per_second >= 999.5 && power + 1 < kLetters.size()) {
    per_second /= 1000;
    ++power;
  }
  const std::string letter = power == 0 ? "" : std::string(1, kLetters[power]);
  if (power == 0 && per_second < 0.05) return "<0.1";
  const int digits = per_second >= 99.95 ? 0 : per_second >= 9.995 || power == 0 ? 1 : 2;
  std::string text = fmt::format("{:.{}f}", per_second, digits);
  if (power == 0 && text.ends_with(".0")) text.resize(text.size() - 2);
  return text + letter;
}

std::string Percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  if (part >= whole) return fmt::format("{:.0f}%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (part == 0) return "0%";
  return fmt::format("{:.0f}%", std::clamp(percent, 1.0, 99.0));
}

}  // namespace heliostat::helioctl
