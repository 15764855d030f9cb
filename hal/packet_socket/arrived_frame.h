// Makes what the kernel hands over of a frame into the frame as it was on the wire.
//
// The kernel takes the outermost tag out of every frame, whatever the offloads, and a sender in the same kernel (a
// veth, a guest's tap) may leave the checksum to a NIC that is not there. The kernel tells of both beside the frame,
// and they are undone here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace heliostat::hal::packet_socket {

struct Tag {
  std::uint16_t tpid = 0x8100;
  std::uint16_t tci = 0;
};

// A checksum that is still to be filled in: the sum over [start, end of frame) belongs at start + offset, where the
// sum over the pseudo header already lies.
struct OpenChecksum {
  std::uint16_t start = 0;
  std::uint16_t offset = 0;
};

// Fills it in, as a NIC would; false when it lies outside of the frame, which then stays as it is.
bool Complete(std::span<std::uint8_t> frame, OpenChecksum checksum);

// Copies `frame` to `out`, with its tag back behind the two addresses, cut to the room there. Returns the bytes
// written.
std::size_t CopyWithTag(std::span<const std::uint8_t> frame, std::optional<Tag> tag, std::span<std::uint8_t> out);

}  // namespace heliostat::hal::packet_socket
