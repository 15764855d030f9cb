#include "base/address.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdio>

namespace heliostat {
namespace {

std::optional<unsigned> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

// The part of byte `index` that a prefix of `length` bits covers.
std::uint8_t MaskByte(unsigned index, unsigned length) {
  const unsigned first_bit = index * 8;
  if (length >= first_bit + 8) return 0xff;
  if (length <= first_bit) return 0;
  return static_cast<std::uint8_t>(0xff00U >> (length - first_bit));
}

}  // namespace

std::optional<MacAddress> MacAddress::Parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  MacAddress mac;
  const char separator = text[2];
  if (separator != ':' && separator != '-') return std::nullopt;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto high = HexDigit(text[3 * i]);
    const auto low = HexDigit(text[3 * i + 1]);
    if (!high || !low || (i < 5 && text[3 * i + 2] != separator)) return std::nullopt;
    mac.bytes[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return mac;
}

std::string MacAddress::ToString() const {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
                bytes[5]);
  return text;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = IpFamily::kIpv4;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = IpFamily::kIpv6;
    return address;
  }
  return std::nullopt;
}

std::string IpAddress::ToString() const {
  if (family == IpFamily::kNone) return "none";
  char text[INET6_ADDRSTRLEN];
  const int af = family == IpFamily::kIpv4 ? AF_INET : AF_INET6;
  return inet_ntop(af, bytes.data(), text, sizeof text) != nullptr ? text : "invalid";
}

bool IpAddress::IsMulticast() const {
  return family == IpFamily::kIpv4 ? (bytes[0] & 0xf0U) == 0xe0U : family == IpFamily::kIpv6 && bytes[0] == 0xffU;
}

bool IpAddress::IsUnspecified() const { return bytes == std::array<std::uint8_t, 16>{}; }

std::optional<IpPrefix> IpPrefix::Parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::Parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  unsigned length = address->Bits();
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
    if (length > address->Bits()) return std::nullopt;
  }
  return IpPrefix{*address, static_cast<std::uint8_t>(length)};
}

std::string IpPrefix::ToString() const { return address.ToString() + "/" + std::to_string(length); }

bool IpPrefix::Contains(const IpAddress& other) const {
  if (other.family != address.family) return false;
  for (unsigned i = 0; i < 16; ++i) {
    if (((other.bytes[i] ^ address.bytes[i]) & MaskByte(i, length)) != 0) return false;
  }
  return true;
}

bool IpPrefix::HasHostBits() const {
  for (unsigned i = 0; i < address.Bits() / 8; ++i) {
    if ((address.bytes[i] & ~MaskByte(i, length) & 0xff) != 0) return true;
  }
  return false;
}

}  // namespace heliostat
