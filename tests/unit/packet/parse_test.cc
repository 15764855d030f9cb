// Rows of frames and the keys they must give. Every frame is parsed from a heap buffer of exactly its size, so that a
// sanitizer sees a read past its end.
#include "packet/parse.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "packet/ethernet.h"
#include "packet/ipv4.h"
#include "packet/tcp.h"
#include "support/frame_builder.h"

namespace heliostat::packet {
namespace {

using support::Bytes;
using support::Cut;
using support::Ethernet;

FlowKey ParseExact(const Bytes& frame) {
  const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[frame.size()]);
  std::copy(frame.begin(), frame.end(), exact.get());
  return Parse({exact.get(), frame.size()});
}

FlowKey ExpectedBase(unsigned flags) {
  FlowKey key;
  key.destination_mac = support::Mac("02:00:00:00:00:02");
  key.source_mac = support::Mac("02:00:00:00:00:01");
  key.flags = static_cast<std::uint16_t>(flags);
  return key;
}

void SetIp(FlowKey& key, std::string_view source, std::string_view destination) {
  key.source_ip = support::Ip(source).bytes;
  key.destination_ip = support::Ip(destination).bytes;
}

FlowKey ExpectedIpv4(unsigned flags, std::uint8_t protocol, std::uint8_t l3_offset = 14) {
  FlowKey key = ExpectedBase(flags | FlowKey::kEtherType | FlowKey::kIpv4);
  key.ether_type = kEtherTypeIpv4;
  key.protocol = protocol;
  key.l3_offset = l3_offset;
  SetIp(key, "10.0.0.1", "10.0.0.2");
  return key;
}

FlowKey ExpectedIpv6(unsigned flags, std::uint8_t protocol, std::uint8_t l3_offset = 14) {
  FlowKey key = ExpectedBase(flags | FlowKey::kEtherType | FlowKey::kIpv6);
  key.ether_type = kEtherTypeIpv6;
  key.protocol = protocol;
  key.l3_offset = l3_offset;
  SetIp(key, "2001:db8::1", "2001:db8::2");
  return key;
}

std::string Describe(const FlowKey& key) {
  char text[256];
  std::snprintf(text, sizeof text,
                "flags %03x type %04x vlan %u protocol %u dscp %u ports %u %u tcp %02x icmp %u/%u id %u l3 %u l4 %u",
                key.flags, key.ether_type, key.vlan_id, key.protocol, key.dscp, key.source_port, key.destination_port,
                key.tcp_flags, key.icmp_type, key.icmp_code, key.icmp_identifier, key.l3_offset, key.l4_offset);
  return text;
}

void ExpectKey(const Bytes& frame, const FlowKey& expected) {
  const FlowKey key = ParseExact(frame);
  EXPECT_TRUE(key == expected) << "got  " << Describe(key) << "\nwant " << Describe(expected);
}

constexpr unsigned kPorts = FlowKey::kSourcePort | FlowKey::kDestinationPort;

TEST(Parse, GivesOnlyRuntBelow14Bytes) {
  const Bytes frame = Ethernet().Ipv4().Udp().Build();
  for (std::size_t bytes = 0; bytes < 14; ++bytes) {
    FlowKey expected;
    expected.flags = FlowKey::kRunt;
    ExpectKey(Cut(frame, bytes), expected);
  }
}

TEST(Parse, GivesEtherTypeOfBareHeader) {
  FlowKey expected = ExpectedBase(FlowKey::kEtherType);
  expected.ether_type = 0x88cc;
  ExpectKey(Ethernet({.next = 0x88cc}).Build(), expected);
}

TEST(Parse, TakesLengthForNoEtherType) {
  ExpectKey(Ethernet().Llc().Build(), ExpectedBase(0));
  ExpectKey(Ethernet({.next = 0x05ff}).Build(), ExpectedBase(0));
  FlowKey smallest = ExpectedBase(FlowKey::kEtherType);
  smallest.ether_type = 0x0600;
  ExpectKey(Ethernet({.next = 0x0600}).Build(), smallest);
  FlowKey tagged = ExpectedBase(FlowKey::kTagged);
  tagged.vlan_id = 7;
  ExpectKey(Ethernet().Vlan(7).Llc().Build(), tagged);
}

TEST(Parse, GivesArpItsEtherTypeOnly) {
  FlowKey expected = ExpectedBase(FlowKey::kEtherType);
  expected.ether_type = kEtherTypeArp;
  ExpectKey(Ethernet().Arp().Build(), expected);
}

TEST(Parse, GivesTcpOverIpv4) {
  FlowKey expected = ExpectedIpv4(kPorts | FlowKey::kTcpFlags, kProtocolTcp);
  expected.dscp = 46;
  expected.source_port = 1234;
  expected.destination_port = 443;
  expected.tcp_flags = 0xc2;
  expected.l4_offset = 34;
  ExpectKey(Ethernet()
                .Ipv4({.dscp = 46})
                .Tcp({.source_port = 1234, .destination_port = 443, .flags = 0xc2})
                .Payload(20)
                .Build(),
            expected);
}

TEST(Parse, GivesUdpAndSctpOverIpv6) {
  FlowKey expected = ExpectedIpv6(kPorts, kProtocolUdp);
  expected.dscp = 63;
  expected.source_port = 5353;
  expected.destination_port = 53;
  expected.l4_offset = 54;
  ExpectKey(Ethernet().Ipv6({.dscp = 63, .flow_label = 0xfffff}).Udp({.source_port = 5353}).Build(), expected);
  expected.protocol = kProtocolSctp;
  expected.dscp = 0;
  expected.destination_port = 3868;
  ExpectKey(Ethernet().Ipv6().Sctp({.source_port = 5353}).Build(), expected);
}

TEST(Parse, GivesIcmpEchoItsIdentifier) {
  for (const std::uint8_t type : std::vector<std::uint8_t>{0, 8}) {
    FlowKey expected = ExpectedIpv4(FlowKey::kIcmpType | FlowKey::kIcmpCode | FlowKey::kIcmpEcho, kProtocolIcmp);
    expected.icmp_type = type;
    expected.icmp_identifier = 0x1234;
    expected.l4_offset = 34;
    ExpectKey(Ethernet().Ipv4().Icmp({.type = type, .identifier = 0x1234}).Build(), expected);
  }
  for (const std::uint8_t type : std::vector<std::uint8_t>{128, 129}) {
    FlowKey expected = ExpectedIpv6(FlowKey::kIcmpType | FlowKey::kIcmpCode | FlowKey::kIcmpEcho, kProtocolIcmpv6);
    expected.icmp_type = type;
    expected.icmp_identifier = 0x1234;
    expected.l4_offset = 54;
    ExpectKey(Ethernet().Ipv6().Icmpv6({.type = type, .identifier = 0x1234}).Build(), expected);
  }
}

TEST(Parse, GivesOtherIcmpNoIdentifier) {
  FlowKey expected = ExpectedIpv4(FlowKey::kIcmpType | FlowKey::kIcmpCode, kProtocolIcmp);
  expected.icmp_type = 3;
  expected.icmp_code = 4;
  expected.l4_offset = 34;
  ExpectKey(Ethernet().Ipv4().Icmp({.type = 3, .code = 4, .identifier = 77}).Build(), expected);
  FlowKey echo_type_of_v6_in_v4 = expected;
  echo_type_of_v6_in_v4.icmp_type = 128;
  echo_type_of_v6_in_v4.icmp_code = 0;
  ExpectKey(Ethernet().Ipv4().Icmp({.type = 128, .identifier = 77}).Build(), echo_type_of_v6_in_v4);
}

TEST(Parse, TakesIcmpOfTheOtherFamilyForNoIcmp) {
  FlowKey v4 = ExpectedIpv4(0, kProtocolIcmpv6);
  v4.l4_offset = 34;
  ExpectKey(Ethernet().Ipv4({.next = kProtocolIcmpv6}).Icmpv6().Build(), v4);
  FlowKey v6 = ExpectedIpv6(0, kProtocolIcmp);
  v6.l4_offset = 54;
  ExpectKey(Ethernet().Ipv6({.next = kProtocolIcmp}).Icmp().Build(), v6);
}

TEST(Parse, GivesOtherProtocolsNoPorts) {
  for (const std::uint8_t protocol : std::vector<std::uint8_t>{2, 4, 33, 47, 50, 51, 112, 136, 255}) {
    FlowKey expected = ExpectedIpv4(0, protocol);
    expected.l4_offset = 34;
    ExpectKey(Ethernet().Ipv4({.next = protocol}).Payload(40).Build(), expected);
  }
}

TEST(Parse, StepsOverOneOrTwoTagsOfAnyTpid) {
  for (const std::uint16_t outer : std::vector<std::uint16_t>{0x8100, 0x88a8, 0x9100}) {
    FlowKey expected = ExpectedIpv4(FlowKey::kTagged | kPorts, kProtocolUdp, 18);
    expected.vlan_id = 4095;
    expected.source_port = 40000;
    expected.destination_port = 53;
    expected.l4_offset = 38;
    ExpectKey(Ethernet().Vlan({.id = 4095, .priority = 7, .tpid = outer, .drop_eligible = true}).Ipv4().Udp().Build(),
              expected);
    for (const std::uint16_t inner : std::vector<std::uint16_t>{0x8100, 0x88a8, 0x9100}) {
      expected.l3_offset = 22;
      expected.l4_offset = 42;
      ExpectKey(Ethernet().Vlan({.id = 4095, .tpid = outer}).Vlan({.id = 5, .tpid = inner}).Ipv4().Udp().Build(),
                expected);
    }
  }
}

TEST(Parse, StopsAtThirdTag) {
  FlowKey expected = ExpectedBase(FlowKey::kTagged | FlowKey::kEtherType);
  expected.vlan_id = 1;
  expected.ether_type = 0x9100;
  ExpectKey(Ethernet().Vlan(1).Vlan(2).Vlan({.id = 3, .tpid = 0x9100}).Ipv4().Udp().Build(), expected);
}

TEST(Parse, GivesVlanIdOfCutTag) {
  const Bytes one = Ethernet().Vlan(9).Ipv4().Udp().Build();
  const Bytes two = Ethernet().Vlan(9).Vlan(8).Ipv4().Udp().Build();
  FlowKey tagged = ExpectedBase(FlowKey::kTagged);
  tagged.vlan_id = 9;
  for (const std::size_t bytes : {14U, 15U}) ExpectKey(Cut(one, bytes), ExpectedBase(0));
  for (const std::size_t bytes : {16U, 17U}) ExpectKey(Cut(one, bytes), tagged);
  for (const std::size_t bytes : {18U, 19U, 20U, 21U}) ExpectKey(Cut(two, bytes), tagged);
  tagged.flags |= FlowKey::kEtherType;
  tagged.ether_type = kEtherTypeIpv4;
  ExpectKey(Cut(one, 18), tagged);
  ExpectKey(Cut(two, 22), tagged);
}

TEST(Parse, NeedsTheRightVersion) {
  FlowKey v4 = ExpectedBase(FlowKey::kEtherType);
  v4.ether_type = kEtherTypeIpv4;
  FlowKey v6 = ExpectedBase(FlowKey::kEtherType);
  v6.ether_type = kEtherTypeIpv6;
  for (unsigned version = 0; version < 16; ++version) {
    const auto nibble = static_cast<std::uint8_t>(version);
    if (version != 4) ExpectKey(Ethernet().Ipv4({.version = nibble}).Udp().Payload(40).Build(), v4);
    if (version != 6) ExpectKey(Ethernet().Ipv6({.version = nibble}).Udp().Payload(40).Build(), v6);
  }
}

TEST(Parse, GivesNoL4BehindBadIpv4HeaderLength) {
  for (std::uint8_t words = 0; words < 5; ++words) {
    ExpectKey(Ethernet().Ipv4({.header_words = words}).Udp().Payload(40).Build(), ExpectedIpv4(0, kProtocolUdp));
  }
  ExpectKey(Ethernet().Ipv4({.header_words = 15}).Udp().Payload(32).Build(), ExpectedIpv4(0, kProtocolUdp));
  // 60 bytes of header, then two bytes of the payload in the place of the source port.
  FlowKey expected = ExpectedIpv4(FlowKey::kSourcePort, kProtocolUdp);
  expected.l4_offset = 74;
  expected.source_port = 0x2021;
  ExpectKey(Ethernet().Ipv4({.header_words = 15}).Udp().Payload(34).Build(), expected);
}

TEST(Parse, StepsOverIpv4Options) {
  for (std::size_t words = 1; words <= 10; ++words) {
    FlowKey expected = ExpectedIpv4(kPorts, kProtocolUdp);
    expected.source_port = 40000;
    expected.destination_port = 53;
    expected.l4_offset = static_cast<std::uint16_t>(34 + 4 * words);
    ExpectKey(Ethernet().Ipv4({.options = Bytes(4 * words, 1)}).Udp().Build(), expected);
  }
}

TEST(Parse, KeepsPortsOfFirstIpv4Fragment) {
  FlowKey expected = ExpectedIpv4(FlowKey::kFragment | kPorts | FlowKey::kTcpFlags, kProtocolTcp);
  expected.source_port = 40000;
  expected.destination_port = 80;
  expected.tcp_flags = kTcpAck;
  expected.l4_offset = 34;
  ExpectKey(Ethernet().Ipv4({.more_fragments = true}).Tcp().Build(), expected);
}

constexpr unsigned kLater = FlowKey::kFragment | FlowKey::kLaterFragment;

TEST(Parse, GivesNoPortsToLaterFragment) {
  for (const std::uint16_t offset : std::vector<std::uint16_t>{1, 0x1000, 0x1fff}) {
    for (const bool more : {false, true}) {
      ExpectKey(Ethernet().Ipv4({.more_fragments = more, .fragment_offset = offset}).Tcp().Build(),
                ExpectedIpv4(kLater, kProtocolTcp));
    }
  }
}

TEST(Parse, TakesDontFragmentForNoFragment) {
  EXPECT_FALSE(ParseExact(Ethernet().Ipv4({.dont_fragment = true}).Udp().Build()).Has(FlowKey::kFragment));
}

TEST(Parse, GivesFragmentedEchoNoIdentifier) {
  FlowKey v4 = ExpectedIpv4(FlowKey::kFragment | FlowKey::kIcmpType | FlowKey::kIcmpCode, kProtocolIcmp);
  v4.icmp_type = 8;
  v4.l4_offset = 34;
  ExpectKey(Ethernet().Ipv4({.more_fragments = true}).Icmp().Build(), v4);
  FlowKey v6 = ExpectedIpv6(FlowKey::kFragment | FlowKey::kIcmpType | FlowKey::kIcmpCode, kProtocolIcmpv6);
  v6.icmp_type = 128;
  v6.l4_offset = 62;
  ExpectKey(Ethernet().Ipv6().Fragment({.more = true}).Icmpv6().Build(), v6);
}

// ---- cut at every length

struct CutRow {
  const char* name;
  Bytes frame;
  std::size_t l3 = 14;
  std::size_t l4 = 34;
};

// Flags that an L4 header of `protocol`, of which `bytes` are there, must have.
unsigned L4Flags(std::uint8_t protocol, std::size_t bytes) {
  unsigned flags = 0;
  const bool ports = protocol == kProtocolTcp || protocol == kProtocolUdp || protocol == kProtocolSctp;
  const bool icmp = protocol == kProtocolIcmp || protocol == kProtocolIcmpv6;
  if (ports && bytes >= 2) flags |= FlowKey::kSourcePort;
  if (ports && bytes >= 4) flags |= FlowKey::kDestinationPort;
  if (protocol == kProtocolTcp && bytes >= 14) flags |= FlowKey::kTcpFlags;
  if (icmp && bytes >= 1) flags |= FlowKey::kIcmpType;
  if (icmp && bytes >= 2) flags |= FlowKey::kIcmpCode;
  if (icmp && bytes >= 6) flags |= FlowKey::kIcmpEcho;
  return flags;
}

TEST(Parse, GivesFieldsExactlyWhenWhole) {
  const std::vector<CutRow> rows = {
      {"tcp4", Ethernet().Ipv4().Tcp().Payload(8).Build()},
      {"udp4", Ethernet().Ipv4().Udp().Build()},
      {"sctp4", Ethernet().Ipv4().Sctp().Build()},
      {"icmp4", Ethernet().Ipv4().Icmp().Build()},
      {"options", Ethernet().Ipv4({.options = Bytes(12, 1)}).Tcp().Build(), 14, 46},
      {"tagged", Ethernet().Vlan(3).Ipv4().Tcp().Build(), 18, 38},
      {"twice tagged", Ethernet().Vlan(3).Vlan(4).Ipv4().Tcp().Build(), 22, 42},
      {"tcp6", Ethernet().Ipv6().Tcp().Build(), 14, 54},
      {"udp6", Ethernet().Vlan(3).Ipv6().Udp().Build(), 18, 58},
      {"icmp6", Ethernet().Vlan(3).Vlan(4).Ipv6().Icmpv6().Build(), 22, 62},
      {"sctp6", Ethernet().Ipv6().Sctp().Build(), 14, 54},
  };
  for (const CutRow& row : rows) {
    const FlowKey whole = ParseExact(row.frame);
    const std::size_t ip_bytes = whole.Has(FlowKey::kIpv4) ? 20 : 40;
    for (std::size_t bytes = 14; bytes <= row.frame.size(); ++bytes) {
      SCOPED_TRACE(std::string(row.name) + " cut to " + std::to_string(bytes));
      FlowKey want;  // from the whole key, field by field, by what the length allows
      want.destination_mac = whole.destination_mac;
      want.source_mac = whole.source_mac;
      unsigned flags = 0;
      if (row.l3 > 14 && bytes >= 16) flags |= FlowKey::kTagged, want.vlan_id = whole.vlan_id;
      if (bytes >= row.l3) flags |= FlowKey::kEtherType, want.ether_type = whole.ether_type;
      if (bytes >= row.l3 + ip_bytes) {
        flags |= whole.flags & (FlowKey::kIpv4 | FlowKey::kIpv6);
        want.protocol = whole.protocol;
        want.source_ip = whole.source_ip;
        want.destination_ip = whole.destination_ip;
        want.l3_offset = static_cast<std::uint8_t>(row.l3);
      }
      if (bytes > row.l4) {
        want.l4_offset = static_cast<std::uint16_t>(row.l4);
        flags |= L4Flags(whole.protocol, bytes - row.l4);
      }
      want.flags = static_cast<std::uint16_t>(flags);
      if (want.Has(FlowKey::kSourcePort)) want.source_port = whole.source_port;
      if (want.Has(FlowKey::kDestinationPort)) want.destination_port = whole.destination_port;
      if (want.Has(FlowKey::kTcpFlags)) want.tcp_flags = whole.tcp_flags;
      if (want.Has(FlowKey::kIcmpType)) want.icmp_type = whole.icmp_type;
      if (want.Has(FlowKey::kIcmpCode)) want.icmp_code = whole.icmp_code;
      if (want.Has(FlowKey::kIcmpEcho)) want.icmp_identifier = whole.icmp_identifier;
      ExpectKey(Cut(row.frame, bytes), want);
    }
  }
}

// ---- IPv6 extension headers

FlowKey ExpectedUdp6(std::size_t l4_offset, unsigned flags = 0) {
  FlowKey key = ExpectedIpv6(flags | kPorts, kProtocolUdp);
  key.source_port = 40000;
  key.destination_port = 53;
  key.l4_offset = static_cast<std::uint16_t>(l4_offset);
  return key;
}

TEST(Parse, StepsOverEachIpv6ExtensionHeader) {
  ExpectKey(Ethernet().Ipv6().HopByHop(16).Udp().Build(), ExpectedUdp6(54 + 16));
  ExpectKey(Ethernet().Ipv6().Routing(24).Udp().Build(), ExpectedUdp6(54 + 24));
  ExpectKey(Ethernet().Ipv6().DestinationOptions(8).Udp().Build(), ExpectedUdp6(54 + 8));
  ExpectKey(Ethernet().Ipv6().Mobility(8).Udp().Build(), ExpectedUdp6(54 + 8));
  ExpectKey(Ethernet().Ipv6().Authentication(24).Udp().Build(), ExpectedUdp6(54 + 24));
  ExpectKey(Ethernet().Ipv6().Authentication(12).Udp().Build(), ExpectedUdp6(54 + 12));
}

TEST(Parse, StepsOverAtMostEightExtensionHeaders) {
  for (std::size_t headers = 0; headers <= 9; ++headers) {
    auto builder = Ethernet().Ipv6();
    for (std::size_t i = 0; i < headers; ++i) builder.DestinationOptions();
    FlowKey expected = ExpectedUdp6(54 + 8 * headers);
    if (headers == 9) {
      expected = ExpectedIpv6(0, kProtocolDestinationOptions);
      expected.l4_offset = 54 + 64;
    }
    ExpectKey(builder.Udp().Build(), expected);
  }
}

TEST(Parse, StepsOverAtMost512BytesOfExtensionHeaders) {
  ExpectKey(Ethernet().Ipv6().DestinationOptions(504).HopByHop(8).Udp().Build(), ExpectedUdp6(54 + 512));
  FlowKey stopped = ExpectedIpv6(0, kProtocolHopByHop);
  stopped.l4_offset = 54 + 504;
  ExpectKey(Ethernet().Ipv6().DestinationOptions(504).HopByHop(16).Udp().Build(), stopped);
  FlowKey at_once = ExpectedIpv6(0, kProtocolRouting);
  at_once.l4_offset = 54;
  ExpectKey(Ethernet().Ipv6().Routing(520).Udp().Build(), at_once);
  FlowKey by_four = ExpectedIpv6(0, kProtocolAuthentication);
  by_four.l4_offset = 54 + 504;
  ExpectKey(Ethernet().Ipv6().DestinationOptions(504).Authentication(12).Udp().Build(), by_four);
}

TEST(Parse, StopsAtExtensionHeaderThatIsCut) {
  const Bytes frame = Ethernet().Ipv6().HopByHop(16).Routing(24).Udp().Build();
  for (std::size_t bytes = 54; bytes < 94; ++bytes) {
    SCOPED_TRACE(bytes);
    const std::size_t header = bytes < 70 ? 54 : 70;
    FlowKey expected = ExpectedIpv6(0, bytes < 70 ? kProtocolHopByHop : kProtocolRouting);
    expected.l4_offset = static_cast<std::uint16_t>(bytes > header ? header : 0);
    ExpectKey(Cut(frame, bytes), expected);
  }
  ExpectKey(Cut(frame, 94), ExpectedIpv6(0, kProtocolUdp));
  ExpectKey(frame, ExpectedUdp6(94));
}

TEST(Parse, TakesAtomicFragmentForWhole) { ExpectKey(Ethernet().Ipv6().Fragment().Udp().Build(), ExpectedUdp6(62)); }

TEST(Parse, KeepsPortsOfFirstIpv6Fragment) {
  ExpectKey(Ethernet().Ipv6().Fragment({.more = true}).Udp().Build(), ExpectedUdp6(62, FlowKey::kFragment));
  ExpectKey(Ethernet().Ipv6().HopByHop().Fragment({.more = true}).DestinationOptions().Udp().Build(),
            ExpectedUdp6(78, FlowKey::kFragment));
}

TEST(Parse, ReadsNothingBehindLaterIpv6Fragment) {
  ExpectKey(Ethernet().Ipv6().Fragment({.offset = 1}).Udp().Build(), ExpectedIpv6(kLater, kProtocolUdp));
  // What looks like a header there is payload: the protocol is the fragment's next header, an extension or not.
  ExpectKey(Ethernet().Ipv6().Fragment({.offset = 0x1fff, .more = true}).DestinationOptions().Udp().Build(),
            ExpectedIpv6(kLater, kProtocolDestinationOptions));
  ExpectKey(Ethernet().Ipv6().Fragment({.offset = 5, .next = kProtocolFragment}).Payload(16).Build(),
            ExpectedIpv6(kLater, kProtocolFragment));
}

TEST(Parse, RemembersFragmentAcrossRepeatedFragmentHeaders) {
  ExpectKey(Ethernet().Ipv6().Fragment({.more = true}).Fragment().Udp().Build(), ExpectedUdp6(70, FlowKey::kFragment));
}

TEST(Parse, IgnoresLengthByteOfFragmentHeader) {
  Bytes frame = Ethernet().Ipv6().Fragment().Udp().Build();
  frame[55] = 0xff;
  ExpectKey(frame, ExpectedUdp6(62));
}

TEST(Parse, StopsAtNoNextHeader) {
  ExpectKey(Ethernet().Ipv6().NoNextHeader().Build(), ExpectedIpv6(0, kProtocolNoNextHeader));
  ExpectKey(Ethernet().Ipv6().HopByHop().NoNextHeader().Build(), ExpectedIpv6(0, kProtocolNoNextHeader));
}

TEST(Parse, StopsAtEsp) {
  FlowKey expected = ExpectedIpv6(0, kProtocolEsp);
  expected.l4_offset = 54;
  ExpectKey(Ethernet().Ipv6({.next = kProtocolEsp}).Payload(40).Build(), expected);
}

TEST(Parse, WalksNoExtensionHeadersInIpv4) {
  FlowKey expected = ExpectedIpv4(0, kProtocolAuthentication);
  expected.l4_offset = 34;
  ExpectKey(Ethernet().Ipv4().Authentication().Udp().Build(), expected);
}

// ---- lengths that lie

TEST(Parse, BelievesNoLengthField) {
  for (const std::uint16_t length : std::vector<std::uint16_t>{0, 1, 19, 20, 21, 65535}) {
    FlowKey v4 = ExpectedIpv4(kPorts, kProtocolUdp);
    v4.source_port = 40000;
    v4.destination_port = 53;
    v4.l4_offset = 34;
    ExpectKey(Ethernet().Ipv4({.total_length = length}).Udp({.length = length}).Payload(8).Build(), v4);
    ExpectKey(Ethernet().Ipv6({.payload_length = length}).Udp({.length = length}).Payload(8).Build(), ExpectedUdp6(54));
  }
}

TEST(Parse, GivesSameKeyFromFirstBytes) {
  const std::vector<Bytes> frames = {
      Ethernet().Vlan(1).Vlan(2).Ipv6().DestinationOptions(504).HopByHop(8).Tcp().Payload(1400).Build(),
      Ethernet().Ipv6().Routing(2000).Tcp().Payload(1400).Build(),
      Ethernet().Ipv4({.options = Bytes(40, 1)}).Tcp().Payload(1400).Build(),
  };
  for (const Bytes& frame : frames) ExpectKey(Cut(frame, kMaxParseBytes), ParseExact(frame));
  // The deepest field there can be is inside the bound.
  EXPECT_TRUE(ParseExact(Cut(frames[0], kMaxParseBytes)).Has(FlowKey::kTcpFlags));
}

TEST(Parse, OverwritesWhatTheKeyHeld) {
  FlowKey key;
  std::memset(static_cast<void*>(&key), 0xff, sizeof key);
  const Bytes frame = Ethernet().Arp().Build();
  ParseInto(frame, key);
  EXPECT_TRUE(key == ParseExact(frame));
}

}  // namespace
}  // namespace heliostat::packet
