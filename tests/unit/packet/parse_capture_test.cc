// Real frames: every frame of every capture under $HELIOSTAT_CAPTURES, at every length up to 128 bytes.
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "packet/parse.h"

namespace heliostat::packet {
namespace {

constexpr std::size_t kMaxCut = 128;

// A field that a shorter frame has, a longer one has too, with the same value. Only IPv6's protocol may change: a chain
// of extension headers that is cut ends earlier.
void ExpectGrowing(const FlowKey& shorter, const FlowKey& longer, const std::string& where) {
  const unsigned lost = shorter.flags & ~unsigned{longer.flags} & ~unsigned{FlowKey::kRunt};
  EXPECT_EQ(lost, 0U) << where;
  if (shorter.Has(FlowKey::kRunt)) return;
  EXPECT_EQ(shorter.destination_mac, longer.destination_mac) << where;
  if (shorter.Has(FlowKey::kTagged)) {
    EXPECT_EQ(shorter.vlan_id, longer.vlan_id) << where;
  }
  if (shorter.Has(FlowKey::kEtherType)) {
    EXPECT_EQ(shorter.ether_type, longer.ether_type) << where;
  }
  if (shorter.Has(FlowKey::kIpv4)) {
    EXPECT_EQ(shorter.protocol, longer.protocol) << where;
  }
  if (shorter.Has(FlowKey::kSourcePort)) {
    EXPECT_EQ(shorter.source_port, longer.source_port) << where;
  }
  if (shorter.Has(FlowKey::kTcpFlags)) {
    EXPECT_EQ(shorter.tcp_flags, longer.tcp_flags) << where;
  }
  EXPECT_LE(shorter.l3_offset, longer.l3_offset) << where;
}

void CheckFrame(std::span<const std::uint8_t> frame, const std::string& where) {
  const FlowKey whole = Parse(frame);
  ASSERT_TRUE(Parse(frame.first(std::min(frame.size(), kMaxParseBytes))) == whole) << where;
  ASSERT_LE(whole.l4_offset, frame.size()) << where;
  // The buffer ends where the frame ends, at every length, so a byte read too far is outside it.
  const std::size_t longest = std::min(frame.size(), kMaxCut);
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[longest]);
  FlowKey previous;
  for (std::size_t bytes = 0; bytes <= longest; ++bytes) {
    std::uint8_t* const start = exact.get() + (longest - bytes);
    std::copy_n(frame.data(), bytes, start);
    const FlowKey key = Parse({start, bytes});
    if (bytes > 0) ExpectGrowing(previous, key, where + " at " + std::to_string(bytes));
    previous = key;
  }
  if (frame.size() == longest) {
    ASSERT_TRUE(previous == whole) << where;
  }
}

TEST(ParseCaptures, GrowsWithEveryByteOfRealFrames) {
  const char* folder = std::getenv("HELIOSTAT_CAPTURES");
  if (folder == nullptr) GTEST_SKIP() << "HELIOSTAT_CAPTURES is unset";
  std::size_t frames = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    char error[PCAP_ERRBUF_SIZE];
    pcap_t* capture = pcap_open_offline(entry.path().c_str(), error);
    if (capture == nullptr) continue;  // not a capture
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    while (pcap_datalink(capture) == DLT_EN10MB && pcap_next_ex(capture, &header, &bytes) == 1) {
      CheckFrame({bytes, header->caplen}, entry.path().filename().string() + " frame " + std::to_string(++frames));
      if (HasFailure()) break;
    }
    pcap_close(capture);
  }
  EXPECT_GT(frames, 0U) << "no capture in " << folder;
}

}  // namespace
}  // namespace heliostat::packet
