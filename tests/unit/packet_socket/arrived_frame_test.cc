#include "packet_socket/arrived_frame.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

namespace heliostat::hal::packet_socket {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes Counting(std::size_t count) {
  Bytes bytes(count);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{1});
  return bytes;
}

Bytes Tagged(const Bytes& frame, std::optional<Tag> tag, std::size_t room) {
  Bytes out(room);
  out.resize(CopyWithTag(frame, tag, out));
  return out;
}

TEST(CopyWithTag, LeavesUntaggedFrameAsItIs) {
  for (const std::size_t count : {0U, 1U, 14U, 1514U}) EXPECT_EQ(Tagged(Counting(count), {}, 2000), Counting(count));
}

TEST(CopyWithTag, PutsTagBehindAddressesWithItsOwnType) {
  for (const std::uint16_t tpid : {std::uint16_t{0x8100}, std::uint16_t{0x88a8}}) {
    Bytes wanted = Counting(60);
    const Bytes tag = {static_cast<std::uint8_t>(tpid >> 8), static_cast<std::uint8_t>(tpid & 0xff), 0xe1, 0x23};
    wanted.insert(wanted.begin() + 12, tag.begin(), tag.end());
    EXPECT_EQ(Tagged(Counting(60), Tag{tpid, 0xe123}, 2000), wanted);
  }
}

TEST(CopyWithTag, NeverWritesBehindTheRoom) {
  const Bytes whole = Tagged(Counting(60), Tag{0x8100, 5}, 64);
  for (std::size_t room = 0; room <= 64; ++room) {
    EXPECT_EQ(Tagged(Counting(60), Tag{0x8100, 5}, room),
              Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(room)));
  }
}

TEST(Complete, FillsInWhatMakesTheSumRight) {
  // UDP 10.0.0.1:1 -> 10.0.0.2:2 with 3 bytes "abc": the pseudo header's sum lies where the checksum belongs.
  Bytes frame = {0, 1, 0, 2, 0, 11, 0, 0, 'a', 'b', 'c'};
  const std::uint32_t pseudo = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17 + 11;
  frame[6] = static_cast<std::uint8_t>(pseudo >> 8);
  frame[7] = static_cast<std::uint8_t>(pseudo & 0xff);
  ASSERT_TRUE(Complete(frame, {0, 6}));
  const std::uint32_t sum =
      pseudo + 1 + 2 + 11 + static_cast<std::uint32_t>(frame[6] << 8 | frame[7]) + ('a' << 8 | 'b') + ('c' << 8);
  EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffffU);
}

TEST(Complete, NeverSaysThatThereIsNoChecksum) {
  Bytes frame = {0xff, 0xff, 0, 0};
  ASSERT_TRUE(Complete(frame, {0, 2}));
  EXPECT_EQ(frame, (Bytes{0xff, 0xff, 0xff, 0xff}));
}

TEST(Complete, LeavesFrameAloneWhoseChecksumLiesOutside) {
  for (const OpenChecksum outside :
       {OpenChecksum{0, 59}, OpenChecksum{59, 0}, OpenChecksum{60, 0}, OpenChecksum{65535, 65535}}) {
    Bytes frame = Counting(60);
    EXPECT_FALSE(Complete(frame, outside));
    EXPECT_EQ(frame, Counting(60));
  }
}

}  // namespace
}  // namespace heliostat::hal::packet_socket
