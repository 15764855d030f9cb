#include "control/frame_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace heliostat::control {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes Header(std::uint32_t length) {
  Bytes bytes;
  for (unsigned shift = 32; shift != 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(length >> (shift - 8)));
  return bytes;
}

Bytes Frame(const std::string& body) {
  Bytes bytes = Header(static_cast<std::uint32_t>(body.size()));
  for (const char c : body) bytes.push_back(static_cast<std::uint8_t>(c));
  return bytes;
}

// Gives `bytes` in pieces of at most `most`; returns the frames that came of them.
std::vector<std::string> Feed(FrameReader& reader, std::span<const std::uint8_t> bytes, std::size_t most,
                              Status* failed = nullptr) {
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    const std::span<std::uint8_t> room = reader.Room();
    if (room.empty()) return frames;
    const std::size_t count = std::min({room.size(), bytes.size(), most});
    std::copy_n(bytes.begin(), count, room.begin());
    bytes = bytes.subspan(count);
    const Status took = reader.Took(count);
    if (!took.ok()) {
      if (failed != nullptr) *failed = took;
      return frames;
    }
    if (!reader.whole()) continue;
    frames.emplace_back(reader.frame().begin(), reader.frame().end());
    reader.Next();
  }
  return frames;
}

TEST(FrameReader, GivesTheSameFramesHoweverTheBytesAreCut) {
  Bytes bytes;
  std::vector<std::string> sent = {"a", std::string(300, 'b'), "cc", std::string(5000, 'd')};
  for (const std::string& body : sent) {
    const Bytes frame = Frame(body);
    bytes.insert(bytes.end(), frame.begin(), frame.end());
  }
  for (const std::size_t most : {1U, 2U, 3U, 5U, 7U, 4096U, 65536U}) {
    FrameReader reader;
    EXPECT_EQ(Feed(reader, bytes, most), sent) << "in pieces of " << most;
  }
}

TEST(FrameReader, GivesAFrameCutInTwoAnywhere) {
  const std::string body(70, 'x');
  const Bytes bytes = Frame(body);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameReader reader;
    std::vector<std::string> frames = Feed(reader, std::span(bytes).first(cut), bytes.size());
    const std::vector<std::string> rest = Feed(reader, std::span(bytes).subspan(cut), bytes.size());
    frames.insert(frames.end(), rest.begin(), rest.end());
    ASSERT_EQ(frames, std::vector<std::string>{body}) << "cut at " << cut;
  }
}

TEST(FrameReader, TakesTheLargestFrame) {
  FrameReader reader;
  const std::string body(codec::kMaxFrameBytes, 'y');
  EXPECT_EQ(Feed(reader, Frame(body), 1000), std::vector<std::string>{body});
}

TEST(FrameReader, RefusesALengthOfNothing) {
  FrameReader reader;
  Status failed;
  EXPECT_TRUE(Feed(reader, Frame(""), 100, &failed).empty());
  EXPECT_EQ(failed.code(), Code::kInvalidArgument);
  EXPECT_TRUE(reader.Room().empty());
}

TEST(FrameReader, RefusesALengthAboveTheBoundBeforeItsBytesCome) {
  for (const std::uint32_t length : {65'537U, 0x01000000U, 0xffffffffU}) {
    FrameReader reader;
    const Bytes header = Header(length);
    Status failed;
    EXPECT_TRUE(Feed(reader, header, 4, &failed).empty());
    EXPECT_EQ(failed.code(), Code::kInvalidArgument) << length;
    EXPECT_FALSE(reader.Took(0).ok());
  }
}

TEST(FrameReader, HoldsLittleForAFrameThatIsOnlyAnnounced) {
  FrameReader reader;
  const Bytes frame = Frame(std::string(codec::kMaxFrameBytes, 'z'));
  Feed(reader, std::span(frame).first(7), 7);
  EXPECT_TRUE(reader.begun());
  EXPECT_FALSE(reader.whole());
  EXPECT_LE(reader.frame().size(), 4096U);
  EXPECT_LE(reader.Room().size(), 4096U);
}

TEST(FrameReader, BeginsAnewBehindAFrame) {
  FrameReader reader;
  EXPECT_FALSE(reader.begun());
  Feed(reader, Frame("abc"), 100);
  EXPECT_FALSE(reader.begun());
  EXPECT_FALSE(reader.whole());
}

}  // namespace
}  // namespace heliostat::control
