// The ring that the kernel and this process share for received frames (packet(7), TPACKET_V2). One thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"
#include "packet_socket/arrived_frame.h"

namespace heliostat::hal::packet_socket {

// A frame in its slot, until the slot is given back. It is untagged, since the kernel took the tag out.
struct Slot {
  std::span<std::uint8_t> frame;
  std::optional<Tag> tag;
  std::optional<OpenChecksum> checksum;
  bool merged = false;  // the sender left it to a NIC to cut this into several frames
  bool cut = false;     // longer than a slot
};

class ReceiveRing {
 public:
  ReceiveRing() = default;
  ~ReceiveRing();
  ReceiveRing(const ReceiveRing&) = delete;
  ReceiveRing& operator=(const ReceiveRing&) = delete;

  // Makes the ring of a packet socket that is not yet bound. A slot holds at least `frame_bytes`. Errors are the
  // socket's: kPermissionDenied, kResourceExhausted.
  Status Open(int socket, const std::string& subject, std::size_t frame_bytes);

  // The next frame that has arrived, if any. Return gives its slot back to the kernel.
  std::optional<Slot> Next();
  void Return();

 private:
  [[nodiscard]] std::uint8_t* At(std::size_t slot) const { return memory_ + slot * slot_bytes_; }
  [[nodiscard]] std::atomic_ref<std::uint32_t> State() const;

  std::uint8_t* memory_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t slot_bytes_ = 0;
  std::size_t slots_ = 0;
  std::size_t next_ = 0;
};

}  // namespace heliostat::hal::packet_socket
