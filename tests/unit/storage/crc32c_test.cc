#include "storage/crc32c.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string_view>
#include <vector>

namespace heliostat::storage {
namespace {

// RFC 3720, B.4.
TEST(Crc32c, HasTheValuesOfItsStandard) {
  std::vector<std::uint8_t> bytes(32, 0x00);
  EXPECT_EQ(Crc32c(bytes), 0x8a9136aaU);
  bytes.assign(32, 0xff);
  EXPECT_EQ(Crc32c(bytes), 0x62a8ab43U);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  EXPECT_EQ(Crc32c(bytes), 0x46dd794eU);
  std::iota(bytes.rbegin(), bytes.rend(), std::uint8_t{0});
  EXPECT_EQ(Crc32c(bytes), 0x113fdb5cU);
}

TEST(Crc32c, HasItsCheckValue) {
  constexpr std::string_view kCheck = "123456789";
  EXPECT_EQ(Crc32c({reinterpret_cast<const std::uint8_t*>(kCheck.data()), kCheck.size()}), 0xe3069283U);
}

TEST(Crc32c, IsTheSameInParts) {
  std::vector<std::uint8_t> bytes(100);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{7});
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(Crc32c(std::span(bytes).subspan(size), Crc32c(std::span(bytes).first(size))), Crc32c(bytes)) << size;
  }
}

}  // namespace
}  // namespace heliostat::storage
