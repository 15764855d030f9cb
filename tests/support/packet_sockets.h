// Has this kernel packet sockets with rings? One that an emulator of user programs translates for has not.
#pragma once

#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace heliostat::support {

inline bool HasPacketRings() {
  const int socket_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return false;
  const int version = TPACKET_V2;
  const bool has = setsockopt(socket_fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) == 0;
  close(socket_fd);
  return has;
}

}  // namespace heliostat::support
