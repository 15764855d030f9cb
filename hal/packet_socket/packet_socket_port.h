// A kernel interface as a hal::Port, through packet sockets (packet(7)).
//
// Frames arrive as they were on the wire: tags of either type stand in their place, fragments stay fragments, checksums
// that a local sender left open are filled in. Frames that the kernel itself sends on the interface are not seen.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "hal/packet.h"
#include "hal/port.h"
#include "packet_socket/receive_ring.h"

namespace heliostat::hal::packet_socket {

struct PacketSocketOptions {
  std::string name;               // of the board's port
  std::string interface;          // the kernel's name
  std::optional<MacAddress> mac;  // absent: the interface's
  std::uint16_t workers = 1;      // two send queues each: originals, copies
  PacketPool* pool = nullptr;     // for received frames
};

// Counts, since the start, of what does not happen on a wire.
struct Anomalies {
  std::uint64_t merged = 0;          // frames far above the MTU, left by a local sender to a NIC to cut: not carried
  std::uint64_t open_checksums = 0;  // checksums that were filled in here
  std::uint64_t overrun = 0;         // lost before the worker came to read them
  std::uint64_t refused = 0;         // given to the kernel to send, and not sent: too long for the interface
};

class PacketSocketPort final : public Port {
 public:
  // Binds to an interface that is up; promiscuous until closed. kNotFound, kPermissionDenied, kResourceExhausted,
  // kInvalidArgument (a buffer of the pool does not hold a frame of the interface's MTU), kUnavailable.
  static Result<std::unique_ptr<PacketSocketPort>> Open(const PacketSocketOptions& options);
  ~PacketSocketPort() override;

  std::uint16_t Receive(std::uint16_t queue, Packet** packets, std::uint16_t count) override;
  std::uint16_t Send(std::uint16_t queue, Packet** packets, std::uint16_t count) override;
  bool LinkUp() override;
  std::uint64_t ReceiveMissed() override;  // Anomalies::overrun

  // Any thread.
  Anomalies ReadAnomalies();

 private:
  PacketSocketPort() = default;
  Status ReadInterface(const PacketSocketOptions& options);
  Status OpenReceive(const PacketSocketOptions& options);
  Status OpenSend(const PacketSocketOptions& options);

  std::string interface_;
  int interface_index_ = 0;
  PacketPool* pool_ = nullptr;
  int receive_socket_ = -1;
  std::vector<int> send_sockets_;  // by queue
  ReceiveRing ring_;
  std::atomic<std::uint64_t> overrun_{0};  // so far; the kernel forgets what it has told
  std::atomic<std::uint64_t> merged_{0};
  std::atomic<std::uint64_t> open_checksums_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace heliostat::hal::packet_socket
