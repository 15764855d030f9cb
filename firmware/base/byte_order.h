// Big-endian integers as they lie on the wire: any alignment, no host-order accident.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace heliostat {

template <typename Integer, std::size_t kBytes>
class BigEndian {
 public:
  constexpr BigEndian() = default;
  constexpr explicit BigEndian(Integer value) { Set(value); }

  constexpr void Set(Integer value) { SetFrom(value, std::make_index_sequence<kBytes>()); }
  [[nodiscard]] constexpr Integer Get() const { return GetFrom(std::make_index_sequence<kBytes>()); }
  friend constexpr bool operator==(const BigEndian&, const BigEndian&) = default;

 private:
  // Folds, not loops: compilers see one load or store of an integer in them, and swap it, at -O2 too.
  template <std::size_t... kIndex>
  [[nodiscard]] constexpr Integer GetFrom(std::index_sequence<kIndex...>) const {
    return static_cast<Integer>((... | (static_cast<Integer>(bytes_[kIndex]) << (8 * (kBytes - 1 - kIndex)))));
  }
  template <std::size_t... kIndex>
  constexpr void SetFrom(Integer value, std::index_sequence<kIndex...>) {
    ((bytes_[kIndex] = static_cast<std::uint8_t>(value >> (8 * (kBytes - 1 - kIndex)))), ...);
  }

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
