// GENEVE (RFC 8926), in UDP to port 6081.
//
//   0   2           8 9 10         16                        24             32 bits
//   +---+-----------+-+-+-----------+-------------------------+--------------+
//   |ver| opt len/4 |O|C|     0     |            protocol type               |
//   |                        VNI                              |      0       |
//   +-------------------------------------------------------------------------+
//   |          option class         |      type     |    0    | length / 4   |   options, each with
//   |                          option data ...                                |   this header
//   +-------------------------------------------------------------------------+
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"

namespace heliostat::packet {

inline constexpr std::uint8_t kGeneveOptionWordsMask = 0x3f;

struct GeneveHeader {
  std::uint8_t version_option_words = 0;
  std::uint8_t flags = 0;
  Be16 protocol;
  Be24 vni;
  std::uint8_t reserved = 0;

  [[nodiscard]] constexpr unsigned Version() const { return version_option_words >> 6; }
  [[nodiscard]] constexpr std::size_t OptionBytes() const {
    return std::size_t{4} * (version_option_words & kGeneveOptionWordsMask);
  }
};
static_assert(sizeof(GeneveHeader) == 8 && alignof(GeneveHeader) == 1);

struct GeneveOptionHeader {
  Be16 option_class;
  std::uint8_t type = 0;          // the top bit: critical
  std::uint8_t length_words = 0;  // of the data, 0..31
};
static_assert(sizeof(GeneveOptionHeader) == 4 && alignof(GeneveOptionHeader) == 1);

}  // namespace heliostat::packet
