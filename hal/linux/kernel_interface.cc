#include "linux/kernel_interface.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace heliostat::hal::linux_os {
namespace {

class Socket {
 public:
  Socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  // Returns 0 or the error number.
  int Call(unsigned long request, ifreq& ifr) const { return ioctl(fd_, request, &ifr) == 0 ? 0 : errno; }

 private:
  int fd_;
};

ifreq Request(const std::string& name) {
  ifreq ifr{};
  std::strncpy(ifr.ifr_name, name.c_str(), IFNAMSIZ - 1);
  return ifr;
}

Status Failed(const std::string& name, int error, const std::string& what) {
  const std::string subject = "kernel interface \"" + name + "\"";
  if (error == ENODEV) return {Code::kNotFound, subject, "there is none of that name", "see `ip link` for the names"};
  if (error == EPERM) {
    return {Code::kPermissionDenied, subject, what + ": not permitted",
            "run as root or with CAP_NET_ADMIN and CAP_NET_RAW"};
  }
  return {Code::kUnavailable, subject, what + ": " + std::strerror(error),
          "check the interface with `ip link` and `ethtool -k`"};
}

struct Offload {
  std::uint32_t set;
  std::uint32_t get;
  std::string_view name;
  bool required;  // left on, the card would not see or send what is on the wire
};

constexpr std::array kOffloads = {
    Offload{ETHTOOL_SGRO, ETHTOOL_GGRO, "generic-receive-offload", true},
    Offload{ETHTOOL_STSO, ETHTOOL_GTSO, "tcp-segmentation-offload", false},
    Offload{ETHTOOL_SGSO, ETHTOOL_GGSO, "generic-segmentation-offload", false},
    Offload{ETHTOOL_STXCSUM, ETHTOOL_GTXCSUM, "tx-checksumming", false},
    Offload{ETHTOOL_SRXCSUM, ETHTOOL_GRXCSUM, "rx-checksumming", false},
};

int GetValue(const Socket& socket, const std::string& name, std::uint32_t command, std::uint32_t& value) {
  ethtool_value request{command, 0};
  ifreq ifr = Request(name);
  ifr.ifr_data = reinterpret_cast<char*>(&request);
  const int error = socket.Call(SIOCETHTOOL, ifr);
  value = request.data;
  return error;
}

Status TurnOff(const Socket& socket, const std::string& name, const Offload& offload) {
  std::uint32_t on = 0;
  if (GetValue(socket, name, offload.get, on) != 0 || on == 0) return OkStatus();  // has no such offload
  ethtool_value request{offload.set, 0};
  ifreq ifr = Request(name);
  ifr.ifr_data = reinterpret_cast<char*>(&request);
  const int error = socket.Call(SIOCETHTOOL, ifr);
  if (error == EPERM) return Failed(name, error, std::string(offload.name) + " can't be turned off");
  if (GetValue(socket, name, offload.get, on) == 0 && on != 0 && offload.required) {
    return {Code::kUnsupported, "kernel interface \"" + name + "\"", std::string(offload.name) + " stays on",
            "the card would see merged frames; use another interface or driver"};
  }
  return OkStatus();
}

// LRO and VLAN tag stripping live in one word of flags.
Status TurnOffFlags(const Socket& socket, const std::string& name) {
  constexpr std::uint32_t kFlags = ETH_FLAG_LRO | ETH_FLAG_RXVLAN | ETH_FLAG_TXVLAN;
  std::uint32_t flags = 0;
  if (GetValue(socket, name, ETHTOOL_GFLAGS, flags) != 0 || (flags & kFlags) == 0) return OkStatus();
  ethtool_value request{ETHTOOL_SFLAGS, flags & ~kFlags};
  ifreq ifr = Request(name);
  ifr.ifr_data = reinterpret_cast<char*>(&request);
  if (const int error = socket.Call(SIOCETHTOOL, ifr); error == EPERM) {
    return Failed(name, error, "VLAN and LRO offloads can't be turned off");
  }
  // A tag that is stripped all the same is put back by the port; LRO would merge frames.
  if (GetValue(socket, name, ETHTOOL_GFLAGS, flags) == 0 && (flags & ETH_FLAG_LRO) != 0) {
    return {Code::kUnsupported, "kernel interface \"" + name + "\"", "large-receive-offload stays on",
            "the card would see merged frames; use another interface or driver"};
  }
  return OkStatus();
}

Status TurnOffAll(const Socket& socket, const std::string& name) {
  for (const Offload& offload : kOffloads) HELIOSTAT_RETURN_IF_ERROR(TurnOff(socket, name, offload));
  return TurnOffFlags(socket, name);
}

// A veth's first statistic is its peer's interface index; 0 when `name` is no veth.
unsigned VethPeerIndex(const Socket& socket, const std::string& name) {
  constexpr std::size_t kMaxStats = 64;
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  ifreq ifr = Request(name);
  ifr.ifr_data = reinterpret_cast<char*>(&driver);
  if (socket.Call(SIOCETHTOOL, ifr) != 0 || std::string_view(driver.driver) != "veth") return 0;
  if (driver.n_stats == 0 || driver.n_stats > kMaxStats) return 0;
  alignas(ethtool_stats) std::array<std::uint8_t, sizeof(ethtool_stats) + kMaxStats * sizeof(std::uint64_t)> buffer{};
  const std::array<std::uint32_t, 2> header = {ETHTOOL_GSTATS, driver.n_stats};
  static_assert(sizeof header == sizeof(ethtool_stats));
  std::memcpy(buffer.data(), header.data(), sizeof header);
  ifr = Request(name);
  ifr.ifr_data = reinterpret_cast<char*>(buffer.data());
  if (socket.Call(SIOCETHTOOL, ifr) != 0) return 0;
  std::uint64_t peer = 0;
  std::memcpy(&peer, buffer.data() + sizeof header, sizeof peer);
  return static_cast<unsigned>(peer);
}

// The other end of a veth, when it is in this network namespace; empty otherwise.
std::string VethPeer(const Socket& socket, const std::string& name) {
  std::array<char, IF_NAMESIZE> peer{};
  const unsigned index = VethPeerIndex(socket, name);
  if (index == 0 || if_indextoname(index, peer.data()) == nullptr) return {};
  // When the peer is in another namespace, the index may be that of an unrelated interface here; only the real peer has
  // our index as its own peer's.
  return VethPeerIndex(socket, peer.data()) == if_nametoindex(name.c_str()) ? peer.data() : std::string();
}

Status SetUp(const Socket& socket, const std::string& name) {
  ifreq ifr = Request(name);
  if (const int error = socket.Call(SIOCGIFFLAGS, ifr); error != 0) return Failed(name, error, "flags can't be read");
  ifr.ifr_flags = static_cast<short>(ifr.ifr_flags | IFF_UP);
  if (const int error = socket.Call(SIOCSIFFLAGS, ifr); error != 0) return Failed(name, error, "can't be set up");
  return OkStatus();
}

}  // namespace

Result<KernelInterface> TakeOver(const std::string& name) {
  const Socket socket;
  if (name.empty() || name.size() >= IFNAMSIZ) return Failed(name, ENODEV, "");
  HELIOSTAT_RETURN_IF_ERROR(SetUp(socket, name));
  HELIOSTAT_RETURN_IF_ERROR(TurnOffAll(socket, name));
  if (const std::string peer = VethPeer(socket, name); !peer.empty())
    HELIOSTAT_RETURN_IF_ERROR(TurnOffAll(socket, peer));
  ifreq ifr = Request(name);
  if (const int error = socket.Call(SIOCGIFMTU, ifr); error != 0) return Failed(name, error, "MTU can't be read");
  return KernelInterface{static_cast<std::uint16_t>(ifr.ifr_mtu > 65535 ? 65535 : ifr.ifr_mtu)};
}

}  // namespace heliostat::hal::linux_os
