#include "codec/field.h"

#include <algorithm>

#include "config/check.h"

namespace heliostat::codec {

using config::Invalid;

Status TooLarge(std::string_view field, std::uint64_t value, std::uint64_t most) {
  return Invalid(std::string(field), "it is " + std::to_string(value), "use at most " + std::to_string(most));
}

Status Missing(std::string_view field, std::string_view fix) {
  return Invalid(std::string(field), "it is missing", std::string(fix));
}

Status ReadAddress(std::string_view field, std::span<const std::uint8_t> bytes, IpAddress* out) {
  *out = {};
  if (bytes.empty()) return {};
  if (bytes.size() != 4 && bytes.size() != 16) {
    return Invalid(std::string(field), "an address of " + std::to_string(bytes.size()) + " bytes",
                   "give 4 bytes (IPv4) or 16 (IPv6)");
  }
  out->family = bytes.size() == 4 ? IpFamily::kIpv4 : IpFamily::kIpv6;
  std::copy(bytes.begin(), bytes.end(), out->bytes.begin());
  return {};
}

Status RequireAddress(std::string_view field, std::span<const std::uint8_t> bytes, IpAddress* out) {
  if (bytes.empty()) return Missing(field, "give 4 bytes (IPv4) or 16 (IPv6)");
  return ReadAddress(field, bytes, out);
}

Status ReadMac(std::string_view field, std::span<const std::uint8_t> bytes, MacAddress* out) {
  if (bytes.size() != out->bytes.size()) {
    return Invalid(std::string(field), "a MAC address of " + std::to_string(bytes.size()) + " bytes", "give 6 bytes");
  }
  std::copy(bytes.begin(), bytes.end(), out->bytes.begin());
  return {};
}

}  // namespace heliostat::codec
