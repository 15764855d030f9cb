// FORMAT.md, byte by byte.
#include <gtest/gtest.h>

#include "emulated/emulated_flash.h"
#include "storage/audit_log.h"
#include "storage/settings_store.h"
#include "unit/storage/key_values.h"

namespace heliostat::storage {
namespace {

using hal::emulated::EmulatedFlash;

std::string Hex(std::span<const std::uint8_t> bytes) {
  std::string hex;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[bytes[i] >> 4U];
    hex += kDigits[bytes[i] & 15U];
    if (i % 4 == 3) hex += ' ';
  }
  return hex;
}

TEST(Format, OfAGeneration) {
  EmulatedFlash flash({4096, 16, 2});
  KeyValueStore store(flash, {0, 2});
  GenerationInfo info;
  info.time_ns = 0x0102030405060708;
  info.role = 4;
  info.unconfirmed = true;
  info.user = "eve";
  info.comment = "x";
  ASSERT_TRUE(store.Commit(info, {{"k", "v"}}).ok());
  const std::string header =
      "48454c49 4f4c4f47 "   // HELIOLOG
      "01010000 00000001 "   // version 1, kind 1; epoch 1
      "00000010 00001000 "   // program unit 16, area 4096
      "00000020 867063c6 ";  // sealed: nothing behind the header; CRC
  EXPECT_EQ(Hex(flash.image().first(32)), header);
  EXPECT_EQ(Hex(flash.image().subspan(4096 - 32, 32)), header);
  EXPECT_EQ(Hex(flash.image().subspan(32, 48)),
            "52020100 00000000 00000001 00000000 6d48d6e3 "  // a Begin behind a sync
            "52030000 00000003 00000001 4371bd74 26f44e59 "  // a Change
            "6b3d7600 00000000 ");                           // k=v, padding
  EXPECT_EQ(Hex(flash.image().subspan(80, 64)),
            "52040100 00000024 00000001 2a36c654 a706b846 "  // a Commit behind a sync
            "00000000 00000001 01020304 05060708 "           // number, time
            "04010000 00000000 00000365 76650000 00000178 "  // role 4, unconfirmed; base 0; user, ..., comment
            "00000000 00000000 ");
}

}  // namespace
}  // namespace heliostat::storage
