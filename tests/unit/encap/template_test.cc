#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/encap/copies.h"

namespace heliostat::encap {
namespace {

constexpr Kind kTunnels[] = {Kind::kVxlan, Kind::kGeneve, Kind::kErspan1, Kind::kErspan2, Kind::kErspan3};

void ExpectInvalid(const TemplateSpec& spec, const std::string& field) {
  const auto result = BuildTemplate(spec);
  ASSERT_FALSE(result.ok()) << field;
  EXPECT_EQ(result.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(result.status().subject(), field);
  EXPECT_FALSE(result.status().reason().empty());
  EXPECT_FALSE(result.status().fix().empty());
}

TEST(BuildTemplate, CountsWhatTheCopyAddsToTheOuterPacket) {
  // Sizes of the wire table: without Ethernet, over IPv4; IPv6 is 20 bytes longer, a tag counts nothing.
  const std::pair<Kind, std::size_t> overheads[] = {
      {Kind::kVxlan, 36}, {Kind::kGeneve, 60}, {Kind::kErspan1, 24}, {Kind::kErspan2, 36}, {Kind::kErspan3, 40}};
  for (const auto& [kind, bytes] : overheads) {
    for (const bool tagged : {false, true}) {
      const Template v4 = BuildTemplate(SpecOf(kind, false, tagged)).value();
      const Template v6 = BuildTemplate(SpecOf(kind, true, tagged)).value();
      EXPECT_EQ(v4.IpOverhead(), bytes);
      EXPECT_EQ(v6.IpOverhead(), bytes + 20);
      EXPECT_EQ(v4.length, bytes + (tagged ? 18 : 14));
      EXPECT_EQ(v6.length, bytes + 20 + (tagged ? 18 : 14));
    }
  }
  EXPECT_EQ(BuildTemplate(SpecOf(Kind::kErspan3, false, false, true)).value().IpOverhead(), 48U);
}

TEST(BuildTemplate, GivesPlainCopiesNoOuterPacket) {
  TemplateSpec spec;
  spec.kind = Kind::kNone;
  EXPECT_EQ(BuildTemplate(spec).value().length, 0);
  EXPECT_EQ(BuildTemplate(spec).value().IpOverhead(), 0U);
  spec.kind = Kind::kVlan;
  spec.vlan_id = 4094;
  EXPECT_EQ(BuildTemplate(spec).value().length, 4);
  EXPECT_EQ(BuildTemplate(spec).value().IpOverhead(), 0U);
}

TEST(BuildTemplate, RefusesMixedOrMissingAddresses) {
  for (const Kind kind : kTunnels) {
    TemplateSpec spec = SpecOf(kind, false, false);
    spec.source = support::Ip("2001:db8::1");
    ExpectInvalid(spec, "source");
    spec.source = {};
    ExpectInvalid(spec, "source");
    spec.source = support::Ip("192.0.2.1");
    spec.destination = support::Ip("0.0.0.0");
    ExpectInvalid(spec, "destination");
  }
}

TEST(BuildTemplate, RefusesNumbersOutOfRange) {
  for (const Kind kind : kTunnels) {
    TemplateSpec spec = SpecOf(kind, false, true);
    spec.vlan_id = 4095;
    ExpectInvalid(spec, "vlan_id");
    spec.vlan_id = 0;
    ExpectInvalid(spec, "vlan_id");
    spec = SpecOf(kind, false, false);
    spec.dscp = 64;
    ExpectInvalid(spec, "dscp");
    spec = SpecOf(kind, false, false);
    spec.ttl = 0;
    ExpectInvalid(spec, "ttl");
  }
  for (const Kind kind : {Kind::kVxlan, Kind::kGeneve}) {
    TemplateSpec spec = SpecOf(kind, false, false);
    spec.tunnel_id = 0x1000000;
    ExpectInvalid(spec, "VNI");
  }
  for (const Kind kind : {Kind::kErspan2, Kind::kErspan3}) {
    TemplateSpec spec = SpecOf(kind, false, false);
    spec.tunnel_id = 1024;
    ExpectInvalid(spec, "session ID");
    spec = SpecOf(kind, false, false);
    spec.interface_number = 0x100000;
    ExpectInvalid(spec, "interface number");
    spec = SpecOf(kind, false, false);
    spec.hardware_id = 64;
    ExpectInvalid(spec, "hardware ID");
  }
  TemplateSpec untagged;
  untagged.kind = Kind::kVlan;
  ExpectInvalid(untagged, "vlan_id");
}

TEST(BuildTemplate, GivesGreNoUdpChecksum) {
  TemplateSpec spec = SpecOf(Kind::kErspan2, true, false);
  spec.udp_checksum = true;
  EXPECT_FALSE(BuildTemplate(spec).value().udp_checksum);
}

}  // namespace
}  // namespace heliostat::encap
