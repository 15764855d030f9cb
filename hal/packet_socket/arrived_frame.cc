#include "packet_socket/arrived_frame.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace heliostat::hal::packet_socket {
namespace {

constexpr std::size_t kAddressBytes = 12;  // destination and source

// RFC 1071: the one's complement sum of 16-bit words, an odd last byte padded with 0.
std::uint16_t Sum(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) sum += static_cast<std::uint64_t>(bytes[i] << 8 | bytes[i + 1]);
  if (i < bytes.size()) sum += static_cast<std::uint64_t>(bytes[i] << 8);
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

bool Complete(std::span<std::uint8_t> frame, OpenChecksum checksum) {
  const std::size_t at = std::size_t{checksum.start} + checksum.offset;
  if (at + 2 > frame.size()) return false;
  auto value = static_cast<std::uint16_t>(~Sum(frame.subspan(checksum.start)));
  if (value == 0) value = 0xffff;  // RFC 768: 0 says that there is none; for the others both are zero
  frame[at] = static_cast<std::uint8_t>(value >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
  return true;
}

std::size_t CopyWithTag(std::span<const std::uint8_t> frame, std::optional<Tag> tag, std::span<std::uint8_t> out) {
  std::size_t at = 0;
  const auto append = [&](std::span<const std::uint8_t> bytes) {
    const std::size_t count = std::min(bytes.size(), out.size() - at);
    if (count != 0) std::memcpy(out.data() + at, bytes.data(), count);
    at += count;
  };
  const std::size_t addresses = tag ? std::min(kAddressBytes, frame.size()) : frame.size();
  append(frame.first(addresses));
  if (!tag) return at;
  const auto high = [](std::uint16_t v) { return static_cast<std::uint8_t>(v >> 8); };
  const auto low = [](std::uint16_t v) { return static_cast<std::uint8_t>(v & 0xffU); };
  append(std::array{high(tag->tpid), low(tag->tpid), high(tag->tci), low(tag->tci)});
  append(frame.subspan(addresses));
  return at;
}

}  // namespace heliostat::hal::packet_socket
