#include "support/mirror_config.h"

#include "support/frame_builder.h"

namespace heliostat::support {
namespace {

config::Rule AcceptAll() {
  config::Rule rule;
  rule.number = 1;
  return rule;
}

config::Target ToReceiver(const std::string& name, const std::string& address, const MirrorAllOptions& options) {
  config::Target target;
  target.metadata.name = name;
  target.encapsulation = options.encapsulation;
  target.remote = Ip(address);
  target.mtu = options.target_mtu;
  return target;
}

}  // namespace

config::Config MirrorAll(const MirrorAllOptions& options) {
  config::Config config;
  config::Underlay underlay;
  underlay.interface = options.egress;
  underlay.addresses = {*IpPrefix::Parse("10.9.0.1/24")};
  underlay.neighbours = {{Ip("10.9.0.2"), Mac("02:00:00:00:09:02")}, {Ip("10.9.0.3"), Mac("02:00:00:00:09:03")}};
  config.underlays = {underlay};
  config.targets = {ToReceiver("to", "10.9.0.2", options)};
  config::Filter filter;
  filter.metadata.name = "any";
  filter.inbound = filter.outbound = {AcceptAll()};
  config.filters = {filter};
  config::Session session;
  session.metadata.name = "all";
  session.number = 1;
  session.sources = {options.source};
  session.filter = "any";
  session.target = "to";
  session.tunnel_id = 7;
  session.packet_length = options.packet_length;
  session.sample_hundredths = options.sample_hundredths;
  config.sessions = {session};
  return config;
}

config::Config MirrorToGroup() {
  config::Config config = MirrorAll();
  config::Target group;
  group.metadata.name = "group";
  group.group = true;
  group.members = {"m2", "m3"};
  config.targets = {group, ToReceiver("m2", "10.9.0.2", {}), ToReceiver("m3", "10.9.0.3", {})};
  config.sessions[0].target = "group";
  return config;
}

}  // namespace heliostat::support
