// A small configuration as a card would list it, with states and a snapshot.
#pragma once

#include <control.pb.h>

#include <string>

#include "helioctl/card/listing.h"
#include "helioctl/card/snapshot.h"

namespace heliostat::helioctl {

inline void Set(v1::Count* count, std::uint64_t packets, std::uint64_t bytes) {
  count->set_packets(packets);
  count->set_bytes(bytes);
}

inline v1::Item InterfaceItem() {
  v1::Item item;
  v1::InterfaceSettings& settings = *item.mutable_unit()->mutable_interface();
  settings.set_name("guest0");
  settings.set_owner("red");
  v1::Tag& tag = *settings.add_tags();
  tag.set_key("env");
  tag.set_value("lab");
  v1::InterfaceState& state = *item.mutable_interface();
  state.set_name("guest0");
  state.set_kind(v1::VM);
  state.set_number(7);
  state.set_mac(std::string("\x02\x00\x00\x00\x00\x01", 6));
  state.set_primary_ipv4(std::string("\x0a\x00\x00\x01", 4));
  state.set_mtu(1500);
  state.set_up(true);
  state.set_driver("net_pcap");
  return item;
}

inline v1::Item UnderlayItem() {
  v1::Item item;
  v1::Underlay& underlay = *item.mutable_unit()->mutable_underlay();
  underlay.set_interface("wire0");
  v1::Prefix& prefix = *underlay.add_addresses();
  prefix.set_address(std::string("\x0a\x09\x00\x01", 4));
  prefix.set_length(24);
  return item;
}

inline v1::Item TargetItem(const std::string& name, bool up) {
  v1::Item item;
  v1::Target& target = *item.mutable_unit()->mutable_target();
  target.mutable_metadata()->set_name(name);
  target.set_remote(std::string("\x0a\x09\x00\x02", 4));
  target.set_encapsulation(v1::ERSPAN2);
  item.mutable_target()->set_up(up);
  if (!up) item.mutable_target()->set_reason("wire0 is down");
  item.mutable_target()->set_sessions(1);
  return item;
}

inline v1::Item FilterItem() {
  v1::Item item;
  v1::Filter& filter = *item.mutable_unit()->mutable_filter();
  filter.mutable_metadata()->set_name("web");
  filter.add_services(v1::DNS);
  item.mutable_filter()->set_inbound_rules(1);
  item.mutable_filter()->set_sessions(2);
  return item;
}

inline v1::Item RulesItem() {
  v1::Item item;
  v1::RuleChunk& chunk = *item.mutable_unit()->mutable_rules();
  chunk.set_filter("web");
  chunk.set_direction(v1::INBOUND);
  v1::Rule& rule = *chunk.add_rules();
  rule.set_number(10);
  rule.set_action(v1::ACCEPT);
  rule.set_protocol(6);
  rule.mutable_destination_ports()->set_first(443);
  rule.mutable_destination_ports()->set_last(443);
  rule.set_dscp(8);
  return item;
}

inline v1::Item SessionItem(const std::string& name, std::uint32_t number, bool enabled, bool active) {
  v1::Item item;
  v1::Session& session = *item.mutable_unit()->mutable_session();
  session.mutable_metadata()->set_name(name);
  session.mutable_metadata()->set_owner("red");
  session.set_number(number);
  session.set_disabled(!enabled);
  session.set_filter("web");
  session.set_target("zeek");
  session.set_sample_hundredths(1250);
  item.mutable_session()->set_name(name);
  item.mutable_session()->set_tunnel_id(77);
  item.mutable_session()->set_active(active);
  if (!active) item.mutable_session()->set_reason(enabled ? "target \"zeek\" is down" : "disabled");
  item.set_sources(1);
  return item;
}

inline v1::Item SourcesItem(const std::string& session) {
  v1::Item item;
  item.mutable_unit()->mutable_sources()->set_session(session);
  item.mutable_unit()->mutable_sources()->add_interfaces("guest0");
  return item;
}

inline v1::Items EverythingListed() {
  v1::Items items;
  for (const v1::Item& item :
       {InterfaceItem(), UnderlayItem(), TargetItem("zeek", true), FilterItem(), RulesItem(),
        SessionItem("alpha", 10, true, true), SourcesItem("alpha"), SessionItem("beta", 20, true, false),
        SourcesItem("beta"), SessionItem("gamma", 30, false, false), SourcesItem("gamma")}) {
    *items.add_items() = item;
  }
  return items;
}

inline Listing ListingOf(const v1::Items& items) {
  ListingReader reader;
  reader.Begin(true);
  reader.Take(items);
  auto listing = reader.Finish(3);
  return listing.ok() ? *listing : Listing();
}

inline v1::LedgerEntry Line(const std::string& session, bool outbound, std::uint64_t scale) {
  v1::LedgerEntry entry;
  entry.set_session(session);
  entry.set_interface("guest0");
  entry.set_outbound(outbound);
  Set(entry.mutable_matched(), 100 * scale, 10'000 * scale);
  Set(entry.mutable_sent(), 70 * scale, 7'000 * scale);
  Set(entry.mutable_sampled_out(), 10 * scale, 1'000 * scale);
  Set(entry.mutable_no_buffer(), 5 * scale, 500 * scale);
  Set(entry.mutable_egress_full(), 15 * scale, 1'500 * scale);
  entry.set_sent_wire_bytes(10'500 * scale);
  return entry;
}

inline v1::PortCounters Port(std::uint64_t scale) {
  v1::PortCounters port;
  port.set_interface("guest0");
  Set(port.mutable_received(), 1'000 * scale, 100'000 * scale);
  Set(port.mutable_forwarded(), 900 * scale, 90'000 * scale);
  Set(port.mutable_forward_drops(), 3 * scale, 300 * scale);
  Set(port.mutable_copies(), 50 * scale, 6'000 * scale);
  port.set_receive_missed(2 * scale);
  return port;
}

inline Snapshot SnapshotAt(std::uint64_t seconds, std::uint64_t scale) {
  Snapshot snapshot;
  snapshot.sequence = seconds;
  snapshot.time_ns = 1'795'316'429ULL * 1'000'000'000 + seconds * 1'000'000'000;
  snapshot.generation = 3;
  snapshot.counters.entries = {Line("alpha", false, scale), Line("alpha", true, 2 * scale)};
  snapshot.counters.ports = {Port(scale)};
  v1::SessionState& alpha = snapshot.sessions.emplace_back();
  alpha.set_name("alpha");
  alpha.set_tunnel_id(77);
  alpha.set_active(true);
  v1::SessionState& beta = snapshot.sessions.emplace_back();
  beta.set_name("beta");
  beta.set_reason("target \"zeek\" is down");
  snapshot.interfaces = {InterfaceItem().interface()};
  return snapshot;
}

}  // namespace heliostat::helioctl
