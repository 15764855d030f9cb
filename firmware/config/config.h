// The mirror model as plain values: what the user asked for, nothing resolved or compiled.
//
// A Config is built once (codec), checked once (config/validate.h), then never changed; share it by
// `std::shared_ptr<const Config>`. Names are unique per kind. Vectors are in ascending order of name (resources),
// number (rules); a reference to another resource is by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"

namespace heliostat::config {

enum class InterfaceKind : std::uint8_t { kVm = 1, kNfv = 2, kEdge = 3 };
enum class Direction : std::uint8_t { kInbound = 0, kOutbound = 1 };  // seen from the source interface
enum class DirectionSet : std::uint8_t { kAll = 1, kInbound = 2, kOutbound = 3 };
inline constexpr std::array<Direction, 2> kDirections{Direction::kInbound, Direction::kOutbound};
constexpr bool Covers(DirectionSet set, Direction direction) {
  if (set == DirectionSet::kAll) return true;
  return (set == DirectionSet::kInbound) == (direction == Direction::kInbound);
}
constexpr std::size_t CountOf(DirectionSet set) { return set == DirectionSet::kAll ? 2 : 1; }
enum class Action : std::uint8_t { kAccept = 1, kReject = 2 };
enum class Service : std::uint8_t { kDns = 1, kDhcp = 2, kNtp = 3, kArp = 4, kMetadata = 5, kActivation = 6 };
enum class Encapsulation : std::uint8_t {
  kNone = 1,
  kVlan = 2,
  kVxlan = 3,
  kErspan1 = 4,
  kErspan2 = 5,
  kErspan3 = 6,
  kGeneve = 7
};
constexpr bool IsTunnel(Encapsulation encapsulation) {
  return encapsulation != Encapsulation::kNone && encapsulation != Encapsulation::kVlan;
}
// ERSPAN II and III: their header has a session ID and a sequence.
constexpr bool HasErspanHeader(Encapsulation encapsulation) {
  return encapsulation == Encapsulation::kErspan2 || encapsulation == Encapsulation::kErspan3;
}

// Which IP packets a rule asks for: whole ones, first fragments, later ones, or (kAny) fragments of either kind.
enum class Fragment : std::uint8_t { kNo = 1, kFirst = 2, kLater = 3, kAny = 4 };

enum class SamplingMode : std::uint8_t { kPackets = 1, kFlows = 2 };

inline constexpr std::uint8_t kTiers = 4;

struct Tag {
  std::string key{};
  std::string value{};
  friend bool operator==(const Tag&, const Tag&) = default;
};

struct Metadata {
  std::string name{};
  std::string description{};
  std::vector<Tag> tags{};
  std::string owner{};  // empty: the admin's
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// An interface as the board describes it: the card knows it, and it is not part of a pushed configuration.
struct Interface {
  std::string name{};
  InterfaceKind kind = InterfaceKind::kVm;
  std::uint32_t number = 0;  // 1..0xfffff, unique on the card; ERSPAN's index
  MacAddress mac{};
  IpAddress primary_ipv4{};  // family kNone: has none
  IpAddress primary_ipv6{};
  std::uint16_t mtu = 1500;  // bytes of IP packet
  // The longest frame that the port sends. It may be `send_tag_bytes` longer when its outermost tag is 802.1Q.
  std::uint32_t max_send_bytes = 0xffffffff;
  std::uint32_t send_tag_bytes = 0;
  friend bool operator==(const Interface&, const Interface&) = default;
};

// An interface's labels and owner, and what is never mirrored there. An admin sets them.
struct InterfaceSettings {
  std::string name{};
  std::string owner{};
  std::vector<Tag> tags{};
  std::string excluded{};  // a filter's name: no session mirrors what it accepts; empty: none
  friend bool operator==(const InterfaceSettings&, const InterfaceSettings&) = default;
};

struct Route {
  IpPrefix destination{};  // no host bits
  IpAddress gateway{};
  friend bool operator==(const Route&, const Route&) = default;
};

struct Neighbour {
  IpAddress address{};
  MacAddress mac{};
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

// How copies leave one edge interface.
struct Underlay {
  std::string interface {};
  std::vector<IpPrefix> addresses{};  // tunnel addresses with their on-link prefix
  std::vector<IpAddress> gateways{};  // default routes, at most one a family
  std::vector<Route> routes{};
  std::vector<Neighbour> neighbours{};
  std::uint16_t mtu = 0;  // 0: the interface's
  std::optional<std::uint16_t> vlan_id{};
  friend bool operator==(const Underlay&, const Underlay&) = default;
};

struct Target {
  Metadata metadata{};
  std::vector<std::string> shared_with{};
  Encapsulation encapsulation = Encapsulation::kVxlan;  // the default for its shape is filled in by the codec
  IpAddress remote{};                                   // family kNone: no remote address
  std::string interface {};                             // egress interface; empty: routed
  std::optional<std::uint16_t> vlan_id{};               // outer 802.1Q, 1..4094
  std::uint16_t mtu = 0;                                // of the outer IP packet; 0: the egress interface's
  std::uint8_t dscp = 0;                                // 0..63
  std::uint8_t ttl = 64;                                // 1..255
  std::optional<bool> udp_checksum{};                   // absent: off over IPv4, on over IPv6
  bool platform_subheader = false;                      // ERSPAN III: nanoseconds in an 8-byte subheader
  bool group = false;                  // has members; the fields from `encapsulation` on keep their defaults
  std::vector<std::string> members{};  // names of targets, in the order given
  friend bool operator==(const Target&, const Target&) = default;
};

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;
  friend bool operator==(const PortRange&, const PortRange&) = default;
};

struct VlanRange {
  std::uint16_t first = 0;  // 0..4095
  std::uint16_t last = 0;
  friend bool operator==(const VlanRange&, const VlanRange&) = default;
};

struct MacMatch {
  MacAddress address{};
  MacAddress mask{};
  friend bool operator==(const MacMatch&, const MacMatch&) = default;
};

struct TcpFlagsMatch {
  std::uint8_t value = 0;
  std::uint8_t mask = 0;
  friend bool operator==(const TcpFlagsMatch&, const TcpFlagsMatch&) = default;
};

// An absent field matches every frame. All present fields must match.
struct Rule {
  std::uint16_t number = 0;  // 1..65535, unique in its list
  Action action = Action::kAccept;
  std::optional<std::uint8_t> protocol{};
  std::optional<IpPrefix> source{};
  std::optional<IpPrefix> destination{};
  std::optional<PortRange> source_ports{};
  std::optional<PortRange> destination_ports{};
  std::optional<std::uint8_t> icmp_type{};
  std::optional<std::uint8_t> icmp_code{};
  std::optional<MacMatch> source_mac{};
  std::optional<MacMatch> destination_mac{};
  std::vector<VlanRange> vlan_ids{};  // empty and !untagged: any
  bool untagged = false;              // untagged frames match too (or only, when vlan_ids is empty)
  std::optional<std::uint16_t> ether_type{};
  std::optional<std::uint8_t> dscp{};
  std::optional<TcpFlagsMatch> tcp_flags{};
  std::optional<Fragment> fragment{};
  std::string description{};
  friend bool operator==(const Rule&, const Rule&) = default;
};

struct Filter {
  Metadata metadata{};
  std::vector<Service> services{};
  std::vector<Rule> inbound{};
  std::vector<Rule> outbound{};
  friend bool operator==(const Filter&, const Filter&) = default;
};

struct RateLimit {
  std::uint64_t packets_per_second = 0;  // one of the two is not 0
  std::uint64_t bits_per_second = 0;     // of encapsulated bytes
  std::uint64_t burst = 0;               // packets or bits; 0: 10 ms of the rate, at least one largest packet
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

struct Session {
  Metadata metadata{};
  std::uint16_t number = 0;  // 1..32766, unique per source
  std::uint8_t tier = 0;     // 0..kTiers-1: each tier is judged by itself
  bool enabled = true;
  std::vector<std::string> sources{};
  std::string filter{};
  std::string target{};
  DirectionSet direction = DirectionSet::kAll;
  std::optional<std::uint32_t> tunnel_id{};  // VNI (24 bits) or ERSPAN session ID (0..1023); absent: picked by the card
  std::uint16_t packet_length = 0;           // 0: whole; else >= 35
  std::uint16_t sample_hundredths = 10000;   // 0..10000: percent in steps of 0.01
  SamplingMode sampling = SamplingMode::kPackets;
  std::optional<RateLimit> rate_limit{};
  bool forwarded_only = false;
  friend bool operator==(const Session&, const Session&) = default;
};

// The VNI or ERSPAN session ID that the card has picked for a session that names none.
struct PickedId {
  std::string session{};
  std::uint32_t tunnel_id = 0;
  friend bool operator==(const PickedId&, const PickedId&) = default;
};

struct Config {
  std::vector<InterfaceSettings> interfaces{};
  std::vector<Underlay> underlays{};
  std::vector<Target> targets{};
  std::vector<Filter> filters{};
  std::vector<Session> sessions{};
  std::vector<PickedId> picked_ids{};  // by session; PickTunnelIds makes them, nobody owns them
  friend bool operator==(const Config&, const Config&) = default;
};

// What one card can hold; from the board, with these defaults.
struct Limits {
  std::uint32_t sessions = 10'000;
  std::uint32_t targets = 10'000;
  std::uint32_t filters = 10'000;
  std::uint32_t rules_per_list = 10'000;
  std::uint32_t rules = 200'000;
  std::uint32_t sessions_per_source = 16;
  std::uint32_t sources_per_session = 1'024;
  std::uint32_t session_sources = 65'536;
  std::uint32_t interfaces = 1'024;
  std::uint32_t members_per_group = 256;
  friend bool operator==(const Limits&, const Limits&) = default;
};

// For a configuration that a card has accepted before: it was held to that card's limits then.
inline constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();
inline constexpr Limits kNoLimits = {kNoLimit, kNoLimit, kNoLimit, kNoLimit, kNoLimit,
                                     kNoLimit, kNoLimit, kNoLimit, kNoLimit, kNoLimit};
static_assert(sizeof(Limits) == 10 * sizeof(kNoLimit), "every one of them is named above");

}  // namespace heliostat::config
