// Frame -> FlowKey, exactly as the matching table of the mirror's definition says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "packet/flow_key.h"

namespace heliostat::packet {

// No header that counts lies deeper than 14 + 2 tags + fixed IPv6 + 512 bytes of extension headers + the TCP flags, so
// a longer start of the frame gives the same key.
inline constexpr std::size_t kMaxParseBytes = 640;

// `frame` is the frame without FCS, or at least its first kMaxParseBytes. Reads nothing outside it, whatever its
// length fields claim. Any thread.
void ParseInto(std::span<const std::uint8_t> frame, FlowKey& key);

[[nodiscard]] inline FlowKey Parse(std::span<const std::uint8_t> frame) {
  FlowKey key;
  ParseInto(frame, key);
  return key;
}

// A hash that is the same for both directions of a flow. It covers the 5-tuple (TCP, UDP, SCTP; ICMP echo with its
// identifier), else addresses and protocol (all fragments, other ICMP), else MACs and EtherType. All 32 bits are well
// mixed. Fragments of IPv6 leave the protocol out: extension headers behind the fragment header hide it from all but
// the first, and every fragment of a datagram has one hash.
[[nodiscard]] std::uint32_t SymmetricHash(const FlowKey& key);

}  // namespace heliostat::packet
