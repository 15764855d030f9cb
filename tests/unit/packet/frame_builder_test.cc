// The builder of tests/support against frames that scapy made: later tests lean on it.
#include "support/frame_builder.h"

#include <gtest/gtest.h>

#include <string>

namespace heliostat::support {
namespace {

std::string Hex(const Bytes& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

constexpr char kMacs[] = "020000000002020000000001";

TEST(FrameBuilder, WritesTaggedIpv4UdpAsScapyDoes) {
  EXPECT_EQ(Hex(Ethernet().Vlan(100, 3).Ipv4({.dscp = 46}).Udp().Payload(4).Build()),
            std::string(kMacs) + "81006064080045b8002000000000401166130a0000010a0000029c400035000c4d5a00010203");
}

TEST(FrameBuilder, WritesIpv6TcpAsScapyDoes) {
  EXPECT_EQ(Hex(Ethernet().Ipv6().Tcp().Payload("abc").Build()),
            std::string(kMacs) +
                "86dd6000000000170640"
                "20010db800000000000000000000000120010db8000000000000000000000002"
                "9c40005000000001000000005010fffff3680000616263");
}

TEST(FrameBuilder, WritesSctpAsScapyDoes) {
  EXPECT_EQ(Hex(Ethernet().Ipv4().Sctp().Payload("abc").Build()),
            std::string(kMacs) + "08004500002300000000408466550a0000010a0000029c400f1c0000000164588ca5616263");
}

TEST(FrameBuilder, WritesIcmpv6AsScapyDoes) {
  EXPECT_EQ(Hex(Ethernet().Ipv6().Icmpv6().Build()),
            std::string(kMacs) +
                "86dd6000000000083a40"
                "20010db800000000000000000000000120010db8000000000000000000000002"
                "8000244600010001");
}

TEST(FrameBuilder, WritesLengthsFromTheInsideOut) {
  const Bytes inner = Ethernet().Ipv6().Tcp().Payload(3).Build();
  const Bytes outer = Ethernet().Ipv4().Udp({.destination_port = 4789}).Vxlan(7).Payload(inner).Build();
  EXPECT_EQ(outer[16] << 8 | outer[17], static_cast<int>(20 + 8 + 8 + inner.size()));
  EXPECT_EQ(outer[38] << 8 | outer[39], static_cast<int>(8 + 8 + inner.size()));
}

TEST(FrameBuilder, PadsOutsideAllLengths) {
  const Bytes frame = Ethernet().Ipv4().Udp().PadTo(60).Build();
  ASSERT_EQ(frame.size(), 60U);
  EXPECT_EQ(frame[16] << 8 | frame[17], 28);
}

}  // namespace
}  // namespace heliostat::support
