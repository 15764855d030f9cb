#include "unit/codec/random_config.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace heliostat::codec {
namespace {

class Maker {
 public:
  explicit Maker(std::mt19937* random) : random_(*random) {}

  std::uint32_t Below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }
  bool Often() { return Below(3) != 0; }
  bool Seldom() { return Below(8) == 0; }

  std::string Text(std::uint32_t most) { return Often() ? std::string() : std::string(Below(most + 1), 'x'); }
  std::string Owner() { return std::vector<std::string>{"", "alice", "bob"}[Below(3)]; }

  std::vector<config::Tag> Tags() {
    std::vector<config::Tag> tags;
    for (std::uint32_t i = Seldom() ? Below(17) : 0; i > 0; --i) tags.push_back({"k" + std::to_string(i), Text(128)});
    return tags;
  }
  config::Metadata Metadata(const std::string& name) {
    return {.name = name, .description = Text(256), .tags = Tags(), .owner = Owner()};
  }

  IpAddress Address() {
    IpAddress address{.family = Often() ? IpFamily::kIpv4 : IpFamily::kIpv6};
    for (unsigned i = 0; i < address.Bits() / 8; ++i) address.bytes[i] = static_cast<std::uint8_t>(Below(256));
    return address;
  }
  IpPrefix Prefix() {
    const IpAddress address = Address();
    return {address, static_cast<std::uint8_t>(Below(address.Bits() + 1))};
  }
  MacAddress Mac() {
    MacAddress mac;
    for (auto& byte : mac.bytes) byte = static_cast<std::uint8_t>(Below(256));
    return mac;
  }
  std::uint16_t Number(std::uint32_t most) { return static_cast<std::uint16_t>(Below(most + 1)); }
  template <typename Value>
  std::optional<Value> Maybe(Value value) {
    return Seldom() ? std::optional<Value>(value) : std::nullopt;
  }
  template <typename Enum>
  Enum OneOf(std::uint32_t most) {
    return static_cast<Enum>(1 + Below(most));
  }

  config::Rule Rule(std::uint16_t number) {
    config::Rule rule{.number = number,
                      .action = OneOf<config::Action>(2),
                      .protocol = Maybe(static_cast<std::uint8_t>(Number(255))),
                      .source = Maybe(Prefix()),
                      .destination = Maybe(Prefix()),
                      .source_ports = Maybe(config::PortRange{Number(65535), Number(65535)}),
                      .destination_ports = Maybe(config::PortRange{Number(65535), Number(65535)}),
                      .icmp_type = Maybe(static_cast<std::uint8_t>(Number(255))),
                      .icmp_code = Maybe(static_cast<std::uint8_t>(Number(255))),
                      .source_mac = Maybe(config::MacMatch{Mac(), Mac()}),
                      .destination_mac = Maybe(config::MacMatch{Mac(), Mac()}),
                      .untagged = Seldom(),
                      .ether_type = Maybe(Number(65535)),
                      .dscp = Maybe(static_cast<std::uint8_t>(Number(63))),
                      .tcp_flags = Maybe(config::TcpFlagsMatch{1, 3}),
                      .fragment = Maybe(OneOf<config::Fragment>(4)),
                      .description = Text(128)};
    for (std::uint32_t i = Seldom() ? Below(9) : 0; i > 0; --i) rule.vlan_ids.push_back({Number(4095), Number(4095)});
    return rule;
  }
  std::vector<config::Rule> Rules() {
    const std::uint32_t count = Seldom() ? Below(200) : Below(5);
    std::set<std::uint16_t> numbers;
    for (std::uint32_t i = 0; i < count; ++i) numbers.insert(static_cast<std::uint16_t>(1 + Below(300)));
    std::vector<config::Rule> rules;
    for (const std::uint16_t number : numbers) rules.push_back(Rule(number));
    return rules;
  }
  // Each once, in any order.
  std::vector<std::string> Names(std::uint32_t most) {
    std::vector<std::string> names;
    for (std::uint32_t i = Below(most + 1); i > 0; --i) names.push_back("i" + std::to_string(i));
    std::shuffle(names.begin(), names.end(), random_);
    return names;
  }

  config::InterfaceSettings Interface(const std::string& name) {
    return {.name = name, .owner = Owner(), .tags = Tags(), .excluded = Often() ? "" : "f1"};
  }
  config::Underlay Underlay(const std::string& name) {
    config::Underlay underlay{.interface = name, .mtu = Number(65535), .vlan_id = Maybe(Number(4094))};
    for (std::uint32_t i = Below(9); i > 0; --i) underlay.addresses.push_back(Prefix());
    for (std::uint32_t i = Below(3); i > 0; --i) underlay.gateways.push_back(Address());
    for (std::uint32_t i = Seldom() ? Below(65) : 0; i > 0; --i) underlay.routes.push_back({Prefix(), Address()});
    for (std::uint32_t i = Seldom() ? Below(129) : 0; i > 0; --i) underlay.neighbours.push_back({Address(), Mac()});
    return underlay;
  }
  config::Target Target(const std::string& name) {
    config::Target target{.metadata = Metadata(name)};
    for (std::uint32_t i = Seldom() ? Below(17) : 0; i > 0; --i) target.shared_with.push_back("o" + std::to_string(i));
    target.group = Seldom();
    if (target.group) {
      target.members = Names(150);
      return target;
    }
    target.encapsulation = OneOf<config::Encapsulation>(7);
    if (Often()) target.remote = Address();
    if (Seldom()) target.interface = "wire1";
    target.vlan_id = Maybe(Number(4094));
    target.mtu = Number(9000);
    target.dscp = static_cast<std::uint8_t>(Number(63));
    target.ttl = static_cast<std::uint8_t>(1 + Number(254));
    target.udp_checksum = Maybe(Often());
    target.platform_subheader = Seldom();
    return target;
  }
  config::Filter Filter(const std::string& name) {
    config::Filter filter{.metadata = Metadata(name), .inbound = Rules(), .outbound = Rules()};
    for (std::uint32_t i = Below(7); i > 0; --i) filter.services.push_back(static_cast<config::Service>(i));
    return filter;
  }
  config::Session Session(const std::string& name) {
    return {.metadata = Metadata(name),
            .number = Number(32766),
            .tier = static_cast<std::uint8_t>(Below(config::kTiers)),
            .enabled = Often(),
            .sources = Names(Seldom() ? 150 : 5),
            .filter = "f1",
            .target = Often() ? "t1" : "t2",
            .direction = OneOf<config::DirectionSet>(3),
            .tunnel_id = Maybe(std::uint32_t{0xffffff}),
            .packet_length = Number(65535),
            .sample_hundredths = Often() ? std::uint16_t{10'000} : Number(10'000),
            .sampling = OneOf<config::SamplingMode>(2),
            .rate_limit = Maybe(config::RateLimit{~0ULL, 1, 2}),
            .forwarded_only = Seldom()};
  }

  template <typename Resource>
  std::vector<Resource> Some(const char* prefix, Resource (Maker::*make)(const std::string&)) {
    std::vector<Resource> resources;
    for (std::uint32_t i = 0; i < 6; ++i) {
      if (Below(2) == 0) resources.push_back((this->*make)(prefix + std::to_string(i)));
    }
    return resources;
  }

  // Drops, adds or makes anew one by one; names stay sorted.
  template <typename Resource>
  void Change(std::vector<Resource>* resources, const char* prefix, Resource (Maker::*make)(const std::string&)) {
    std::vector<Resource> fresh = Some(prefix, make);
    if (Seldom()) *resources = std::move(fresh);
    if (!resources->empty() && Seldom()) resources->erase(resources->begin() + Below(Size(*resources)));
    if (!resources->empty() && Seldom()) resources->pop_back();
  }
  template <typename List>
  static std::uint32_t Size(const List& list) {
    return static_cast<std::uint32_t>(list.size());
  }

  void ChangeRules(std::vector<config::Rule>* rules) {
    if (rules->empty()) return;
    const std::uint32_t at = Below(Size(*rules));
    if (Seldom())
      rules->erase(rules->begin() + at);
    else
      (*rules)[at] = Rule((*rules)[at].number);
  }
  // Some stay, some go, some are drawn.
  void ChangePicks(config::Config* config) {
    std::vector<config::PickedId> earlier = std::move(config->picked_ids);
    config->picked_ids.clear();
    for (const config::Session& session : config->sessions) {
      const auto same = std::ranges::find(earlier, session.metadata.name, &config::PickedId::session);
      if (same != earlier.end() && Often()) {
        config->picked_ids.push_back(*same);
      } else if (Often()) {
        config->picked_ids.push_back({session.metadata.name, Below(1U << 24U)});
      }
    }
  }
  void ChangeNames(std::vector<std::string>* names) {
    if (!names->empty() && Often()) names->erase(names->begin() + Below(Size(*names)));
    if (Often()) names->insert(names->begin() + Below(Size(*names) + 1), "new");
    if (Seldom()) std::shuffle(names->begin(), names->end(), random_);
  }

 private:
  std::mt19937& random_;
};

}  // namespace

config::Config RandomConfig(std::mt19937* random) {
  Maker maker(random);
  config::Config config{.interfaces = maker.Some("i", &Maker::Interface),
                        .underlays = maker.Some("w", &Maker::Underlay),
                        .targets = maker.Some("t", &Maker::Target),
                        .filters = maker.Some("f", &Maker::Filter),
                        .sessions = maker.Some("s", &Maker::Session),
                        .picked_ids = {}};
  maker.ChangePicks(&config);
  return config;
}

config::Config RandomlyChanged(const config::Config& config, std::mt19937* random) {
  Maker maker(random);
  config::Config changed = config;
  maker.Change(&changed.interfaces, "i", &Maker::Interface);
  maker.Change(&changed.underlays, "w", &Maker::Underlay);
  maker.Change(&changed.targets, "t", &Maker::Target);
  maker.Change(&changed.filters, "f", &Maker::Filter);
  maker.Change(&changed.sessions, "s", &Maker::Session);
  for (config::Target& target : changed.targets) {
    if (target.group && maker.Often()) maker.ChangeNames(&target.members);
    if (maker.Seldom()) target.metadata = maker.Metadata(target.metadata.name);
    if (maker.Seldom()) target = maker.Target(target.metadata.name);
  }
  for (config::Filter& filter : changed.filters) {
    if (maker.Often()) maker.ChangeRules(&filter.inbound);
    if (maker.Seldom()) maker.ChangeRules(&filter.outbound);
    if (maker.Seldom()) filter.outbound = maker.Rules();
    if (maker.Seldom()) filter.metadata = maker.Metadata(filter.metadata.name);
  }
  for (config::Session& session : changed.sessions) {
    if (maker.Seldom()) session.enabled = !session.enabled;
    if (maker.Seldom()) session.tier = static_cast<std::uint8_t>(maker.Below(config::kTiers));
    if (maker.Seldom() && std::ranges::count(session.sources, "new") == 0) maker.ChangeNames(&session.sources);
  }
  maker.ChangePicks(&changed);
  return changed;
}

}  // namespace heliostat::codec
