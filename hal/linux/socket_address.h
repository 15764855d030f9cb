// The kernel's socket addresses and our texts for them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heliostat::hal::linux_os {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
  [[nodiscard]] int family() const { return bytes.ss_family; }
  // `192.0.2.1:40123`, `[2001:db8::1]:40123`; IPv4 mapped into IPv6 is shown as the IPv4 that it is.
  [[nodiscard]] std::string ToString() const;
  [[nodiscard]] bool IsUnspecified() const;

  // `ADDRESS:PORT` or `[IPV6]:PORT`, numbers only.
  [[nodiscard]] static std::optional<SocketAddress> Parse(std::string_view text);
};

}  // namespace heliostat::hal::linux_os
