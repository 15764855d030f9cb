#include "packet_socket/packet_socket_port.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace heliostat::hal::packet_socket {
namespace {

constexpr int kSendBufferBytes = 4 << 20;
constexpr std::size_t kMaxSegments = 64;  // of one frame
// There is room to receive two tags, so that a frame that fits no other port is counted as too long, never cut.
constexpr std::uint32_t kReceivedHeaderBytes = 14 + 8;

Status Failed(const PacketSocketOptions& options, const std::string& what) {
  const int error = errno;
  const std::string subject = "port \"" + options.name + "\" interface \"" + options.interface + "\"";
  const std::string reason = what + ": " + std::strerror(error);
  if (error == ENODEV || error == ENXIO) return {Code::kNotFound, subject, reason, "see `ip link` for the names"};
  if (error == EPERM || error == EACCES)
    return {Code::kPermissionDenied, subject, reason, "run as root or with CAP_NET_RAW"};
  return {Code::kUnavailable, subject, reason, "check the interface with `ip link`"};
}

ifreq Request(const std::string& interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
  return request;
}

int NewSocket() { return socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); }

// `protocol` 0 receives nothing.
bool Bind(int socket, int interface_index, std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  address.sll_ifindex = interface_index;
  return bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void Count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

Result<std::unique_ptr<PacketSocketPort>> PacketSocketPort::Open(const PacketSocketOptions& options) {
  std::unique_ptr<PacketSocketPort> port(new PacketSocketPort());
  HELIOSTAT_RETURN_IF_ERROR(port->ReadInterface(options));
  HELIOSTAT_RETURN_IF_ERROR(port->OpenSend(options));
  HELIOSTAT_RETURN_IF_ERROR(port->OpenReceive(options));
  return port;
}

PacketSocketPort::~PacketSocketPort() {
  for (const int socket : send_sockets_) close(socket);
  if (receive_socket_ >= 0) close(receive_socket_);
}

Status PacketSocketPort::ReadInterface(const PacketSocketOptions& options) {
  interface_ = options.interface;
  pool_ = options.pool;
  receive_socket_ = NewSocket();
  if (receive_socket_ < 0) return Failed(options, "no packet socket");
  ifreq index = Request(interface_);
  ifreq mtu = Request(interface_);
  ifreq mac = Request(interface_);
  if (ioctl(receive_socket_, SIOCGIFINDEX, &index) != 0 || ioctl(receive_socket_, SIOCGIFMTU, &mtu) != 0 ||
      ioctl(receive_socket_, SIOCGIFHWADDR, &mac) != 0) {
    return Failed(options, "can't be read");
  }
  interface_index_ = index.ifr_ifindex;
  info_.name = options.name;
  info_.driver = "packet_socket";
  info_.mtu = static_cast<std::uint16_t>(std::clamp(mtu.ifr_mtu, 68, 65535));
  // The kernel's own rule (packet_snd) allows one 802.1Q tag more than an untagged frame.
  info_.max_send_bytes = info_.mtu + std::uint32_t{ETH_HLEN};
  info_.send_tag_bytes = 4;
  info_.max_send_segments = kMaxSegments;
  info_.max_receive_bytes = info_.mtu + kReceivedHeaderBytes;
  info_.multi_segment_send = true;
  info_.send_queues = static_cast<std::uint16_t>(2 * options.workers);
  std::memcpy(info_.mac.bytes.data(), mac.ifr_hwaddr.sa_data, info_.mac.bytes.size());
  if (options.mac) info_.mac = *options.mac;
  return OkStatus();
}

Status PacketSocketPort::OpenReceive(const PacketSocketOptions& options) {
  const std::uint32_t longest = info_.mtu + kReceivedHeaderBytes;
  const std::uint32_t room = rte_pktmbuf_data_room_size(pool_) - RTE_PKTMBUF_HEADROOM;
  if (room <= longest) {
    return {Code::kInvalidArgument, "port \"" + options.name + "\" interface \"" + interface_ + "\"",
            "its frames have up to " + std::to_string(longest) + " bytes, but the board's buffers hold " +
                std::to_string(room),
            "lower the interface's MTU, or raise buffer_bytes of the board"};
  }
  // A slot has one byte more, so that a frame that is cut is still seen to be too long.
  HELIOSTAT_RETURN_IF_ERROR(
      ring_.Open(receive_socket_, "port \"" + options.name + "\" interface \"" + interface_ + "\"", longest + 1));
  const int yes = 1;
  packet_mreq everything{};
  everything.mr_ifindex = interface_index_;
  everything.mr_type = PACKET_MR_PROMISC;
  if (setsockopt(receive_socket_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) != 0) {
    return Failed(options, "can't leave out what the kernel itself sends (Linux 4.20 can)");
  }
  if (setsockopt(receive_socket_, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof everything) != 0) {
    return Failed(options, "can't receive frames for others");
  }
  return Bind(receive_socket_, interface_index_, ETH_P_ALL) ? OkStatus() : Failed(options, "can't be received from");
}

Status PacketSocketPort::OpenSend(const PacketSocketOptions& options) {
  for (std::uint16_t queue = 0; queue < info_.send_queues; ++queue) {
    send_sockets_.push_back(NewSocket());
    if (send_sockets_.back() < 0) {
      send_sockets_.pop_back();
      return Failed(options, "no packet socket");
    }
    // This may fail: a smaller buffer only makes bursts shorter.
    (void)setsockopt(send_sockets_.back(), SOL_SOCKET, SO_SNDBUFFORCE, &kSendBufferBytes, sizeof kSendBufferBytes);
    if (!Bind(send_sockets_.back(), interface_index_, 0)) return Failed(options, "can't be sent to");
  }
  return OkStatus();
}

std::uint16_t PacketSocketPort::Receive(std::uint16_t /*queue*/, Packet** packets, std::uint16_t count) {
  std::uint16_t received = 0;
  while (received < count) {
    const std::optional<Slot> slot = ring_.Next();
    if (!slot) break;
    Packet* packet = Allocate(pool_);
    if (packet == nullptr) break;  // the frame waits in its slot
    if (slot->merged) Count(merged_);
    if (slot->checksum && !slot->cut && Complete(slot->frame, *slot->checksum)) Count(open_checksums_);
    std::uint8_t* data = rte_pktmbuf_mtod(packet, std::uint8_t*);
    SetLength(packet, static_cast<std::uint16_t>(CopyWithTag(slot->frame, slot->tag, {data, Room(packet)})));
    packets[received++] = packet;
    ring_.Return();
  }
  return received;
}

std::uint16_t PacketSocketPort::Send(std::uint16_t queue, Packet** packets, std::uint16_t count) {
  const int socket = send_sockets_[queue];
  std::uint16_t sent = 0;
  for (; sent < count; ++sent) {
    std::array<iovec, kMaxSegments> parts;
    msghdr message{};
    message.msg_iov = parts.data();
    for (const Packet* s = packets[sent]; s != nullptr && message.msg_iovlen < kMaxSegments; s = s->next) {
      parts[message.msg_iovlen++] = {rte_pktmbuf_mtod(s, void*), s->data_len};
    }
    // A frame that the kernel will not take now (EAGAIN, ENOBUFS, the interface is down) and those behind it stay the
    // caller's. One that it will never take must not hold up the others.
    if (sendmsg(socket, &message, MSG_DONTWAIT) < 0) {
      if (errno != EMSGSIZE && errno != EINVAL) break;
      Count(refused_);
    }
  }
  for (std::uint16_t i = 0; i < sent; ++i) Release(packets[i]);
  return sent;
}

bool PacketSocketPort::LinkUp() {
  ifreq request = Request(interface_);
  return ioctl(receive_socket_, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

std::uint64_t PacketSocketPort::ReceiveMissed() {
  // The kernel tells each loss only once, so all callers add it to the same sum.
  tpacket_stats news{};
  socklen_t bytes = sizeof news;
  if (getsockopt(receive_socket_, SOL_PACKET, PACKET_STATISTICS, &news, &bytes) != 0) news.tp_drops = 0;
  return overrun_.fetch_add(news.tp_drops, std::memory_order_relaxed) + news.tp_drops;
}

Anomalies PacketSocketPort::ReadAnomalies() {
  return {merged_.load(std::memory_order_relaxed), open_checksums_.load(std::memory_order_relaxed), ReceiveMissed(),
          refused_.load(std::memory_order_relaxed)};
}

}  // namespace heliostat::hal::packet_socket
