// A property: for any filters and any key, the compiled policy and the naive reading agree on outcome and rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "naive_match.h"
#include "rules/compile.h"

namespace heliostat::rules {
namespace {

using config::Direction;
using config::Filter;
using config::Rule;
using packet::FlowKey;

constexpr std::uint64_t kSeed = 20'240'607;

// Small pools of values, so that rules overlap and keys hit their edges.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}

  std::uint32_t Below(std::uint32_t limit) { return static_cast<std::uint32_t>(engine_() % limit); }
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }
  template <typename T, std::size_t kSize>
  T Of(const std::array<T, kSize>& pool) {
    return pool[Below(kSize)];
  }

  std::uint8_t Protocol() { return Of(std::array<std::uint8_t, 10>{0, 1, 6, 6, 17, 17, 58, 132, 47, 255}); }
  std::uint16_t Port() {
    return Of(
        std::array<std::uint16_t, 16>{0, 1, 53, 67, 68, 79, 80, 81, 123, 547, 1023, 1024, 1688, 2047, 65534, 65535});
  }
  std::uint16_t VlanId() { return Of(std::array<std::uint16_t, 8>{0, 1, 99, 100, 101, 199, 4094, 4095}); }
  std::uint16_t EtherType() { return Of(std::array<std::uint16_t, 5>{0x0800, 0x86dd, 0x0806, 0x0600, 0xffff}); }
  std::uint8_t Dscp() { return Of(std::array<std::uint8_t, 4>{0, 1, 46, 63}); }
  std::uint8_t IcmpType() { return Of(std::array<std::uint8_t, 7>{0, 8, 132, 133, 137, 138, 255}); }
  std::uint8_t IcmpCode() { return Of(std::array<std::uint8_t, 3>{0, 1, 255}); }
  std::uint8_t Byte() { return static_cast<std::uint8_t>(engine_()); }

  MacAddress Mac() {
    MacAddress mac{{0x02, 0, 0, 0, 0, 0}};
    mac.bytes[Below(6)] = Of(std::array<std::uint8_t, 3>{0x00, 0x01, 0xff});
    return mac;
  }

  IpAddress Address(IpFamily family) {
    if (family == IpFamily::kIpv4) {
      IpAddress address{family, {169, 254, 169, Of(std::array<std::uint8_t, 5>{249, 250, 251, 254, 255})}};
      if (!OneIn(3)) address.bytes = {10, Below(2) != 0 ? std::uint8_t{1} : std::uint8_t{0}, 0, Byte()};
      return address;
    }
    IpAddress address{family, {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}};
    if (!OneIn(3)) address.bytes[Below(16)] = Byte();
    return address;
  }

 private:
  std::mt19937_64 engine_;
};

IpPrefix RandomPrefix(Chance& chance, IpFamily family) {
  const IpAddress address = chance.Address(family);
  const auto bits = static_cast<std::uint8_t>(address.Bits());
  const auto any = static_cast<std::uint8_t>(chance.Below(bits + 1U));
  return {address, chance.Of(std::array<std::uint8_t, 6>{0, 1, 8, static_cast<std::uint8_t>(bits - 1), bits, any})};
}

config::PortRange RandomPorts(Chance& chance) {
  switch (chance.Below(4)) {
    case 0: return {0, 65535};
    case 1: return {1024, 2047};  // one mask
    case 2: {
      const std::uint16_t port = chance.Port();
      return {port, port};
    }
    default: {
      const std::uint16_t a = chance.Port();
      const std::uint16_t b = chance.Port();
      return {std::min(a, b), std::max(a, b)};
    }
  }
}

void GiveVlans(Chance& chance, Rule& rule) {
  rule.untagged = chance.OneIn(3);
  for (std::uint32_t i = chance.Below(4); i > 0; --i) {
    const std::uint16_t a = chance.VlanId();
    const std::uint16_t b = chance.OneIn(2) ? a : chance.VlanId();
    rule.vlan_ids.push_back({std::min(a, b), std::max(a, b)});
  }
}

Rule RandomRule(Chance& chance, std::uint16_t number) {
  Rule rule;
  rule.number = number;
  rule.action = chance.OneIn(2) ? config::Action::kAccept : config::Action::kReject;
  const IpFamily family = chance.OneIn(2) ? IpFamily::kIpv4 : IpFamily::kIpv6;
  if (chance.OneIn(2)) rule.protocol = chance.Protocol();
  if (chance.OneIn(3)) rule.source = RandomPrefix(chance, family);
  if (chance.OneIn(3)) rule.destination = RandomPrefix(chance, family);
  if (chance.OneIn(4)) rule.source_ports = RandomPorts(chance);
  if (chance.OneIn(4)) rule.destination_ports = RandomPorts(chance);
  if (chance.OneIn(10)) rule.icmp_type = chance.IcmpType();
  if (chance.OneIn(12)) rule.icmp_code = chance.IcmpCode();
  if (chance.OneIn(10)) rule.source_mac = config::MacMatch{chance.Mac(), chance.Mac()};
  if (chance.OneIn(10))
    rule.destination_mac = config::MacMatch{chance.Mac(), MacAddress{{255, 255, 255, 255, 255, 255}}};
  if (chance.OneIn(5)) GiveVlans(chance, rule);
  if (chance.OneIn(8)) rule.ether_type = chance.EtherType();
  if (chance.OneIn(8)) rule.dscp = chance.Dscp();
  if (chance.OneIn(8)) rule.tcp_flags = config::TcpFlagsMatch{chance.Byte(), chance.Byte()};
  if (chance.OneIn(6)) rule.fragment = static_cast<config::Fragment>(1 + chance.Below(4));
  return rule;
}

std::vector<Rule> RandomRules(Chance& chance) {
  std::vector<Rule> rules;
  const std::uint32_t count = chance.Of(std::array<std::uint32_t, 6>{0, 1, 3, 8, 20, 60});
  for (std::uint32_t i = 0; i < count; ++i)
    rules.push_back(RandomRule(chance, static_cast<std::uint16_t>(10 * i + 10)));
  return rules;
}

Filter RandomFilter(Chance& chance) {
  Filter filter;
  for (std::uint8_t service = 1; service <= 6; ++service) {
    if (chance.OneIn(12)) filter.services.push_back(static_cast<config::Service>(service));
  }
  filter.inbound = RandomRules(chance);
  filter.outbound = RandomRules(chance);
  return filter;
}

// Clears what a parser would not have found, so that every key is one that a frame can give.
void Canonicalize(FlowKey& key) {
  const auto clear = [&key](unsigned flags) { key.flags = static_cast<std::uint16_t>(key.flags & ~flags); };
  if (key.Has(FlowKey::kRunt)) {
    key = FlowKey{};
    key.flags = FlowKey::kRunt;
    return;
  }
  if (key.Has(FlowKey::kIpv4)) clear(FlowKey::kIpv6);
  const bool ip = key.Has(FlowKey::kIpv4) || key.Has(FlowKey::kIpv6);
  if (ip) {
    key.flags = static_cast<std::uint16_t>(key.flags | FlowKey::kEtherType);
    key.ether_type = key.Has(FlowKey::kIpv4) ? 0x0800 : 0x86dd;
  } else {
    key.protocol = key.dscp = 0;
    key.source_ip = key.destination_ip = {};
    clear(FlowKey::kFragment);
  }
  if (!key.Has(FlowKey::kFragment)) clear(FlowKey::kLaterFragment);
  if (key.Has(FlowKey::kLaterFragment)) {
    clear(FlowKey::kSourcePort | FlowKey::kDestinationPort | FlowKey::kIcmpType | FlowKey::kIcmpCode |
          FlowKey::kTcpFlags);
  }
  if (key.Has(FlowKey::kIpv4)) {
    std::fill(key.source_ip.begin() + 4, key.source_ip.end(), std::uint8_t{0});
    std::fill(key.destination_ip.begin() + 4, key.destination_ip.end(), std::uint8_t{0});
  }
  const bool ports = ip && (key.protocol == 6 || key.protocol == 17 || key.protocol == 132);
  if (!ports) clear(FlowKey::kSourcePort | FlowKey::kDestinationPort);
  if (!(ip && key.protocol == 6)) clear(FlowKey::kTcpFlags);
  if (!(key.Has(FlowKey::kIpv4) && key.protocol == 1) && !(key.Has(FlowKey::kIpv6) && key.protocol == 58)) {
    clear(FlowKey::kIcmpType | FlowKey::kIcmpCode);
  }
  if (!key.Has(FlowKey::kEtherType)) key.ether_type = 0;
  if (!key.Has(FlowKey::kTagged)) key.vlan_id = 0;
  if (!key.Has(FlowKey::kSourcePort)) key.source_port = 0;
  if (!key.Has(FlowKey::kDestinationPort)) key.destination_port = 0;
  if (!key.Has(FlowKey::kTcpFlags)) key.tcp_flags = 0;
  if (!key.Has(FlowKey::kIcmpType)) key.icmp_type = 0;
  if (!key.Has(FlowKey::kIcmpCode)) key.icmp_code = 0;
}

FlowKey RandomKey(Chance& chance) {
  FlowKey key;
  key.destination_mac = chance.Mac();
  key.source_mac = chance.Mac();
  unsigned flags = chance.OneIn(100) ? unsigned{FlowKey::kRunt} : 0U;
  const IpFamily family = chance.OneIn(2) ? IpFamily::kIpv4 : IpFamily::kIpv6;
  if (!chance.OneIn(6)) flags |= family == IpFamily::kIpv4 ? FlowKey::kIpv4 : FlowKey::kIpv6;
  if (!chance.OneIn(3)) flags |= FlowKey::kEtherType;  // else LLC, or cut off
  if (chance.OneIn(2)) flags |= FlowKey::kTagged;
  // A later fragment, or a packet cut short, has none of these; one cut less short has some.
  const bool cut = chance.OneIn(4);
  if (!cut)
    flags |=
        FlowKey::kSourcePort | FlowKey::kDestinationPort | FlowKey::kIcmpType | FlowKey::kIcmpCode | FlowKey::kTcpFlags;
  if (chance.OneIn(4)) flags |= FlowKey::kFragment;
  if (cut && chance.OneIn(2)) flags |= FlowKey::kLaterFragment;
  if (cut && chance.OneIn(2)) flags |= FlowKey::kSourcePort | FlowKey::kIcmpType;
  key.flags = static_cast<std::uint16_t>(flags);
  key.ether_type = chance.EtherType();
  key.vlan_id = chance.VlanId();
  key.source_port = chance.Port();
  key.destination_port = chance.Port();
  key.protocol = chance.Protocol();
  key.dscp = chance.Dscp();
  key.tcp_flags = chance.Byte();
  key.icmp_type = chance.IcmpType();
  key.icmp_code = chance.IcmpCode();
  key.l3_offset = 14;
  key.l4_offset = cut ? 0 : 34;
  key.icmp_identifier = chance.Port();
  key.source_ip = chance.Address(family).bytes;
  key.destination_ip = chance.Address(family).bytes;
  Canonicalize(key);
  return key;
}

void SetBits(const IpPrefix& prefix, std::array<std::uint8_t, 16>& address) {
  for (unsigned bit = 0; bit < prefix.length; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> (bit % 8));
    address[bit / 8] = static_cast<std::uint8_t>((address[bit / 8] & ~mask) | (prefix.address.bytes[bit / 8] & mask));
  }
}

void SetBits(const config::MacMatch& match, MacAddress& mac) {
  for (std::size_t i = 0; i < 6; ++i) {
    mac.bytes[i] = static_cast<std::uint8_t>((mac.bytes[i] & ~match.mask.bytes[i]) |
                                             (match.address.bytes[i] & match.mask.bytes[i]));
  }
}

// A key that the rule matches, where one can; at an edge of its ranges.
FlowKey KeyFor(Chance& chance, const Rule& rule) {
  FlowKey key = RandomKey(chance);
  unsigned flags = key.flags & ~unsigned{FlowKey::kRunt};
  const auto set_family = [&flags](IpFamily family) {
    flags = (flags & ~unsigned{FlowKey::kIpv4 | FlowKey::kIpv6}) |
            (family == IpFamily::kIpv4 ? FlowKey::kIpv4 : FlowKey::kIpv6);
  };
  if (rule.protocol || rule.dscp || rule.fragment || rule.source_ports || rule.destination_ports || rule.tcp_flags ||
      rule.icmp_type) {
    set_family(chance.OneIn(2) ? IpFamily::kIpv4 : IpFamily::kIpv6);
  }
  if (rule.tcp_flags) key.protocol = 6;
  if (rule.source_ports || rule.destination_ports) key.protocol = chance.OneIn(2) ? 6 : 17;
  if (rule.icmp_type || rule.icmp_code) key.protocol = (flags & FlowKey::kIpv4) != 0 ? 1 : 58;
  if (rule.protocol) key.protocol = *rule.protocol;
  if (rule.source) set_family(rule.source->address.family), SetBits(*rule.source, key.source_ip);
  if (rule.destination) set_family(rule.destination->address.family), SetBits(*rule.destination, key.destination_ip);
  if (rule.source_ports) {
    flags |= FlowKey::kSourcePort;
    key.source_port = chance.OneIn(2) ? rule.source_ports->first : rule.source_ports->last;
  }
  if (rule.destination_ports) {
    flags |= FlowKey::kDestinationPort;
    key.destination_port = chance.OneIn(2) ? rule.destination_ports->first : rule.destination_ports->last;
  }
  if (rule.icmp_type) flags |= FlowKey::kIcmpType, key.icmp_type = *rule.icmp_type;
  if (rule.icmp_code) flags |= FlowKey::kIcmpCode, key.icmp_code = *rule.icmp_code;
  if (rule.source_mac) SetBits(*rule.source_mac, key.source_mac);
  if (rule.destination_mac) SetBits(*rule.destination_mac, key.destination_mac);
  if (rule.ether_type) flags |= FlowKey::kEtherType, key.ether_type = *rule.ether_type;
  if (rule.dscp) key.dscp = *rule.dscp;
  if (rule.tcp_flags) {
    flags |= FlowKey::kTcpFlags;
    key.tcp_flags = static_cast<std::uint8_t>((key.tcp_flags & ~rule.tcp_flags->mask) |
                                              (rule.tcp_flags->value & rule.tcp_flags->mask));
  }
  if (rule.fragment) {
    flags &= ~unsigned{FlowKey::kFragment | FlowKey::kLaterFragment};
    if (*rule.fragment != config::Fragment::kNo) flags |= FlowKey::kFragment;
    const bool either = *rule.fragment == config::Fragment::kAny && chance.OneIn(2);
    if (*rule.fragment == config::Fragment::kLater || either) flags |= FlowKey::kLaterFragment;
  }
  if (rule.untagged && (rule.vlan_ids.empty() || chance.OneIn(2))) {
    flags &= ~unsigned{FlowKey::kTagged};
  } else if (!rule.vlan_ids.empty()) {
    flags |= FlowKey::kTagged;
    const auto& range = rule.vlan_ids[chance.Below(static_cast<std::uint32_t>(rule.vlan_ids.size()))];
    key.vlan_id = chance.OneIn(2) ? range.first : range.last;
  }
  key.flags = static_cast<std::uint16_t>(flags);
  Canonicalize(key);
  return key;
}

// Moves the key one step over an edge.
void Nudge(Chance& chance, FlowKey& key) {
  switch (chance.Below(8)) {
    case 0: ++key.source_port; break;
    case 1: --key.source_port; break;
    case 2: ++key.destination_port; break;
    case 3: --key.destination_port; break;
    case 4: key.vlan_id = static_cast<std::uint16_t>((key.vlan_id + 1) & 0xfff); break;
    case 5: key.flags = static_cast<std::uint16_t>(key.flags ^ (1U << chance.Below(13))); break;
    case 6: key.source_ip[chance.Below(16)] ^= static_cast<std::uint8_t>(1U << chance.Below(8)); break;
    default: key.destination_ip[chance.Below(16)] ^= static_cast<std::uint8_t>(1U << chance.Below(8)); break;
  }
  Canonicalize(key);
}

// Keys of which most are built to match one of the rules, or to miss it by one step.
std::vector<FlowKey> KeysFor(Chance& chance, const std::vector<const Filter*>& tuple, Direction direction, int count) {
  std::vector<FlowKey> keys;
  for (int i = 0; i < count; ++i) {
    const auto& rules = RulesOf(*tuple[chance.Below(static_cast<std::uint32_t>(tuple.size()))], direction);
    FlowKey key = rules.empty() || chance.OneIn(4)
                      ? RandomKey(chance)
                      : KeyFor(chance, rules[chance.Below(static_cast<std::uint32_t>(rules.size()))]);
    if (chance.OneIn(4)) Nudge(chance, key);
    keys.push_back(key);
  }
  return keys;
}

struct Tally {
  int pairs = 0;
  int matched = 0;
  int rejected = 0;
  int by_service = 0;
  int beyond_first_slot = 0;
};

void ExpectSameVerdicts(const std::vector<const Filter*>& tuple, Direction direction, const std::vector<FlowKey>& keys,
                        Tally& tally) {
  const auto policy = CompilePolicy(tuple, direction);
  std::vector<Verdict> verdicts(keys.size());
  policy->Classify(keys, verdicts);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const NaiveVerdict expected = NaiveJudge(tuple, direction, keys[i]);
    NaiveVerdict got{.outcome = verdicts[i].outcome, .slot = verdicts[i].slot, .origin = {}};
    if (got.outcome != Outcome::kNone) got.origin = policy->OriginOf(verdicts[i]);
    ASSERT_EQ(got, expected) << "seed " << kSeed << ", key " << i << ": rule " << got.origin.number << " of slot "
                             << int{got.slot} << ", should be " << expected.origin.number << " of slot "
                             << int{expected.slot};
    ++tally.pairs;
    tally.matched += expected.outcome != Outcome::kNone ? 1 : 0;
    tally.rejected += expected.outcome == Outcome::kReject ? 1 : 0;
    tally.by_service += expected.outcome != Outcome::kNone && expected.origin.number == 0 ? 1 : 0;
    tally.beyond_first_slot += expected.slot > 0 ? 1 : 0;
  }
}

TEST(FirstMatch, AgreesWithTheNaiveReadingForRandomFiltersAndKeys) {
  Chance chance(kSeed);
  Tally tally;
  for (int round = 0; round < 2'500 && !HasFatalFailure(); ++round) {
    std::vector<Filter> filters;
    const std::uint32_t slots = 1 + (chance.OneIn(2) ? 0U : chance.Below(16));
    for (std::uint32_t i = 0; i < slots; ++i) filters.push_back(RandomFilter(chance));
    std::vector<const Filter*> tuple;
    for (const Filter& filter : filters) tuple.push_back(&filter);
    const Direction direction = chance.OneIn(2) ? Direction::kInbound : Direction::kOutbound;
    SCOPED_TRACE(round);
    ExpectSameVerdicts(tuple, direction, KeysFor(chance, tuple, direction, 64), tally);
  }
  EXPECT_GE(tally.pairs, 100'000);
  EXPECT_GE(tally.matched, tally.pairs / 3);
  EXPECT_GE(tally.rejected, tally.pairs / 10);
  EXPECT_GE(tally.by_service, 1'000);
  EXPECT_GE(tally.beyond_first_slot, 5'000);
}

TEST(FirstMatch, AgreesWithTheNaiveReadingForTenThousandRules) {
  Chance chance(kSeed + 1);
  Filter filter;
  for (std::uint16_t i = 1; i <= 10'000; ++i) {
    Rule rule = RandomRule(chance, i);
    // The rules are specific, so that keys reach the deep ones.
    rule.protocol = chance.OneIn(2) ? 6 : 17;
    rule.destination = IpPrefix{chance.Address(IpFamily::kIpv4), 32};
    rule.destination->address.bytes[2] = chance.Byte();
    if (rule.source) rule.source = RandomPrefix(chance, IpFamily::kIpv4);
    rule.icmp_type.reset();
    rule.icmp_code.reset();
    filter.inbound.push_back(rule);
  }
  const std::vector<const Filter*> tuple{&filter};
  Tally tally;
  ExpectSameVerdicts(tuple, Direction::kInbound, KeysFor(chance, tuple, Direction::kInbound, 2'000), tally);
  EXPECT_GE(tally.matched, tally.pairs / 3);
}

}  // namespace
}  // namespace heliostat::rules
