#include "bench/rule_set.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace heliostat::bench {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::array<std::uint16_t, 16> kServicePorts{22,   25,   53,   80,   123,  389,  443,  445,
                                                      1433, 3306, 3389, 5432, 6379, 8080, 8443, 9092};
constexpr std::array<std::uint8_t, 8> kFirstOctets{10, 20, 34, 52, 100, 151, 185, 203};
constexpr std::uint32_t kGuests = 0xac100000;  // 172.16.0.0/12
constexpr std::uint32_t kGuestsMask = 0x000fffff;

// Whole numbers only: std's distributions differ from library to library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t Below(std::uint32_t limit) { return static_cast<std::uint32_t>(engine_() >> 32U) % limit; }
  std::uint32_t Word() { return static_cast<std::uint32_t>(engine_() >> 32U); }
  std::uint16_t Port() { return static_cast<std::uint16_t>(Word()); }
  bool Percent(std::uint32_t percent) { return Below(100) < percent; }
  template <typename List>
  auto OneOf(const List& list) {
    return list[Below(static_cast<std::uint32_t>(list.size()))];
  }

 private:
  std::mt19937_64 engine_;
};

std::uint32_t Mask(std::uint8_t length) { return length == 0 ? 0 : ~std::uint32_t{0} << (32U - length); }

IpAddress Address(std::uint32_t ip) {
  IpAddress address;
  address.family = IpFamily::kIpv4;
  for (std::size_t i = 0; i < 4; ++i) address.bytes[i] = static_cast<std::uint8_t>(ip >> (24 - 8 * i));
  return address;
}

std::uint32_t Number(const IpAddress& address) {
  std::uint32_t ip = 0;
  for (std::size_t i = 0; i < 4; ++i) ip = ip << 8U | address.bytes[i];
  return ip;
}

IpPrefix Prefix(std::uint32_t ip, std::uint8_t length) { return {Address(ip & Mask(length)), length}; }

std::uint32_t RandomDestination(Random& random) {
  return std::uint32_t{random.OneOf(kFirstOctets)} << 24U | (random.Word() & 0xffffff);
}
std::uint32_t RandomSource(Random& random) { return kGuests | (random.Word() & kGuestsMask); }

std::uint8_t DestinationLength(Random& random) {
  const std::uint32_t draw = random.Below(100);
  if (draw < 3) return 8;
  if (draw < 15) return 16;
  if (draw < 25) return 20;
  if (draw < 65) return 24;
  return draw < 80 ? 28 : 32;
}

config::PortRange Ports(Random& random) {
  const std::uint16_t first = random.Percent(70) ? random.OneOf(kServicePorts) : random.Port();
  if (random.Percent(70)) return {first, first};
  const auto last = std::min<std::uint32_t>(0xffff, std::uint32_t{first} + 1 + random.Below(100));
  return {first, static_cast<std::uint16_t>(last)};
}

config::Rule RandomRule(Random& random) {
  config::Rule rule;
  rule.action = random.Percent(10) ? config::Action::kReject : config::Action::kAccept;
  const std::uint8_t length = DestinationLength(random);
  rule.destination = Prefix(RandomDestination(random), length);
  // A wide prefix names one service, or it would hide every rule behind it.
  const bool wide = length < 20;
  if (wide || random.Percent(90)) rule.protocol = random.Percent(65) ? kTcp : kUdp;
  if (random.Percent(wide ? 100 : 50)) {
    constexpr std::array<std::uint8_t, 3> kLengths{20, 24, 32};
    rule.source = Prefix(RandomSource(random), random.OneOf(kLengths));
  }
  if (wide || random.Percent(80)) rule.destination_ports = Ports(random);
  if (!wide && random.Percent(8)) rule.source_ports = config::PortRange{1024, 65535};
  return rule;
}

bool Within(const std::optional<IpPrefix>& prefix, std::uint32_t ip) {
  return !prefix || ((ip ^ Number(prefix->address)) & Mask(prefix->length)) == 0;
}
bool Within(const std::optional<config::PortRange>& ports, std::uint16_t port) {
  return !ports || (ports->first <= port && port <= ports->last);
}

// `inside` the prefix, its other bits from `ip`.
std::uint32_t Inside(const std::optional<IpPrefix>& prefix, std::uint32_t ip) {
  if (!prefix) return ip;
  const std::uint32_t mask = Mask(prefix->length);
  return (Number(prefix->address) & mask) | (ip & ~mask);
}
std::uint16_t Inside(const std::optional<config::PortRange>& ports, Random& random) {
  if (!ports) return random.OneOf(kServicePorts);
  return static_cast<std::uint16_t>(ports->first + random.Below(std::uint32_t{ports->last} - ports->first + 1U));
}

Flow DrawFrom(const config::Rule& rule, Random& random) {
  Flow flow;
  flow.source = Inside(rule.source, RandomSource(random));
  flow.destination = Inside(rule.destination, RandomDestination(random));
  flow.protocol = rule.protocol.value_or(random.Percent(65) ? kTcp : kUdp);
  flow.source_port = static_cast<std::uint16_t>(0x8000 | (random.Word() & 0x7fff));
  flow.destination_port = Inside(rule.destination_ports, random);
  return flow;
}

std::string Text(std::uint32_t ip) { return Address(ip).ToString(); }

}  // namespace

std::vector<config::Rule> MakeRules(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<config::Rule> rules;
  for (std::size_t i = 0; i < count; ++i) {
    rules.push_back(RandomRule(random));
    rules.back().number = static_cast<std::uint16_t>(i + 1);
  }
  rules.back().action = config::Action::kAccept;  // a list has at least one
  return rules;
}

std::size_t FirstMatch(const std::vector<config::Rule>& rules, const Flow& flow) {
  const auto matches = [&flow](const config::Rule& rule) {
    return Within(rule.destination, flow.destination) && Within(rule.source, flow.source) &&
           (!rule.protocol || *rule.protocol == flow.protocol) &&
           Within(rule.destination_ports, flow.destination_port) && Within(rule.source_ports, flow.source_port);
  };
  return static_cast<std::size_t>(std::find_if(rules.begin(), rules.end(), matches) - rules.begin());
}

std::vector<Flow> FlowsThatMatch(const std::vector<config::Rule>& rules, std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<Flow> flows;
  while (flows.size() < count) {
    const Flow flow = DrawFrom(random.OneOf(rules), random);
    if (rules[FirstMatch(rules, flow)].action == config::Action::kAccept) flows.push_back(flow);
  }
  return flows;
}

std::vector<Flow> FlowsThatMiss(const std::vector<config::Rule>& rules, std::size_t count, std::uint64_t seed) {
  Random random(seed);
  const std::vector<config::Rule> others = MakeRules(rules.size(), seed + 1);
  std::vector<Flow> flows;
  while (flows.size() < count) {
    const bool near = flows.size() % 2 == 0;
    Flow flow = DrawFrom(random.OneOf(near ? rules : others), random);
    if (near) flow.destination_port = random.Port();
    if (FirstMatch(rules, flow) == rules.size()) flows.push_back(flow);
  }
  return flows;
}

support::Bytes FrameOf(const Flow& flow, std::size_t bytes) {
  const std::string source = Text(flow.source);
  const std::string destination = Text(flow.destination);
  auto frame = support::Ethernet().Ipv4({.source = source, .destination = destination});
  std::size_t header_bytes = 14 + 20;
  if (flow.protocol == kTcp) {
    frame.Tcp({.source_port = flow.source_port, .destination_port = flow.destination_port});
    header_bytes += 20;
  } else {
    frame.Udp({.source_port = flow.source_port, .destination_port = flow.destination_port});
    header_bytes += 8;
  }
  return frame.Payload(bytes - header_bytes).Build();
}

void SetSourcePort(std::uint8_t* frame, std::uint16_t port) {
  constexpr std::size_t kOffset = 14 + 20;
  frame[kOffset] = static_cast<std::uint8_t>(port >> 8U);
  frame[kOffset + 1] = static_cast<std::uint8_t>(port);
}

}  // namespace heliostat::bench
