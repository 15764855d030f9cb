#include "rules/loop_guard.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace heliostat::rules {
namespace {

using config::Encapsulation;
using packet::FlowKey;

constexpr std::size_t kL4Offset = 34;
constexpr std::uint32_t kInterface = 3;

CopyIdentity Identity(Encapsulation encapsulation, std::uint32_t id, std::string_view source = "10.9.0.1",
                      std::string_view destination = "10.9.0.2") {
  return {*IpAddress::Parse(source), *IpAddress::Parse(destination), encapsulation, id};
}

struct Frame {
  FlowKey key;
  std::vector<std::uint8_t> bytes;
};

Frame IpFrame(std::uint8_t protocol, std::initializer_list<std::uint8_t> l4, std::string_view source = "10.9.0.1",
              std::string_view destination = "10.9.0.2") {
  Frame frame;
  frame.bytes.assign(kL4Offset, 0);
  frame.bytes.insert(frame.bytes.end(), l4);
  const auto from = *IpAddress::Parse(source);
  frame.key.flags = from.family == IpFamily::kIpv4 ? FlowKey::kIpv4 : FlowKey::kIpv6;
  frame.key.protocol = protocol;
  frame.key.l3_offset = 14;
  frame.key.l4_offset = kL4Offset;
  frame.key.source_ip = from.bytes;
  frame.key.destination_ip = IpAddress::Parse(destination)->bytes;
  return frame;
}

Frame Udp(std::uint16_t port, std::uint32_t vni, std::string_view source = "10.9.0.1",
          std::string_view destination = "10.9.0.2") {
  Frame frame = IpFrame(
      17,
      {0xc0, 0x00, static_cast<std::uint8_t>(port >> 8U), static_cast<std::uint8_t>(port), 0, 16, 0, 0, 0x08, 0, 0, 0,
       static_cast<std::uint8_t>(vni >> 16U), static_cast<std::uint8_t>(vni >> 8U), static_cast<std::uint8_t>(vni), 0},
      source, destination);
  frame.key.flags = static_cast<std::uint16_t>(frame.key.flags | FlowKey::kSourcePort | FlowKey::kDestinationPort);
  frame.key.source_port = 0xc000;
  frame.key.destination_port = port;
  return frame;
}

Frame Erspan1() { return IpFrame(47, {0x00, 0x00, 0x88, 0xbe}); }
Frame Erspan2(std::uint16_t id) {
  return IpFrame(47, {0x10, 0x00, 0x88, 0xbe, 0, 0, 0, 9, 0x10, 0x64, static_cast<std::uint8_t>(0xfc | id >> 8U),
                      static_cast<std::uint8_t>(id), 0, 0, 0, 1});
}
Frame Erspan3(std::uint16_t id) {
  return IpFrame(47, {0x10,
                      0x00,
                      0x22,
                      0xeb,
                      0,
                      0,
                      0,
                      9,
                      0x20,
                      0x64,
                      static_cast<std::uint8_t>(0xfc | id >> 8U),
                      static_cast<std::uint8_t>(id),
                      1,
                      2,
                      3,
                      4,
                      0,
                      0,
                      0x80,
                      0});
}

bool Guarded(const std::vector<CopyIdentity>& copies, const Frame& frame) {
  return LoopGuard(copies, {}).IsOwnCopy(kInterface, frame.key, frame.bytes);
}

TEST(LoopGuard, KnowsACopyByAddressesKindAndTunnelId) {
  const std::vector<CopyIdentity> copies{Identity(Encapsulation::kVxlan, 0xabcdef)};
  EXPECT_TRUE(Guarded(copies, Udp(4789, 0xabcdef)));
  EXPECT_FALSE(Guarded(copies, Udp(4789, 0xabcdee)));
  EXPECT_FALSE(Guarded(copies, Udp(4788, 0xabcdef)));
  EXPECT_FALSE(Guarded(copies, Udp(6081, 0xabcdef))) << "GENEVE";
  EXPECT_FALSE(Guarded(copies, Udp(4789, 0xabcdef, "10.9.0.3"))) << "another VTEP's";
  EXPECT_FALSE(Guarded(copies, Udp(4789, 0xabcdef, "10.9.0.1", "10.9.0.3")));
  EXPECT_FALSE(Guarded(copies, Udp(4789, 0xabcdef, "10.9.0.2", "10.9.0.1"))) << "the way back";
}

TEST(LoopGuard, TellsTheKindsApart) {
  const Frame frames[] = {Udp(4789, 7), Udp(6081, 7), Erspan1(), Erspan2(7), Erspan3(7)};
  const Encapsulation kinds[] = {Encapsulation::kVxlan, Encapsulation::kGeneve, Encapsulation::kErspan1,
                                 Encapsulation::kErspan2, Encapsulation::kErspan3};
  for (std::size_t kind = 0; kind < 5; ++kind) {
    const std::vector<CopyIdentity> copies{Identity(kinds[kind], 7)};
    for (std::size_t frame = 0; frame < 5; ++frame) {
      EXPECT_EQ(Guarded(copies, frames[frame]), kind == frame) << "kind " << kind << ", frame " << frame;
    }
  }
}

TEST(LoopGuard, ComparesTenBitsOfSessionIdAndNoneForTypeOne) {
  EXPECT_TRUE(Guarded({Identity(Encapsulation::kErspan2, 1023)}, Erspan2(1023)));
  EXPECT_FALSE(Guarded({Identity(Encapsulation::kErspan2, 1023)}, Erspan2(767)));
  EXPECT_TRUE(Guarded({Identity(Encapsulation::kErspan1, 5)}, Erspan1()));
}

TEST(LoopGuard, KnowsNoOtherFormOfGre) {
  const std::vector<CopyIdentity> copies{Identity(Encapsulation::kErspan1, 0), Identity(Encapsulation::kErspan2, 7),
                                         Identity(Encapsulation::kErspan3, 7)};
  Frame frame = Erspan2(7);
  frame.bytes[kL4Offset] = 0x30;  // a key, too
  EXPECT_FALSE(Guarded(copies, frame));
  frame = Erspan2(7);
  frame.bytes[kL4Offset + 8] = 0x20;  // Type III's version
  EXPECT_FALSE(Guarded(copies, frame));
  frame = Erspan3(7);
  frame.bytes[kL4Offset] = 0x00;  // no sequence
  EXPECT_FALSE(Guarded(copies, frame));
  EXPECT_FALSE(Guarded(copies, IpFrame(47, {0x00, 0x00, 0x08, 0x00})));
}

TEST(LoopGuard, NeedsTheTunnelHeaderWhole) {
  struct Case {
    CopyIdentity copy;
    Frame frame;
  };
  const Case cases[] = {{Identity(Encapsulation::kVxlan, 7), Udp(4789, 7)},
                        {Identity(Encapsulation::kGeneve, 7), Udp(6081, 7)},
                        {Identity(Encapsulation::kErspan1, 0), Erspan1()},
                        {Identity(Encapsulation::kErspan2, 7), Erspan2(7)},
                        {Identity(Encapsulation::kErspan3, 7), Erspan3(7)}};
  for (const Case& c : cases) {
    const LoopGuard guard({&c.copy, 1}, {});
    EXPECT_TRUE(guard.IsOwnCopy(0, c.frame.key, c.frame.bytes));
    for (std::size_t bytes = 0; bytes < c.frame.bytes.size(); ++bytes) {
      const std::vector<std::uint8_t> cut(c.frame.bytes.begin(),
                                          c.frame.bytes.begin() + static_cast<std::ptrdiff_t>(bytes));
      EXPECT_FALSE(guard.IsOwnCopy(0, c.frame.key, cut)) << bytes;
    }
  }
}

TEST(LoopGuard, PassesOverFragmentsAndHeadersOutOfReach) {
  const std::vector<CopyIdentity> copies{Identity(Encapsulation::kVxlan, 7)};
  Frame fragment = Udp(4789, 7);
  fragment.key.flags = static_cast<std::uint16_t>(fragment.key.flags | FlowKey::kFragment);
  EXPECT_FALSE(Guarded(copies, fragment));
  Frame unreachable = Udp(4789, 7);
  unreachable.key.l4_offset = 0;
  EXPECT_FALSE(Guarded(copies, unreachable));
}

TEST(LoopGuard, KeepsTheFamiliesApart) {
  const std::vector<CopyIdentity> copies{Identity(Encapsulation::kVxlan, 7, "fd00:9::1", "fd00:9::2")};
  EXPECT_TRUE(Guarded(copies, Udp(4789, 7, "fd00:9::1", "fd00:9::2")));
  // The address has the same bytes as an IPv4 identity's.
  EXPECT_FALSE(
      Guarded({Identity(Encapsulation::kVxlan, 7, "10.9.0.1", "10.9.0.2")}, Udp(4789, 7, "0a09:1::", "0a09:2::")));
}

TEST(LoopGuard, GuardsTheVlanOfATargetOnItsInterfaceOnly) {
  const std::vector<GuardedVlan> vlans{{kInterface, 200}, {kInterface, 4095}, {7, 300}, {kInterface, 5000}};
  const LoopGuard guard({}, vlans);
  FlowKey key;
  key.flags = FlowKey::kTagged;
  key.vlan_id = 200;
  EXPECT_TRUE(guard.IsOwnCopy(kInterface, key, {}));
  EXPECT_FALSE(guard.IsOwnCopy(7, key, {}));
  EXPECT_FALSE(guard.IsOwnCopy(0, key, {}));
  EXPECT_FALSE(guard.IsOwnCopy(1'000'000, key, {}));
  key.vlan_id = 4095;
  EXPECT_TRUE(guard.IsOwnCopy(kInterface, key, {}));
  key.vlan_id = 300;
  EXPECT_FALSE(guard.IsOwnCopy(kInterface, key, {}));
  EXPECT_TRUE(guard.IsOwnCopy(7, key, {}));
  EXPECT_FALSE(LoopGuard({}, std::vector<GuardedVlan>{{kInterface, 0}}).IsOwnCopy(kInterface, FlowKey{}, {}))
      << "untagged is not VLAN 0";
}

TEST(LoopGuard, GuardsNothingWhenItKnowsNothing) {
  const LoopGuard guard;
  for (const Frame& frame : {Udp(4789, 7), Erspan1(), Frame{}}) {
    EXPECT_FALSE(guard.IsOwnCopy(kInterface, frame.key, frame.bytes));
  }
}

TEST(LoopGuard, FindsEachOfAHundredThousandCopiesAndNoOther) {
  std::vector<CopyIdentity> copies;
  for (std::uint32_t vni = 0; vni < 131'072; ++vni) copies.push_back(Identity(Encapsulation::kVxlan, 2 * vni));
  const LoopGuard guard(copies, {});
  for (std::uint32_t vni = 0; vni < 262'144; vni += 3) {
    const Frame frame = Udp(4789, vni);
    ASSERT_EQ(guard.IsOwnCopy(0, frame.key, frame.bytes), vni % 2 == 0) << vni;
  }
}

}  // namespace
}  // namespace heliostat::rules
