#include "rules/services.h"

#include <array>
#include <initializer_list>

#include "packet/ethernet.h"
#include "packet/ipv4.h"

namespace heliostat::rules {
namespace {

using config::PortRange;
using config::Rule;

constexpr PortRange kDnsPort{53, 53};
constexpr PortRange kNtpPort{123, 123};
constexpr PortRange kDhcpPorts{67, 68};
constexpr PortRange kDhcpv6Ports{546, 547};
constexpr PortRange kActivationPort{1688, 1688};
// RFC 4861: router and neighbour solicitation and advertisement, redirect.
constexpr std::array<std::uint8_t, 5> kNeighbourDiscovery{133, 134, 135, 136, 137};

constexpr IpPrefix LinkLocalHost(std::uint8_t last_byte) { return {{IpFamily::kIpv4, {169, 254, 169, last_byte}}, 32}; }
constexpr IpPrefix kMetadataIpv4 = LinkLocalHost(254);
constexpr IpPrefix kMetadataIpv6{{IpFamily::kIpv6, {0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}},
                                 128};

Rule Accept() {
  Rule rule;
  rule.action = config::Action::kAccept;
  return rule;
}

void AddPortOnEitherSide(std::vector<Rule>& rules, std::uint8_t protocol, PortRange ports) {
  Rule rule = Accept();
  rule.protocol = protocol;
  rule.source_ports = ports;
  rules.push_back(rule);
  rule.source_ports.reset();
  rule.destination_ports = ports;
  rules.push_back(rule);
}

void AddArp(std::vector<Rule>& rules) {
  Rule arp = Accept();
  arp.ether_type = packet::kEtherTypeArp;
  rules.push_back(arp);
  for (const std::uint8_t type : kNeighbourDiscovery) {
    Rule discovery = Accept();
    discovery.protocol = packet::kProtocolIcmpv6;
    discovery.icmp_type = type;
    rules.push_back(discovery);
  }
}

void AddMetadata(std::vector<Rule>& rules) {
  for (const IpPrefix& server : {kMetadataIpv4, kMetadataIpv6}) {
    Rule from = Accept();
    from.source = server;
    rules.push_back(from);
    Rule to = Accept();
    to.destination = server;
    rules.push_back(to);
  }
}

void AddActivation(std::vector<Rule>& rules) {
  for (const IpPrefix& server : {LinkLocalHost(250), LinkLocalHost(251)}) {
    Rule from = Accept();
    from.protocol = packet::kProtocolTcp;
    from.source = server;
    from.source_ports = kActivationPort;
    rules.push_back(from);
    Rule to = Accept();
    to.protocol = packet::kProtocolTcp;
    to.destination = server;
    to.destination_ports = kActivationPort;
    rules.push_back(to);
  }
}

}  // namespace

std::vector<config::Rule> ServiceRules(config::Service service) {
  std::vector<Rule> rules;
  switch (service) {
    case config::Service::kDns:
      AddPortOnEitherSide(rules, packet::kProtocolTcp, kDnsPort);
      AddPortOnEitherSide(rules, packet::kProtocolUdp, kDnsPort);
      break;
    case config::Service::kDhcp:
      AddPortOnEitherSide(rules, packet::kProtocolUdp, kDhcpPorts);
      AddPortOnEitherSide(rules, packet::kProtocolUdp, kDhcpv6Ports);
      break;
    case config::Service::kNtp: AddPortOnEitherSide(rules, packet::kProtocolUdp, kNtpPort); break;
    case config::Service::kArp: AddArp(rules); break;
    case config::Service::kMetadata: AddMetadata(rules); break;
    case config::Service::kActivation: AddActivation(rules); break;
  }
  return rules;
}

}  // namespace heliostat::rules
