// A run of erase blocks of a flash.
#pragma once

#include <cstdint>

namespace heliostat::storage {

struct Region {
  std::uint32_t first_block = 0;
  std::uint32_t blocks = 0;
};

}  // namespace heliostat::storage
