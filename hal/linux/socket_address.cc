#include "linux/socket_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/address.h"

namespace heliostat::hal::linux_os {
namespace {

std::string WithPort(const IpAddress& address, in_port_t port_be) {
  const std::string port = std::to_string(ntohs(port_be));
  return address.family == IpFamily::kIpv4 ? address.ToString() + ":" + port : "[" + address.ToString() + "]:" + port;
}

sockaddr_in AsIpv4(const sockaddr_storage& bytes) {
  sockaddr_in ipv4{};
  std::memcpy(&ipv4, &bytes, sizeof ipv4);
  return ipv4;
}

sockaddr_in6 AsIpv6(const sockaddr_storage& bytes) {
  sockaddr_in6 ipv6{};
  std::memcpy(&ipv6, &bytes, sizeof ipv6);
  return ipv6;
}

SocketAddress Of(const IpAddress& address, std::uint16_t port) {
  SocketAddress socket_address;
  if (address.family == IpFamily::kIpv4) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&ipv4.sin_addr, address.bytes.data(), sizeof ipv4.sin_addr);
    std::memcpy(&socket_address.bytes, &ipv4, sizeof ipv4);
    socket_address.size = sizeof ipv4;
  } else {
    sockaddr_in6 ipv6{};
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    std::memcpy(&ipv6.sin6_addr, address.bytes.data(), sizeof ipv6.sin6_addr);
    std::memcpy(&socket_address.bytes, &ipv6, sizeof ipv6);
    socket_address.size = sizeof ipv6;
  }
  return socket_address;
}

}  // namespace

std::string SocketAddress::ToString() const {
  IpAddress address;
  if (family() == AF_INET) {
    const sockaddr_in ipv4 = AsIpv4(bytes);
    address.family = IpFamily::kIpv4;
    std::memcpy(address.bytes.data(), &ipv4.sin_addr, sizeof ipv4.sin_addr);
    return WithPort(address, ipv4.sin_port);
  }
  if (family() != AF_INET6) return "local";
  const sockaddr_in6 ipv6 = AsIpv6(bytes);
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) {
    address.family = IpFamily::kIpv4;
    std::memcpy(address.bytes.data(), reinterpret_cast<const std::uint8_t*>(&ipv6.sin6_addr) + 12, 4);
  } else {
    address.family = IpFamily::kIpv6;
    std::memcpy(address.bytes.data(), &ipv6.sin6_addr, sizeof ipv6.sin6_addr);
  }
  return WithPort(address, ipv6.sin6_port);
}

bool SocketAddress::IsUnspecified() const {
  if (family() == AF_INET) return AsIpv4(bytes).sin_addr.s_addr == INADDR_ANY;
  const sockaddr_in6 ipv6 = AsIpv6(bytes);
  return IN6_IS_ADDR_UNSPECIFIED(&ipv6.sin6_addr);
}

std::optional<SocketAddress> SocketAddress::Parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;

  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const std::optional<IpAddress> address = IpAddress::Parse(host);
  // An IPv6 address without brackets would swallow its own last group as a port.
  if (!address || (address->family == IpFamily::kIpv6) != bracketed) return std::nullopt;
  return Of(*address, port);
}

}  // namespace heliostat::hal::linux_os
