// A spec, a packet and a copy that the tests of this folder share. Every field has a value of its own, so that one in
// the wrong place is seen.
#pragma once

#include <string>

#include "encap/encap.h"
#include "support/frame_builder.h"

namespace heliostat::encap {

using support::Bytes;

inline TemplateSpec SpecOf(Kind kind, bool ipv6, bool tagged, bool platform_subheader = false) {
  TemplateSpec spec;
  spec.kind = kind;
  spec.source_mac = support::Mac("02:aa:00:00:00:01");
  spec.destination_mac = support::Mac("02:aa:00:00:00:02");
  if (tagged) spec.vlan_id = 200;
  spec.source = support::Ip(ipv6 ? "2001:db8:1::1" : "192.0.2.1");
  spec.destination = support::Ip(ipv6 ? "2001:db8:2::2" : "198.51.100.2");
  spec.dscp = 10;
  spec.ttl = 17;
  spec.udp_checksum = ipv6;
  spec.tunnel_id = kind == Kind::kVxlan || kind == Kind::kGeneve ? 0x123456 : 0x2aa;
  spec.interface_number = 0xabcde;
  spec.session_number = 0x0bcd;
  spec.hardware_id = 0x2a;
  spec.egress = true;
  spec.platform_subheader = platform_subheader;
  return spec;
}

// A frame tagged with priority 3, VLAN 100.
inline Bytes TaggedFrame() {
  return support::Ethernet().Vlan(100, 3).Ipv4({.dscp = 46}).Udp({.destination_port = 9999}).Payload(4).Build();
}

inline CopyInfo InfoOf(const Bytes& inner) {
  CopyInfo copy;
  copy.inner_bytes = static_cast<std::uint16_t>(inner.size());
  copy.original_bytes = static_cast<std::uint32_t>(inner.size());
  copy.flow_hash = 0x9abcdef1;
  copy.sequence = 0x01020304;
  copy.time_ns = 0x17a1b2c3d4e5f607;
  copy.rule = 0xfedc;
  copy.payload_sum = PayloadSum(inner);
  return copy;
}

// The whole encapsulated frame: header and inner bytes in a buffer of exactly their size.
inline Bytes CopyOf(const TemplateSpec& spec, const Bytes& inner, const CopyInfo& copy) {
  const Template t = BuildTemplate(spec).value();
  Bytes frame(t.length);
  frame.insert(frame.end(), inner.begin(), inner.end());
  Write(t, copy, frame.data());
  return frame;
}

inline std::string Hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace heliostat::encap
