// VXLAN (RFC 7348), in UDP to port 4789.
//
//   0               8                              24             32 bits
//   +---------------+-------------------------------+--------------+
//   |     0x08      |                       0                      |
//   |                    VNI                        |      0       |
//   +---------------+-------------------------------+--------------+
#pragma once

#include <array>
#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

inline constexpr std::uint8_t kVxlanVniPresent = 0x08;

struct VxlanHeader {
  std::uint8_t flags = kVxlanVniPresent;
  std::array<std::uint8_t, 3> reserved1{};
  Be24 vni;
  std::uint8_t reserved2 = 0;
};
static_assert(sizeof(VxlanHeader) == 8 && alignof(VxlanHeader) == 1);

}  // namespace heliostat::packet
