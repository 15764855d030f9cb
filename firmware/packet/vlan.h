// VLAN tag (IEEE 802.1Q clause 9.6). The tag protocol ID stands in the type field before it.
//
//   0         3   4            16                32 bits
//   +---------+---+-------------+----------------+
//   |   PCP   |DEI|   VLAN ID   |   next type    |
//   +---------+---+-------------+----------------+
#pragma once

#include <cstdint>

#include "base/byte_order.h"
#include "packet/ethernet.h"

namespace heliostat::packet {

inline constexpr std::uint16_t kVlanIdMask = 0x0fff;
inline constexpr unsigned kPriorityShift = 13;

struct VlanTag {
  Be16 tci;
  Be16 type;

  [[nodiscard]] constexpr std::uint16_t VlanId() const { return tci.Get() & kVlanIdMask; }
  [[nodiscard]] constexpr std::uint8_t Priority() const {
    return static_cast<std::uint8_t>(tci.Get() >> kPriorityShift);
  }
};
static_assert(sizeof(VlanTag) == 4 && alignof(VlanTag) == 1);

[[nodiscard]] constexpr bool IsVlanType(std::uint16_t type) {
  return type == kEtherTypeVlan || type == kEtherTypeServiceVlan || type == kEtherTypeOldServiceVlan;
}

}  // namespace heliostat::packet
