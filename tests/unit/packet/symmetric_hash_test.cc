#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <set>
#include <vector>

#include "packet/parse.h"
#include "support/frame_builder.h"

namespace heliostat::packet {
namespace {

using support::Bytes;
using support::Ethernet;
using support::Mac;

std::uint32_t HashOf(const Bytes& frame) { return SymmetricHash(Parse(frame)); }

// The key of the answer to the packet of `key`.
FlowKey Reversed(FlowKey key) {
  std::swap(key.source_mac, key.destination_mac);
  std::swap(key.source_ip, key.destination_ip);
  std::swap(key.source_port, key.destination_port);
  return key;
}

FlowKey RandomTcpKey(std::mt19937_64& random, bool ipv6) {
  FlowKey key = Parse(ipv6 ? Ethernet().Ipv6().Tcp().Build() : Ethernet().Ipv4().Tcp().Build());
  for (std::size_t i = 0; i < (ipv6 ? 16U : 4U); ++i) {
    key.source_ip[i] = static_cast<std::uint8_t>(random());
    key.destination_ip[i] = static_cast<std::uint8_t>(random());
  }
  key.source_port = static_cast<std::uint16_t>(random());
  key.destination_port = static_cast<std::uint16_t>(random());
  return key;
}

TEST(SymmetricHash, IsTheSameForBothDirections) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const FlowKey key = RandomTcpKey(random, i % 2 == 0);
    EXPECT_EQ(SymmetricHash(key), SymmetricHash(Reversed(key)));
  }
  const FlowKey arp = Parse(Ethernet().Arp().Build());
  EXPECT_EQ(SymmetricHash(arp), SymmetricHash(Reversed(arp)));
}

TEST(SymmetricHash, TellsPortsOfTheTwoEndsApart) {
  // The same addresses with the two ports the other way round are another flow.
  const auto one = HashOf(Ethernet().Ipv4().Tcp({.source_port = 80, .destination_port = 81}).Build());
  const auto other = HashOf(Ethernet().Ipv4().Tcp({.source_port = 81, .destination_port = 80}).Build());
  EXPECT_NE(one, other);
}

TEST(SymmetricHash, IsTheSameForEchoRequestAndReplyOfOneIdentifier) {
  const auto request = HashOf(Ethernet().Ipv4().Icmp({.type = 8, .identifier = 5, .sequence = 1}).Build());
  const auto reply = HashOf(Ethernet()
                                .Ipv4({.source = "10.0.0.2", .destination = "10.0.0.1"})
                                .Icmp({.type = 0, .identifier = 5, .sequence = 9})
                                .Build());
  EXPECT_EQ(request, reply);
  EXPECT_NE(request, HashOf(Ethernet().Ipv4().Icmp({.type = 8, .identifier = 6}).Build()));
  EXPECT_EQ(HashOf(Ethernet().Ipv6().Icmpv6({.type = 128, .identifier = 5}).Build()),
            HashOf(Ethernet()
                       .Ipv6({.source = "2001:db8::2", .destination = "2001:db8::1"})
                       .Icmpv6({.type = 129, .identifier = 5})
                       .Build()));
}

TEST(SymmetricHash, LeavesOtherIcmpToAddressesAndProtocol) {
  EXPECT_EQ(HashOf(Ethernet().Ipv4().Icmp({.type = 3, .code = 1, .identifier = 5}).Build()),
            HashOf(Ethernet().Ipv4().Icmp({.type = 11, .code = 0, .identifier = 6}).Build()));
}

TEST(SymmetricHash, IsTheSameForAllFragmentsOfADatagram) {
  const auto first = HashOf(Ethernet().Ipv4({.more_fragments = true}).Udp().Payload(16).Build());
  for (const std::uint16_t offset : std::vector<std::uint16_t>{3, 77}) {
    EXPECT_EQ(first, HashOf(Ethernet().Ipv4({.fragment_offset = offset, .next = 17}).Payload(16).Build()));
  }
  EXPECT_EQ(HashOf(Ethernet().Ipv4({.more_fragments = true}).Icmp().Build()),
            HashOf(Ethernet().Ipv4({.fragment_offset = 1, .next = 1}).Payload(16).Build()));
}

TEST(SymmetricHash, IsTheSameForAllFragmentsOfAnIpv6DatagramWithOptions) {
  const auto first = HashOf(Ethernet().Ipv6().Fragment({.more = true}).DestinationOptions().Udp().Payload(8).Build());
  const auto later = HashOf(Ethernet().Ipv6().Fragment({.offset = 3, .next = 60}).Payload(16).Build());
  EXPECT_EQ(first, later);
}

TEST(SymmetricHash, SeparatesProtocolsAndNonIp) {
  const std::set<std::uint32_t> hashes = {
      HashOf(Ethernet().Ipv4().Tcp({.source_port = 1, .destination_port = 2}).Build()),
      HashOf(Ethernet().Ipv4().Udp({.source_port = 1, .destination_port = 2}).Build()),
      HashOf(Ethernet().Ipv4().Sctp({.source_port = 1, .destination_port = 2}).Build()),
      HashOf(Ethernet().Ipv4({.next = 47}).Payload(40).Build()),
      HashOf(Ethernet().Ipv4({.next = 50}).Payload(40).Build()),
      HashOf(Ethernet().Arp().Build()),
      HashOf(Ethernet({.next = 0x88cc}).Build()),
      HashOf(Ethernet({.destination = Mac("01:80:c2:00:00:0e"), .next = 0x88cc}).Build()),
      HashOf(Ethernet().Llc().Build()),
  };
  EXPECT_EQ(hashes.size(), 9U);
}

// One flipped bit of the input must flip each bit of the hash in about half of all cases.
TEST(SymmetricHash, SpreadsEachInputBitOverAllOutputBits) {
  std::mt19937_64 random(2);
  constexpr int kKeys = 2000;
  for (const bool ipv6 : {false, true}) {
    const unsigned address_bits = ipv6 ? 128 : 32;
    for (unsigned input_bit = 0; input_bit < address_bits + 16; ++input_bit) {
      std::array<int, 32> flips{};
      for (int i = 0; i < kKeys; ++i) {
        FlowKey key = RandomTcpKey(random, ipv6);
        const std::uint32_t before = SymmetricHash(key);
        if (input_bit < address_bits) {
          key.source_ip[input_bit / 8] ^= static_cast<std::uint8_t>(1U << (input_bit % 8));
        } else {
          key.source_port ^= static_cast<std::uint16_t>(1U << (input_bit - address_bits));
        }
        const std::uint32_t changed = before ^ SymmetricHash(key);
        for (std::size_t bit = 0; bit < 32; ++bit) flips[bit] += (changed >> bit & 1) != 0 ? 1 : 0;
      }
      for (std::size_t bit = 0; bit < 32; ++bit) {
        EXPECT_NEAR(flips[bit], kKeys / 2, 150) << "input bit " << input_bit << " output bit " << bit;
      }
    }
  }
}

// Neighbouring clients of one server, as a load generator makes them: every 8-bit slice of the hash is even.
TEST(SymmetricHash, SpreadsRegularFlowsEvenly) {
  FlowKey key = Parse(Ethernet().Ipv4().Tcp({.destination_port = 443}).Build());
  constexpr int kFlows = 64 * 1024;
  for (unsigned shift = 0; shift <= 24; shift += 8) {
    std::array<int, 256> buckets{};
    for (int flow = 0; flow < kFlows; ++flow) {
      key.source_ip[3] = static_cast<std::uint8_t>(flow);
      key.source_port = static_cast<std::uint16_t>(1024 + flow / 256);
      ++buckets[SymmetricHash(key) >> shift & 0xff];
    }
    double chi_square = 0;
    for (const int count : buckets) chi_square += (count - 256.0) * (count - 256.0) / 256.0;
    EXPECT_LT(chi_square, 255 + 6 * 22.6) << "bits from " << shift;  // six standard deviations above the mean
  }
}

}  // namespace
}  // namespace heliostat::packet
