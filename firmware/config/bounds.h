// How large one resource may be on the wire and on flash. The codec asserts that proto/*.options say the same.
#pragma once

#include <cstddef>

namespace heliostat::config {

inline constexpr std::size_t kMaxNameBytes = 63;
inline constexpr std::size_t kMaxDescriptionBytes = 256;
inline constexpr std::size_t kMaxTags = 16;
inline constexpr std::size_t kMaxTagKeyBytes = 63;
inline constexpr std::size_t kMaxTagValueBytes = 128;
inline constexpr std::size_t kMaxSharedWith = 16;
inline constexpr std::size_t kMaxServices = 6;
inline constexpr std::size_t kMaxVlanRanges = 8;
inline constexpr std::size_t kMaxRuleDescriptionBytes = 128;
inline constexpr std::size_t kMaxUnderlayAddresses = 8;
inline constexpr std::size_t kMaxGateways = 2;
inline constexpr std::size_t kMaxRoutes = 64;
inline constexpr std::size_t kMaxNeighbours = 128;
inline constexpr std::size_t kMaxBoardPorts = 64;
inline constexpr std::size_t kMaxWires = 32;
inline constexpr std::size_t kMaxDeviceBytes = 512;
inline constexpr std::size_t kMaxLcoresBytes = 128;

}  // namespace heliostat::config
