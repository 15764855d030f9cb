#include "packet_socket/receive_ring.h"

#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace heliostat::hal::packet_socket {
namespace {

constexpr std::size_t kRingBytes = std::size_t{16} << 20U;  // what arrives while the worker is not scheduled
constexpr std::size_t kPageBytes = 65'536;                  // a multiple of every architecture's
constexpr std::size_t kSlotHeaderBytes = 128;               // tpacket2_hdr, sockaddr_ll, virtio_net_hdr, alignment

// struct virtio_net_hdr of linux/virtio_net.h, which is no C++. In the machine's byte order.
struct OffloadHeader {
  std::uint8_t flags;
  std::uint8_t gso_type;
  std::uint16_t header_bytes;
  std::uint16_t gso_bytes;
  std::uint16_t checksum_start;
  std::uint16_t checksum_offset;
};
static_assert(sizeof(OffloadHeader) == 10);
constexpr std::uint8_t kNeedsChecksum = 1;  // VIRTIO_NET_HDR_F_NEEDS_CSUM
constexpr std::uint8_t kNotMerged = 0;      // VIRTIO_NET_HDR_GSO_NONE

Status Failed(const std::string& subject, const std::string& what) {
  const int error = errno;
  const bool denied = error == EPERM || error == EACCES;
  return {denied ? Code::kPermissionDenied : Code::kResourceExhausted, subject, what + ": " + std::strerror(error),
          denied ? "run as root or with CAP_NET_RAW" : "free memory, or lower the interface's MTU"};
}

}  // namespace

ReceiveRing::~ReceiveRing() {
  if (memory_ != nullptr) munmap(memory_, bytes_);
}

Status ReceiveRing::Open(int socket, const std::string& subject, std::size_t frame_bytes) {
  const int version = TPACKET_V2;
  const int yes = 1;
  if (setsockopt(socket, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
      setsockopt(socket, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) != 0) {
    return Failed(subject, "the kernel's packet sockets lack TPACKET_V2 or PACKET_VNET_HDR");
  }
  slot_bytes_ = std::bit_ceil(frame_bytes + kSlotHeaderBytes);
  tpacket_req request{};
  request.tp_frame_size = static_cast<unsigned>(slot_bytes_);
  request.tp_block_size = static_cast<unsigned>(std::max(slot_bytes_, kPageBytes));
  request.tp_block_nr = static_cast<unsigned>(kRingBytes / request.tp_block_size);
  request.tp_frame_nr = static_cast<unsigned>(kRingBytes / slot_bytes_);
  if (setsockopt(socket, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
    return Failed(subject, "no receive ring");
  }
  void* memory = mmap(nullptr, kRingBytes, PROT_READ | PROT_WRITE, MAP_SHARED, socket, 0);
  if (memory == MAP_FAILED) return Failed(subject, "its receive ring can't be mapped");
  memory_ = static_cast<std::uint8_t*>(memory);
  bytes_ = kRingBytes;
  slots_ = request.tp_frame_nr;
  return OkStatus();
}

std::atomic_ref<std::uint32_t> ReceiveRing::State() const {
  return std::atomic_ref(reinterpret_cast<tpacket2_hdr*>(At(next_))->tp_status);
}

std::optional<Slot> ReceiveRing::Next() {
  // The kernel sets the state last, so what is read after it is whole.
  const std::uint32_t state = State().load(std::memory_order_acquire);
  if ((state & TP_STATUS_USER) == 0) return std::nullopt;
  tpacket2_hdr header;
  std::memcpy(&header, At(next_), sizeof header);
  Slot slot;
  slot.frame = {At(next_) + header.tp_mac, header.tp_snaplen};
  slot.cut = header.tp_len > header.tp_snaplen;
  if ((state & TP_STATUS_VLAN_VALID) != 0) {
    slot.tag = Tag{.tci = header.tp_vlan_tci};
    if ((state & TP_STATUS_VLAN_TPID_VALID) != 0) slot.tag->tpid = header.tp_vlan_tpid;
  }
  OffloadHeader offload;
  std::memcpy(&offload, At(next_) + header.tp_mac - sizeof offload, sizeof offload);
  slot.merged = offload.gso_type != kNotMerged;
  if ((offload.flags & kNeedsChecksum) != 0) {
    slot.checksum = OpenChecksum{offload.checksum_start, offload.checksum_offset};
  }
  return slot;
}

void ReceiveRing::Return() {
  State().store(TP_STATUS_KERNEL, std::memory_order_release);
  next_ = next_ + 1 == slots_ ? 0 : next_ + 1;
}

}  // namespace heliostat::hal::packet_socket
