#include "unit/codec/sample.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>

namespace heliostat::codec {
namespace {

using namespace std::string_literals;

const std::string kIpv4 = "\x0a\x09\x00\x02"s;
const std::string kNet = "\x0a\x00\x00\x00"s;
const std::string kMac = "\x02\x00\x00\x00\x00\x02"s;

void FillTag(v1::Tag* tag) {
  tag->set_key("env");
  tag->set_value("prod");
}

void FillMetadata(v1::Metadata* metadata, const char* name) {
  metadata->set_name(name);
  metadata->set_description("t\xc3\xa9xt");
  FillTag(metadata->add_tags());
  metadata->set_owner("alice");
}

void FillPrefix(v1::Prefix* prefix, const std::string& address, std::uint32_t length) {
  prefix->set_address(address);
  prefix->set_length(length);
}

void FillRange(v1::Range* range, std::uint32_t first, std::uint32_t last) {
  range->set_first(first);
  range->set_last(last);
}

void FillMac(v1::MacMatch* match) {
  match->set_address(kMac);
  match->set_mask("\xff\xff\xff\xff\xff\xff");
}

void FillUnderlay(v1::Underlay* underlay) {
  underlay->set_interface("wire1");
  FillPrefix(underlay->add_addresses(), "\x0a\x09\x00\x01"s, 24);
  underlay->add_gateways("\x0a\x09\x00\xfe"s);
  v1::Route* route = underlay->add_routes();
  FillPrefix(route->mutable_destination(), kNet, 8);
  route->set_gateway(kIpv4);
  v1::Neighbour* neighbour = underlay->add_neighbours();
  neighbour->set_address(kIpv4);
  neighbour->set_mac(kMac);
  underlay->set_mtu(9000);
  underlay->set_vlan_id(100);
}

void FillTarget(v1::Target* target) {
  FillMetadata(target->mutable_metadata(), "zeek");
  target->add_shared_with("bob");
  target->set_remote(kIpv4);
  target->set_interface("wire1");
  target->set_vlan_id(200);
  target->set_mtu(1400);
  target->set_dscp(8);
  target->set_udp_checksum(true);
  target->set_platform_subheader(true);
}

void FillRule(v1::Rule* rule, std::uint32_t number) {
  rule->set_number(number);
  rule->set_action(v1::REJECT);
  rule->set_protocol(6);
  FillPrefix(rule->mutable_source(), kNet, 8);
  FillPrefix(rule->mutable_destination(), "\x00\x00\x00\x00"s, 0);
  FillRange(rule->mutable_source_ports(), 0, 65535);
  FillRange(rule->mutable_destination_ports(), 80, 81);
  rule->set_icmp_type(8);
  rule->set_icmp_code(0);
  FillMac(rule->mutable_source_mac());
  rule->mutable_destination_mac()->set_address(kMac);
  FillRange(rule->add_vlan_ids(), 100, 200);
  rule->set_untagged(true);
  rule->set_ether_type(0x0800);
  rule->set_dscp(46);
  rule->mutable_tcp_flags()->set_value(0x02);
  rule->mutable_tcp_flags()->set_mask(0x12);
  rule->set_description("syn");
  rule->set_fragment(v1::FIRST);
}

void FillRules(v1::RuleChunk* chunk, v1::Direction direction, std::uint32_t number) {
  chunk->set_filter("web");
  chunk->set_direction(direction);
  FillRule(chunk->add_rules(), number);
}

void FillSession(v1::Session* session) {
  FillMetadata(session->mutable_metadata(), "s1");
  session->set_number(7);
  session->set_disabled(true);
  session->set_filter("web");
  session->set_target("zeek");
  session->set_direction(v1::OUTBOUND);
  session->set_tunnel_id(9);
  session->set_packet_length(128);
  session->set_sample_hundredths(0);
  session->set_sampling(v1::FLOWS);
  session->mutable_rate_limit()->set_packets_per_second(1000);
  session->mutable_rate_limit()->set_burst(10);
  session->set_forwarded_only(true);
  session->set_tier(3);
}

}  // namespace

Units SampleUnits() {
  Units units(11);
  units[0].mutable_header()->set_format(1);
  units[0].mutable_header()->set_units(10);
  units[1].mutable_interface()->set_name("guest0");
  units[1].mutable_interface()->set_owner("alice");
  FillTag(units[1].mutable_interface()->add_tags());
  units[1].mutable_interface()->set_excluded("web");
  FillUnderlay(units[2].mutable_underlay());
  FillTarget(units[3].mutable_target());
  FillMetadata(units[4].mutable_target()->mutable_metadata(), "group");
  units[4].mutable_target()->set_group(true);
  units[5].mutable_members()->set_target("group");
  units[5].mutable_members()->add_members("zeek");
  FillMetadata(units[6].mutable_filter()->mutable_metadata(), "web");
  units[6].mutable_filter()->add_services(v1::DNS);
  units[6].mutable_filter()->add_services(v1::ACTIVATION);
  FillRules(units[7].mutable_rules(), v1::INBOUND, 10);
  FillRules(units[8].mutable_rules(), v1::OUTBOUND, 20);
  FillSession(units[9].mutable_session());
  units[10].mutable_sources()->set_session("s1");
  units[10].mutable_sources()->add_interfaces("guest0");
  return units;
}

std::string Stream(const Units& units) {
  std::string stream;
  google::protobuf::io::StringOutputStream out(&stream);
  for (const v1::Unit& unit : units) google::protobuf::util::SerializeDelimitedToZeroCopyStream(unit, &out);
  return stream;
}

std::span<const std::uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Result<config::Config> Decode(const Units& units, const config::Limits& limits) {
  const std::string stream = Stream(units);
  return DecodeConfig(Bytes(stream), limits);
}

}  // namespace heliostat::codec
