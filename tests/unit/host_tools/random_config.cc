#include "unit/host_tools/random_config.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <string>

namespace heliostat::helioctl {
namespace {

std::uint32_t Below(Random& random, std::uint32_t end) { return static_cast<std::uint32_t>(random() % end); }
bool Maybe(Random& random) { return Below(random, 2) == 0; }

std::string Name(Random& random) {
  static constexpr std::array<const char*, 12> kAwkward{"yes", "1", "0x10", "1.5", "null", "2001-01-01",
                                                        "on",  "n", "12e3", "a_b", "A.b",  "web-1"};
  if (Below(random, 3) == 0) return kAwkward[Below(random, kAwkward.size())];
  return "name" + std::to_string(Below(random, 1000));
}

std::string Text(Random& random) {
  static constexpr std::array<const char*, 12> kTexts{"VXLAN over IPv4",
                                                      "a: b",
                                                      "# no comment",
                                                      "\"quoted\" \\ back",
                                                      " leading",
                                                      "trailing ",
                                                      "[list, {of: it}]",
                                                      "true",
                                                      "Grüße, 世界",
                                                      "\xc2\x85\xe2\x80\xa8next",
                                                      "- item, 'single', %",
                                                      "*anchor &x |"};
  return kTexts[Below(random, kTexts.size())];
}

IpAddress Address(Random& random, bool ipv6) {
  IpAddress address;
  address.family = ipv6 ? IpFamily::kIpv6 : IpFamily::kIpv4;
  for (unsigned i = 0; i < address.Bits() / 8; ++i) address.bytes[i] = static_cast<std::uint8_t>(random());
  return address;
}

IpPrefix Prefix(Random& random, bool host_bits, bool ipv6) {
  IpPrefix prefix{Address(random, ipv6), 0};
  prefix.length = static_cast<std::uint8_t>(Below(random, prefix.address.Bits() + 1));
  for (unsigned bit = prefix.length; !host_bits && bit < prefix.address.Bits(); ++bit) {
    prefix.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return prefix;
}

MacAddress Mac(Random& random) {
  MacAddress mac;
  for (auto& byte : mac.bytes) byte = static_cast<std::uint8_t>(random());
  return mac;
}

std::vector<config::Tag> Tags(Random& random) {
  std::set<std::string> keys;
  for (std::uint32_t i = Below(random, 3); i > 0; --i) keys.insert(Name(random));
  std::vector<config::Tag> tags;
  for (const std::string& key : keys) tags.push_back({key, Maybe(random) ? Text(random) : ""});
  return tags;
}

config::Metadata Metadata(Random& random, const std::string& name) {
  return {name, Maybe(random) ? Text(random) : "", Tags(random), Maybe(random) ? Name(random) : ""};
}

config::Underlay Underlay(Random& random, const std::string& name) {
  config::Underlay underlay;
  underlay.interface = name;
  for (std::uint32_t i = 1 + Below(random, 3); i > 0; --i) {
    underlay.addresses.push_back(Prefix(random, true, Maybe(random)));
  }
  if (Maybe(random)) underlay.gateways.push_back(Address(random, Maybe(random)));
  for (std::uint32_t i = Below(random, 3); i > 0; --i) {
    underlay.routes.push_back({Prefix(random, false, Maybe(random)), Address(random, Maybe(random))});
  }
  for (std::uint32_t i = Below(random, 3); i > 0; --i) {
    underlay.neighbours.push_back({Address(random, Maybe(random)), Mac(random)});
  }
  if (Maybe(random)) underlay.mtu = static_cast<std::uint16_t>(68 + Below(random, 9000));
  if (Maybe(random)) underlay.vlan_id = static_cast<std::uint16_t>(1 + Below(random, 4094));
  return underlay;
}

std::vector<std::string> Names(Random& random, std::uint32_t least, std::uint32_t most) {
  std::set<std::string> names;
  const std::uint32_t wanted = least + Below(random, most - least + 1);
  while (names.size() < wanted) names.insert("n" + std::to_string(Below(random, 100'000)));
  return {names.begin(), names.end()};
}

config::Target Target(Random& random, const std::string& name) {
  config::Target target;
  target.metadata = Metadata(random, name);
  target.shared_with = Names(random, 0, 2);
  if (Below(random, 4) == 0) {
    target.group = true;
    target.members = Names(random, 1, 150);
    return target;
  }
  target.encapsulation = static_cast<config::Encapsulation>(1 + Below(random, 7));
  const bool remote = Maybe(random);
  if (remote) target.remote = Address(random, Maybe(random));
  if (!remote || Maybe(random)) target.interface = Name(random);
  if (Maybe(random)) target.vlan_id = static_cast<std::uint16_t>(1 + Below(random, 4094));
  if (Maybe(random)) target.mtu = static_cast<std::uint16_t>(68 + Below(random, 9000));
  if (Maybe(random)) target.dscp = static_cast<std::uint8_t>(Below(random, 64));
  if (Maybe(random)) target.ttl = static_cast<std::uint8_t>(1 + Below(random, 255));
  if (Maybe(random)) target.udp_checksum = Maybe(random);
  target.platform_subheader = Maybe(random);
  return target;
}

template <typename Range>
Range AnyRange(Random& random, std::uint32_t max) {
  const std::uint32_t first = Below(random, max + 1);
  const std::uint32_t last = Maybe(random) ? first : first + Below(random, max - first + 1);
  return {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
}

config::MacMatch MacMatch(Random& random) {
  config::MacMatch match{Mac(random), Mac(random)};
  if (Maybe(random)) match.mask.bytes.fill(0xff);
  for (std::size_t i = 0; i < match.address.bytes.size(); ++i) match.address.bytes[i] &= match.mask.bytes[i];
  return match;
}

config::Rule Rule(Random& random, std::uint16_t number) {
  static constexpr std::array<std::uint8_t, 10> kProtocols{0, 1, 2, 6, 17, 47, 50, 51, 58, 132};
  config::Rule rule;
  rule.number = number;
  rule.action = Maybe(random) ? config::Action::kAccept : config::Action::kReject;
  if (Maybe(random)) rule.protocol = kProtocols[Below(random, kProtocols.size())];
  const bool ipv6 = Maybe(random);
  if (Maybe(random)) rule.source = Prefix(random, false, ipv6);
  if (Maybe(random)) rule.destination = Prefix(random, false, ipv6);
  if (Maybe(random)) rule.source_ports = AnyRange<config::PortRange>(random, 65535);
  if (Maybe(random)) rule.destination_ports = AnyRange<config::PortRange>(random, 65535);
  if (Below(random, 4) == 0) rule.icmp_type = static_cast<std::uint8_t>(random());
  if (Below(random, 4) == 0) rule.icmp_code = static_cast<std::uint8_t>(random());
  if (Below(random, 4) == 0) rule.source_mac = MacMatch(random);
  if (Below(random, 4) == 0) rule.destination_mac = MacMatch(random);
  if (Maybe(random)) {
    for (std::uint32_t i = Below(random, 9); i > 0; --i) {
      rule.vlan_ids.push_back(AnyRange<config::VlanRange>(random, 4095));
    }
    rule.untagged = Maybe(random);
  }
  static constexpr std::array<std::uint16_t, 4> kTypes{0x0806, 0x0800, 0x86dd, 0x88cc};
  if (Below(random, 4) == 0) rule.ether_type = kTypes[Below(random, kTypes.size())];
  if (Below(random, 4) == 0) rule.dscp = static_cast<std::uint8_t>(Below(random, 64));
  if (Below(random, 4) == 0) {
    const auto mask = static_cast<std::uint8_t>(random());
    rule.tcp_flags = {{static_cast<std::uint8_t>(random() & mask), mask}};
  }
  if (Below(random, 4) == 0) rule.fragment = static_cast<config::Fragment>(1 + Below(random, 4));
  if (Below(random, 4) == 0) rule.description = Text(random);
  return rule;
}

std::vector<config::Rule> Rules(Random& random) {
  std::set<std::uint16_t> numbers;
  const std::uint32_t wanted = Below(random, 4) == 0 ? Below(random, 200) : Below(random, 4);
  while (numbers.size() < wanted) numbers.insert(static_cast<std::uint16_t>(1 + Below(random, 65535)));
  std::vector<config::Rule> rules;
  for (const std::uint16_t number : numbers) rules.push_back(Rule(random, number));
  return rules;
}

config::Filter Filter(Random& random, const std::string& name) {
  config::Filter filter;
  filter.metadata = Metadata(random, name);
  for (int service = 1; service <= 6; ++service) {
    if (Below(random, 3) == 0) filter.services.push_back(static_cast<config::Service>(service));
  }
  std::shuffle(filter.services.begin(), filter.services.end(), random);
  filter.inbound = Rules(random);
  filter.outbound = Rules(random);
  return filter;
}

config::Session Session(Random& random, const std::string& name) {
  config::Session session;
  session.metadata = Metadata(random, name);
  session.number = static_cast<std::uint16_t>(1 + Below(random, 32766));
  if (Maybe(random)) session.tier = static_cast<std::uint8_t>(Below(random, config::kTiers));
  session.enabled = Maybe(random);
  session.sources = Names(random, 1, Below(random, 4) == 0 ? 200 : 3);
  session.filter = Name(random);
  session.target = Name(random);
  session.direction = static_cast<config::DirectionSet>(1 + Below(random, 3));
  if (Maybe(random)) session.tunnel_id = Below(random, 1024);
  if (Maybe(random)) session.packet_length = static_cast<std::uint16_t>(35 + Below(random, 1000));
  if (Maybe(random)) session.sample_hundredths = static_cast<std::uint16_t>(Below(random, 10001));
  if (Maybe(random)) session.sampling = config::SamplingMode::kFlows;
  if (Maybe(random)) {
    session.rate_limit.emplace();
    (Maybe(random) ? session.rate_limit->packets_per_second : session.rate_limit->bits_per_second) =
        1 + random() % 1000;
    if (Maybe(random)) session.rate_limit->burst = random() % 100'000'000'000;
  }
  session.forwarded_only = Maybe(random);
  return session;
}

const std::string& NameIn(const config::InterfaceSettings& settings) { return settings.name; }
const std::string& NameIn(const config::Underlay& underlay) { return underlay.interface; }
template <typename Resource>
const std::string& NameIn(const Resource& resource) {
  return resource.metadata.name;
}

template <typename Resource, typename Make>
void Fill(std::vector<Resource>& resources, Random& random, std::size_t most, Make make) {
  std::set<std::string> names;
  for (std::uint32_t i = Below(random, static_cast<std::uint32_t>(most) + 1); i > 0; --i) names.insert(Name(random));
  for (const std::string& name : names) resources.push_back(make(random, name));
}

config::InterfaceSettings Settings(Random& random, const std::string& name) {
  return {name, Maybe(random) ? Name(random) : "", Tags(random), Maybe(random) ? Name(random) : ""};
}

template <typename Resource, typename Make>
void Mutate(std::vector<Resource>& resources, Random& random, Make make) {
  std::erase_if(resources, [&random](const Resource&) { return Below(random, 5) == 0; });
  for (Resource& resource : resources) {
    if (Below(random, 3) == 0) resource = make(random, NameIn(resource));
  }
  for (const std::string& name : Names(random, 0, 2)) resources.push_back(make(random, name));
  std::sort(resources.begin(), resources.end(),
            [](const Resource& a, const Resource& b) { return NameIn(a) < NameIn(b); });
  resources.erase(std::unique(resources.begin(), resources.end(),
                              [](const Resource& a, const Resource& b) { return NameIn(a) == NameIn(b); }),
                  resources.end());
}

void MutateRules(std::vector<config::Rule>& rules, Random& random) {
  std::erase_if(rules, [&random](const config::Rule&) { return Below(random, 6) == 0; });
  for (config::Rule& rule : rules) {
    if (Below(random, 6) == 0) rule = Rule(random, rule.number);
  }
}

}  // namespace

config::Config RandomConfig(Random& random, std::size_t most) {
  config::Config config;
  Fill(config.interfaces, random, most, Settings);
  Fill(config.underlays, random, most, Underlay);
  Fill(config.targets, random, most, Target);
  Fill(config.filters, random, most, Filter);
  Fill(config.sessions, random, most, Session);
  return config;
}

config::Config Mutated(const config::Config& config, Random& random) {
  config::Config mutated = config;
  for (config::Filter& filter : mutated.filters) {
    MutateRules(filter.inbound, random);
    MutateRules(filter.outbound, random);
  }
  Mutate(mutated.interfaces, random, Settings);
  Mutate(mutated.underlays, random, Underlay);
  Mutate(mutated.targets, random, Target);
  Mutate(mutated.filters, random, Filter);
  Mutate(mutated.sessions, random, Session);
  return mutated;
}

}  // namespace heliostat::helioctl
