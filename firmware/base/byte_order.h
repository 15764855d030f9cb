// Big-endian integers as they lie on the wire: any alignment, no host-order accident.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace heliostat {

template <typename Integer, std::size_t kBytes>
class BigEndian {
 public:
  constexpr BigEndian() = default;
  constexpr explicit BigEndian(Integer value) { Set(value); }

  constexpr void Set(Integer value) {
    for (std::size_t i = 0; i < kBytes; ++i) {
      bytes_[i] = static_cast<std::uint8_t>(value >> (8 * (kBytes - 1 - i)));
    }
  }
  [[nodiscard]] constexpr Integer Get() const {
    Integer value = 0;
    for (std::size_t i = 0; i < kBytes; ++i) value = static_cast<Integer>(value << 8) | static_cast<Integer>(bytes_[i]);
    return value;
  }
  friend constexpr bool operator==(const BigEndian&, const BigEndian&) = default;

 private:
  std::array<std::uint8_t, kBytes> bytes_{};
};

using Be16 = BigEndian<std::uint16_t, 2>;
using Be24 = BigEndian<std::uint32_t, 3>;
using Be32 = BigEndian<std::uint32_t, 4>;
using Be64 = BigEndian<std::uint64_t, 8>;

static_assert(sizeof(Be16) == 2 && alignof(Be16) == 1);
static_assert(sizeof(Be24) == 3 && alignof(Be24) == 1);
static_assert(sizeof(Be32) == 4 && alignof(Be32) == 1);
static_assert(sizeof(Be64) == 8 && alignof(Be64) == 1);

}  // namespace heliostat
