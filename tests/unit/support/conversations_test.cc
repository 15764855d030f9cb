#include "support/traffic/conversations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <string>
#include <tuple>

namespace heliostat::traffic {
namespace {

std::size_t Be16At(std::span<const std::uint8_t> bytes, std::size_t at) { return bytes[at] * 256U + bytes[at + 1]; }

// A frame as it is read without the code that made it.
struct Read {
  std::size_t type = 0;
  std::size_t ip = 14;  // offset
  bool tagged = false;
  bool fragment = false;
  unsigned protocol = 0;
  std::size_t l4 = 0;
  std::size_t end = 0;  // of the IP packet: behind it is padding
};

Read Dissect(const Bytes& frame) {
  Read read;
  read.tagged = Be16At(frame, 12) == 0x8100;
  if (read.tagged) read.ip = 18;
  read.type = Be16At(frame, read.ip - 2);
  if (read.type == 0x0800) {
    read.fragment = (Be16At(frame, read.ip + 6) & 0x3fff) != 0;
    read.protocol = frame[read.ip + 9];
    read.l4 = read.ip + 20;
    read.end = read.ip + Be16At(frame, read.ip + 2);
  } else if (read.type == 0x86dd) {
    read.fragment = frame[read.ip + 6] == 44;
    read.protocol = read.fragment ? frame[read.ip + 40] : frame[read.ip + 6];
    read.l4 = read.ip + (read.fragment ? 48 : 40);
    read.end = read.ip + 40 + Be16At(frame, read.ip + 4);
  }
  return read;
}

std::size_t OnesComplementSum(std::span<const std::uint8_t> bytes) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += Be16At(bytes, i);
  if (bytes.size() % 2 != 0) sum += bytes.back() * 256U;
  return sum;
}

bool IsAllOnes(std::size_t sum) {
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum == 0xffff;
}

TEST(Generate, GivesTheSameFramesForTheSameSeed) {
  const auto one = Generate(7, 2000);
  const auto other = Generate(7, 2000);
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    ASSERT_EQ(std::tie(one[i].time_ns, one[i].side, one[i].bytes),
              std::tie(other[i].time_ns, other[i].side, other[i].bytes));
  }
  EXPECT_NE(Generate(8, 1)[0].bytes, one[0].bytes);
}

TEST(Generate, GivesExactlyAsManyFramesInTheOrderOfTime) {
  for (const std::size_t frames : {1U, 17U, 3000U}) {
    const auto made = Generate(1, frames);
    EXPECT_EQ(made.size(), frames);
    EXPECT_TRUE(std::ranges::is_sorted(made, {}, &TimedFrame::time_ns));
  }
}

TEST(Generate, SumsUpEveryChecksum) {
  for (const TimedFrame& frame : Generate(3, 5000)) {
    const Read read = Dissect(frame.bytes);
    const std::span<const std::uint8_t> bytes = frame.bytes;
    if (read.end == 0) continue;  // not IP
    ASSERT_LE(read.end, bytes.size());
    const bool ipv4 = read.type == 0x0800;
    if (ipv4) {
      ASSERT_TRUE(IsAllOnes(OnesComplementSum(bytes.subspan(read.ip, 20))));
    }
    if (read.fragment) continue;
    std::size_t sum = OnesComplementSum(bytes.subspan(read.l4, read.end - read.l4));
    if (read.protocol != 1) {
      const std::size_t addresses = ipv4 ? 8 : 32;
      sum += OnesComplementSum(bytes.subspan(read.l4 - addresses, addresses)) + read.protocol + read.end - read.l4;
    }
    ASSERT_TRUE(IsAllOnes(sum)) << "protocol " << read.protocol;
  }
}

TEST(Generate, HoldsEveryKindInAFewHundredFramesAndBothDirections) {
  std::map<std::string, std::array<int, 2>> seen;
  for (const TimedFrame& frame : Generate(1, 1000)) {
    const Read read = Dissect(frame.bytes);
    const std::string family = read.type == 0x0800 ? "ipv4" : read.type == 0x86dd ? "ipv6" : "other";
    const std::string name =
        family + (read.tagged ? " tagged " : " ") + (read.fragment ? "fragment " : "") + std::to_string(read.protocol);
    ++seen[name][static_cast<std::size_t>(frame.side)];
  }
  for (const char* kind : {"other 0", "ipv4 6", "ipv4 17", "ipv4 1", "ipv4 fragment 1", "ipv4 tagged 6",
                           "ipv4 tagged 17", "ipv6 6", "ipv6 17", "ipv6 58", "ipv6 fragment 58"}) {
    EXPECT_GT(seen[kind][0], 0) << kind << " from the guest";
    EXPECT_GT(seen[kind][1], 0) << kind << " from the wire";
  }
}

TEST(Generate, PutsEveryStationOnTheSideThatItsConversationsSay) {
  const auto made = Generate(5, 3000);
  Sides sides;
  for (const TimedFrame& frame : made) sides.Learn(frame.bytes);
  for (const TimedFrame& frame : made) ASSERT_EQ(sides.Of(frame.bytes), frame.side);
}

}  // namespace
}  // namespace heliostat::traffic
