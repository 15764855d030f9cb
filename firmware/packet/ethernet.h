// Ethernet II and 802.3 (IEEE 802.3 clause 3.2.6).
//
//   0               6               12      14
//   +---------------+---------------+-------+----------
//   |  destination  |    source     | type  | payload
//   +---------------+---------------+-------+----------
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/byte_order.h"

namespace heliostat::packet {

enum EtherType : std::uint16_t {
  kEtherTypeIpv4 = 0x0800,
  kEtherTypeArp = 0x0806,
  kEtherTypeTransparentEthernet = 0x6558,
  kEtherTypeVlan = 0x8100,
  kEtherTypeIpv6 = 0x86dd,
  kEtherTypeServiceVlan = 0x88a8,
  kEtherTypeOldServiceVlan = 0x9100,
  kEtherTypeErspan2 = 0x88be,  // in GRE: ERSPAN I (no sequence) and II
  kEtherTypeErspan3 = 0x22eb,  // in GRE
};

// Smaller values are the length of an LLC frame, or reserved: not an EtherType.
inline constexpr std::uint16_t kMinEtherType = 0x0600;

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  Be16 type;
};
static_assert(sizeof(EthernetHeader) == 14 && alignof(EthernetHeader) == 1);

}  // namespace heliostat::packet
