// MAC and IP addresses and prefixes as plain values in network byte order.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heliostat {

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  // Six hexadecimal octets separated by ':' or '-'.
  static std::optional<MacAddress> Parse(std::string_view text);
  [[nodiscard]] std::string ToString() const;
  [[nodiscard]] bool IsMulticast() const { return (bytes[0] & 1U) != 0; }
  [[nodiscard]] bool IsZero() const { return *this == MacAddress{}; }
  friend constexpr auto operator<=>(const MacAddress&, const MacAddress&) = default;
};
static_assert(sizeof(MacAddress) == 6);

enum class IpFamily : std::uint8_t { kNone = 0, kIpv4 = 4, kIpv6 = 6 };

// An address of either family. IPv4 lies in the first four bytes, the others are 0.
struct IpAddress {
  IpFamily family = IpFamily::kNone;
  std::array<std::uint8_t, 16> bytes{};

  static std::optional<IpAddress> Parse(std::string_view text);
  [[nodiscard]] std::string ToString() const;
  [[nodiscard]] bool IsMulticast() const;
  [[nodiscard]] bool IsUnspecified() const;  // 0.0.0.0, :: or no family
  [[nodiscard]] unsigned Bits() const { return family == IpFamily::kIpv4 ? 32 : family == IpFamily::kIpv6 ? 128 : 0; }
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

// `address` may have host bits set (an interface's address with its prefix).
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;  // 0..32 or 0..128

  // `10.0.0.0/8`, `2001:db8::/32`; a bare address is a whole one.
  static std::optional<IpPrefix> Parse(std::string_view text);
  [[nodiscard]] std::string ToString() const;
  [[nodiscard]] bool Contains(const IpAddress& other) const;
  [[nodiscard]] bool HasHostBits() const;
  friend constexpr auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

}  // namespace heliostat
