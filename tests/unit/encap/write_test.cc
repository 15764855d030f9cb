#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "packet/parse.h"
#include "unit/encap/copies.h"

namespace heliostat::encap {
namespace {

using support::Ethernet;

// ---- byte tables: from the RFCs and the draft, computed by scapy, not by this code

struct Row {
  const char* name;
  Kind kind;
  bool platform_subheader;
  const char* ipv4;       // total length and checksum of the kind
  const char* ipv6;       // payload length of the kind
  const char* over_ipv4;  // UDP or GRE and all behind it
  const char* over_ipv6;  // the UDP checksum is there
};

constexpr char kEthernet[] = "02aa0000000202aa00000001";
constexpr char kIpv6Addresses[] = "20010db800010000000000000000000120010db8000200000000000000000002";

// The copy of 50 bytes, cut from 1514, tagged 3/100.
const Row kRows[] = {
    {"vxlan", Kind::kVxlan, false, "452800560000400011117d38c0000201c6336402", "6289abcd00421111",
     "def112b5004200000800000012345600", "def112b5004268cf0800000012345600"},
    {"geneve", Kind::kGeneve, false, "4528006e0000400011117d20c0000201c6336402", "6289abcd005a1111",
     "def117c1005a00000600655812345600ff4801050bcdc0000000fedc000005ea17a1b2c3d4e5f607",
     "def117c1005a9a050600655812345600ff4801050bcdc0000000fedc000005ea17a1b2c3d4e5f607"},
    {"erspan1", Kind::kErspan1, false, "4528004a00004000112f7d26c0000201c6336402", "6289abcd00362f11", "000088be",
     "000088be"},
    {"erspan2", Kind::kErspan2, false, "4528005600004000112f7d1ac0000201c6336402", "6289abcd00422f11",
     "100088be0102030410647eaa000abcde", "100088be0102030410647eaa000abcde"},
    {"erspan3", Kind::kErspan3, false, "4528005a00004000112f7d16c0000201c6336402", "6289abcd00462f11",
     "100022eb01020304206466aabaf3850d000082a8", "100022eb01020304206466aabaf3850d000082a8"},
    {"erspan3 with subheader", Kind::kErspan3, true, "4528006200004000112f7d0ec0000201c6336402", "6289abcd004e2f11",
     "100022eb01020304206466aad4e5f607000082ad0c003cde17a1b2c3",
     "100022eb01020304206466aad4e5f607000082ad0c003cde17a1b2c3"},
};

CopyInfo CutTaggedInfo(const Bytes& inner) {
  CopyInfo copy = InfoOf(inner);
  copy.original_bytes = 1514;
  copy.tagged = true;
  copy.tci = 0x6064;
  return copy;
}

TEST(Write, GivesTheBytesOfTheTables) {
  const Bytes inner = TaggedFrame();
  for (const Row& row : kRows) {
    for (const bool ipv6 : {false, true}) {
      for (const bool tagged : {false, true}) {
        std::string expected = std::string(kEthernet) + (tagged ? "810000c8" : "") + (ipv6 ? "86dd" : "0800");
        expected +=
            ipv6 ? std::string(row.ipv6) + kIpv6Addresses + row.over_ipv6 : std::string(row.ipv4) + row.over_ipv4;
        const Bytes copy = CopyOf(SpecOf(row.kind, ipv6, tagged, row.platform_subheader), inner, CutTaggedInfo(inner));
        EXPECT_EQ(Hex(copy), expected + Hex(inner)) << row.name << (ipv6 ? " IPv6" : " IPv4") << " tag " << tagged;
      }
    }
  }
}

TEST(Write, SaysNothingOfAnUntaggedWholeFrame) {
  const Bytes inner = Ethernet().Ipv4().Udp().Build();
  CopyInfo copy = InfoOf(inner);
  copy.tci = 0xffff;  // means nothing without `tagged`
  EXPECT_EQ(Hex(CopyOf(SpecOf(Kind::kErspan2, false, false), inner, copy)).substr(84, 16), "100002aa000abcde");
  EXPECT_EQ(Hex(CopyOf(SpecOf(Kind::kErspan3, false, false), inner, copy)).substr(84, 8), "200002aa");
  EXPECT_EQ(Hex(CopyOf(SpecOf(Kind::kGeneve, false, false), inner, copy)).substr(108, 8), "0bcd8000");
}

TEST(Write, TakesVlanAndPriorityButNotDropEligibleFromTheTag) {
  const Bytes inner = TaggedFrame();
  CopyInfo copy = InfoOf(inner);
  copy.tagged = true;
  copy.tci = 0xffff;  // priority 7, drop eligible, VLAN 4095
  EXPECT_EQ(Hex(CopyOf(SpecOf(Kind::kErspan2, false, false), inner, copy)).substr(84, 8), "1ffffaaa");
  copy.tci = 0x1001;  // priority 0, drop eligible, VLAN 1
  EXPECT_EQ(Hex(CopyOf(SpecOf(Kind::kErspan2, false, false), inner, copy)).substr(84, 8), "10011aaa");
  EXPECT_EQ(Hex(CopyOf(SpecOf(Kind::kErspan3, false, false), inner, copy)).substr(84, 8), "200102aa");
}

TEST(Write, SaysCutOnlyWhenCut) {
  const Bytes inner = TaggedFrame();
  CopyInfo copy = InfoOf(inner);
  for (const std::uint32_t longer : std::vector<std::uint32_t>{0, 1, 100'000}) {
    copy.original_bytes = static_cast<std::uint32_t>(inner.size()) + longer;
    for (const Kind kind : {Kind::kErspan2, Kind::kErspan3}) {
      EXPECT_EQ((CopyOf(SpecOf(kind, false, false), inner, copy)[44] & 0x04) != 0, longer > 0);
    }
    EXPECT_EQ((CopyOf(SpecOf(Kind::kGeneve, false, false), inner, copy)[56] & 0x40) != 0, longer > 0);
  }
}

TEST(Write, SaysIngressOfWhatComesIn) {
  const Bytes inner = TaggedFrame();
  TemplateSpec spec = SpecOf(Kind::kErspan3, false, false);
  spec.egress = false;
  EXPECT_EQ(Hex(CopyOf(spec, inner, InfoOf(inner))).substr(100, 8), "000082a0");
  spec.kind = Kind::kGeneve;
  EXPECT_EQ(Hex(CopyOf(spec, inner, InfoOf(inner))).substr(108, 8), "0bcd0000");
}

TEST(Write, LetsThe100MicrosecondClockWrap) {
  const Bytes inner = TaggedFrame();
  CopyInfo copy = InfoOf(inner);
  copy.time_ns = 0x100000000ULL * 100'000 + 7 * 100'000 + 99'999;
  EXPECT_EQ(Hex(CopyOf(SpecOf(Kind::kErspan3, false, false), inner, copy)).substr(92, 8), "00000007");
}

TEST(Write, TouchesNothingBehindTheHeader) {
  for (const Row& row : kRows) {
    for (const bool ipv6 : {false, true}) {
      for (const bool tagged : {false, true}) {
        const Template t = BuildTemplate(SpecOf(row.kind, ipv6, tagged, row.platform_subheader)).value();
        Bytes room(t.length + 128U, 0xa5);
        Write(t, InfoOf(Bytes(60)), room.data() + 64);
        EXPECT_EQ(Hex(std::span(room).first(64)), Hex(Bytes(64, 0xa5))) << row.name;
        EXPECT_EQ(Hex(std::span(room).last(64)), Hex(Bytes(64, 0xa5))) << row.name;
      }
    }
  }
}

// ---- plain copies

TEST(Write, LeavesPlainCopyAlone) {
  TemplateSpec spec;
  spec.kind = Kind::kNone;
  const Bytes inner = TaggedFrame();
  EXPECT_EQ(CopyOf(spec, inner, InfoOf(inner)), inner);
}

TEST(Write, PutsTheTagBehindTheMacs) {
  TemplateSpec spec;
  spec.kind = Kind::kVlan;
  spec.vlan_id = 200;
  for (const Bytes& inner : {Ethernet().Ipv4().Udp().Build(), TaggedFrame(), Ethernet({.next = 0x88cc}).Build()}) {
    const std::string text = Hex(inner);
    EXPECT_EQ(Hex(CopyOf(spec, inner, InfoOf(inner))), text.substr(0, 24) + "810000c8" + text.substr(24));
  }
}

// ---- checksums

// RFC 1071, word by word, of a whole region that has its checksum in it: 0xffff when it is right.
std::uint32_t SumOf(std::span<const std::uint8_t> bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8 : bytes[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

std::uint32_t UdpSum(const Bytes& frame, std::size_t ip, bool ipv6) {
  const std::size_t udp = ip + (ipv6 ? 40 : 20);
  const auto length = static_cast<std::uint32_t>(frame.size() - udp);
  const std::uint32_t addresses = SumOf(std::span(frame).subspan(ipv6 ? ip + 8 : ip + 12, ipv6 ? 32 : 8), 17 + length);
  return SumOf(std::span(frame).subspan(udp), addresses);
}

TEST(Write, GivesRightChecksumsForAnyCopy) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 4000; ++round) {
    const Kind kind = round % 2 == 0 ? Kind::kVxlan : Kind::kGeneve;
    const bool ipv6 = round % 4 < 2;
    TemplateSpec spec = SpecOf(kind, ipv6, round % 8 < 4);
    spec.udp_checksum = true;
    spec.tunnel_id = static_cast<std::uint32_t>(random() & 0xffffff);
    spec.dscp = random() & 63;
    spec.ttl = static_cast<std::uint8_t>(1 + random() % 255);
    for (std::size_t i = 0; i < (ipv6 ? 16U : 4U); ++i) spec.source.bytes[i] = static_cast<std::uint8_t>(random() | 1);
    Bytes inner(14 + random() % 1500);
    for (auto& byte : inner) byte = static_cast<std::uint8_t>(random());
    CopyInfo copy = InfoOf(inner);
    copy.original_bytes += static_cast<std::uint32_t>(random() % 2);
    copy.flow_hash = static_cast<std::uint32_t>(random());
    copy.time_ns = random();
    copy.rule = static_cast<std::uint32_t>(random());
    const Bytes frame = CopyOf(spec, inner, copy);
    const std::size_t ip = spec.vlan_id ? 18 : 14;
    ASSERT_EQ(UdpSum(frame, ip, ipv6), 0xffffU) << "round " << round;
    if (!ipv6) {
      ASSERT_EQ(SumOf(std::span(frame).subspan(ip, 20)), 0xffffU) << "round " << round;
    }
  }
}

TEST(Write, SendsUdpChecksumOfZeroAsAllOnes) {
  // Inner bytes chosen so that everything sums to 0xffff, whose complement 0 means "no checksum".
  Bytes inner(16);
  const TemplateSpec spec = SpecOf(Kind::kVxlan, true, false);
  const Bytes before = CopyOf(spec, inner, InfoOf(inner));
  inner[14] = before[60];
  inner[15] = before[61];
  const Bytes frame = CopyOf(spec, inner, InfoOf(inner));
  EXPECT_EQ(Hex(std::span(frame).subspan(60, 2)), "ffff");
  EXPECT_EQ(UdpSum(frame, 14, true), 0xffffU);
}

TEST(Write, LeavesUdpChecksumZeroUnlessAsked) {
  const Bytes inner = TaggedFrame();
  for (const Kind kind : {Kind::kVxlan, Kind::kGeneve}) {
    for (const bool ipv6 : {false, true}) {
      TemplateSpec spec = SpecOf(kind, ipv6, false);
      spec.udp_checksum = false;
      const Bytes frame = CopyOf(spec, inner, InfoOf(inner));
      EXPECT_EQ(Hex(std::span(frame).subspan(ipv6 ? 60 : 40, 2)), "0000");
    }
  }
}

TEST(PayloadSum, EqualsWordByWordSum) {
  std::mt19937_64 random(4);
  for (std::size_t bytes = 0; bytes < 300; ++bytes) {
    Bytes data(bytes);
    for (auto& byte : data) byte = bytes % 3 == 0 ? 0xff : static_cast<std::uint8_t>(random());
    const auto initial = static_cast<std::uint16_t>(random());
    EXPECT_EQ(PayloadSum(data, initial) % 0xffff, SumOf(data, initial) % 0xffff) << bytes;
  }
  EXPECT_EQ(PayloadSum(Bytes(65536, 0xff)), 0xffff);
  EXPECT_EQ(PayloadSum({}), 0);
}

TEST(PayloadSum, ChainsOverEvenSegments) {
  Bytes data(1001);
  std::mt19937_64 random(5);
  for (auto& byte : data) byte = static_cast<std::uint8_t>(random());
  const std::span<const std::uint8_t> whole(data);
  for (std::size_t split = 0; split <= data.size(); split += 2) {
    EXPECT_EQ(PayloadSum(whole.subspan(split), PayloadSum(whole.first(split))), PayloadSum(whole)) << split;
  }
}

// ---- entropy

TEST(Write, KeepsSourcePortInTheDynamicRangeAndUsesAllOfIt) {
  const Template t = BuildTemplate(SpecOf(Kind::kVxlan, false, false)).value();
  std::vector<bool> seen(65536);
  Bytes out(t.length);
  CopyInfo copy;
  copy.inner_bytes = 60;
  for (std::uint32_t i = 0; i < 0x8000; ++i) {
    copy.flow_hash = i * 0x9e3779b1;
    Write(t, copy, out.data());
    const unsigned port = unsigned{out[34]} << 8 | out[35];
    ASSERT_GE(port, 49152U);
    seen[port] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 16384);
}

TEST(Write, GivesBothDirectionsOneSourcePortAndFlowLabel) {
  const Bytes one = Ethernet().Ipv4().Tcp().Build();
  const Bytes other = Ethernet()
                          .Ipv4({.source = "10.0.0.2", .destination = "10.0.0.1"})
                          .Tcp({.source_port = 80, .destination_port = 40000})
                          .Build();
  const TemplateSpec spec = SpecOf(Kind::kVxlan, true, false);
  CopyInfo copy = InfoOf(one);
  copy.flow_hash = packet::SymmetricHash(packet::Parse(one));
  const Bytes there = CopyOf(spec, one, copy);
  copy.flow_hash = packet::SymmetricHash(packet::Parse(other));
  const Bytes back = CopyOf(spec, one, copy);
  EXPECT_EQ(there, back);
}

}  // namespace
}  // namespace heliostat::encap
