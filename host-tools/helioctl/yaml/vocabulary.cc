#include "helioctl/yaml/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/bounds.h"
#include "config/check.h"
#include "config/config.h"
#include "helioctl/cli/spelling.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {
namespace {

// Only keeps a hostile file from being taken apart item by item: a card has limits of its own.
constexpr std::size_t kMostRules = 1'000'000;
constexpr std::size_t kMostReferences = 65'536;

constexpr std::uint64_t kMostVlanId = 4094;        // 0 and 4095 are reserved (IEEE 802.1Q)
constexpr std::uint64_t kLeastEtherType = 0x0600;  // smaller values are lengths (IEEE 802.3)
constexpr std::uint64_t kMostVni = 0xffffff;
constexpr std::uint64_t kMostPacketsPerSecond = 10'000'000'000;
constexpr std::uint64_t kMostBitsPerSecond = 10'000'000'000'000;

constexpr std::array<Word, 1> kVersions{{{"heliostat/v1", 0}}};
constexpr std::array<Word, 7> kEncapsulations{{{"vxlan", v1::VXLAN},
                                               {"erspan1", v1::ERSPAN1},
                                               {"erspan2", v1::ERSPAN2},
                                               {"erspan3", v1::ERSPAN3},
                                               {"geneve", v1::GENEVE},
                                               {"vlan", v1::VLAN},
                                               {"none", v1::NONE}}};
constexpr std::array<Word, 6> kServices{{{"dns", v1::DNS},
                                         {"dhcp", v1::DHCP},
                                         {"ntp", v1::NTP},
                                         {"arp", v1::ARP},
                                         {"metadata", v1::METADATA},
                                         {"activation", v1::ACTIVATION}}};
constexpr std::array<Word, 2> kActions{{{"accept", v1::ACCEPT}, {"reject", v1::REJECT}}};
// IANA's numbers.
constexpr std::array<Word, 10> kProtocols{{{"tcp", 6},
                                           {"udp", 17},
                                           {"icmp", 1},
                                           {"icmpv6", 58},
                                           {"sctp", 132},
                                           {"gre", 47},
                                           {"esp", 50},
                                           {"ah", 51},
                                           {"igmp", 2},
                                           {"all", -1}}};
constexpr std::array<Word, 3> kEtherTypes{{{"arp", 0x0806}, {"ipv4", 0x0800}, {"ipv6", 0x86dd}}};
constexpr std::array<Word, 1> kUntagged{{{"untagged", 0}}};
constexpr std::array<Word, 4> kFragments{
    {{"no", v1::NO}, {"first", v1::FIRST}, {"later", v1::LATER}, {"any", v1::ANY}}};
constexpr std::array<Word, 3> kDirections{{{"all", v1::ALL}, {"inbound", v1::INBOUND}, {"outbound", v1::OUTBOUND}}};
constexpr std::array<Word, 2> kSamplingModes{{{"packets", v1::PACKETS}, {"flows", v1::FLOWS}}};

constexpr Field kName{.name = "name",
                      .shape = Shape::kName,
                      .help = "what it is called: unique in its kind",
                      .missing = "give the resource a name",
                      .type = "NAME"};
constexpr Field kDescription{.name = "description",
                             .shape = Shape::kText,
                             .help = "one line for people",
                             .most = config::kMaxDescriptionBytes,
                             .type = "TEXT"};
constexpr Field kTags{.name = "tags",
                      .shape = Shape::kTags,
                      .help = "keys with values, to select by",
                      .most_items = config::kMaxTags,
                      .flag = "tag",
                      .type = "KEY=VALUE"};
constexpr Field kOwner{.name = "owner",
                       .shape = Shape::kText,
                       .help = "whose it is; only an admin gives it to another",
                       .most = config::kMaxNameBytes,
                       .otherwise = "the admin",
                       .type = "OWNER"};

constexpr std::array<Field, 4> kMetadata{kName, kDescription, kTags, kOwner};
constexpr std::array<Field, 3> kInterfaceMetadata{kName, kTags, kOwner};
constexpr std::array<Field, 1> kUnderlayMetadata{{
    {.name = "name",
     .shape = Shape::kName,
     .help = "of the edge interface",
     .missing = "give the resource a name",
     .wire = "interface",
     .type = "NAME"},
}};

constexpr std::array<Field, 1> kInterface{{
    {.name = "excluded",
     .shape = Shape::kName,
     .help = "a filter: what it accepts at this interface, no session mirrors",
     .otherwise = "nothing",
     .type = "FILTER"},
}};

constexpr std::array<Field, 2> kRoute{{
    {.name = "destination",
     .shape = Shape::kPrefix,
     .help = "the network that it leads to",
     .missing = "give a prefix such as 10.50.0.0/16"},
    {.name = "gateway", .shape = Shape::kAddress, .help = "the next hop", .missing = "give the next hop's address"},
}};

constexpr std::array<Field, 2> kNeighbour{{
    {.name = "address",
     .shape = Shape::kAddress,
     .help = "of the neighbour",
     .missing = "give the neighbour's IP address"},
    {.name = "mac",
     .shape = Shape::kMac,
     .help = "where frames for it go",
     .missing = "give the neighbour's MAC address"},
}};

constexpr std::array<Field, 6> kUnderlay{{
    {.name = "addresses",
     .shape = Shape::kTunnelAddress,
     .help = "tunnel addresses of the card on this interface",
     .most_items = config::kMaxUnderlayAddresses,
     .missing = "give at least one tunnel address such as 10.9.0.1/24",
     .empty = "give at least one tunnel address such as 10.9.0.1/24"},
    {.name = "gateways",
     .shape = Shape::kAddress,
     .help = "default routes, at most one a family",
     .most_items = config::kMaxGateways,
     .otherwise = "none"},
    {.name = "routes",
     .shape = Shape::kMapping,
     .help = "networks behind other gateways",
     .fields = kRoute,
     .most_items = config::kMaxRoutes,
     .otherwise = "none"},
    {.name = "neighbours",
     .shape = Shape::kMapping,
     .help = "MAC addresses that are not asked for",
     .fields = kNeighbour,
     .most_items = config::kMaxNeighbours,
     .otherwise = "none"},
    {.name = "mtu",
     .shape = Shape::kNumber,
     .help = "of the outer IP packet in bytes",
     .least = config::kMinMtu,
     .most = 65535,
     .otherwise = "the interface's"},
    {.name = "vlanId",
     .shape = Shape::kNumber,
     .help = "802.1Q tag of all that leaves for a tunnel",
     .least = 1,
     .most = kMostVlanId,
     .otherwise = "untagged"},
}};

constexpr std::array<Field, 11> kTarget{{
    {.name = "encapsulation",
     .shape = Shape::kWord,
     .help = "how copies are wrapped",
     .words = kEncapsulations,
     .otherwise = "vxlan with a remote, erspan2 with remote and interface, vlan with interface and vlanId, else none"},
    {.name = "remote", .shape = Shape::kAddress, .help = "where copies go", .type = "ADDRESS"},
    {.name = "interface",
     .shape = Shape::kName,
     .help = "the interface that copies leave by",
     .otherwise = "routed",
     .type = "INTERFACE"},
    {.name = "vlanId",
     .shape = Shape::kNumber,
     .help = "outer 802.1Q tag of the copies",
     .least = 1,
     .most = kMostVlanId,
     .otherwise = "untagged"},
    {.name = "mtu",
     .shape = Shape::kNumber,
     .help = "of the outer IP packet in bytes; what does not fit is cut, and counted as sent_cut",
     .least = config::kMinMtu,
     .most = 65535,
     .otherwise = "the egress interface's"},
    {.name = "dscp", .shape = Shape::kNumber, .help = "of the outer IP packet", .most = 63, .otherwise = "0"},
    {.name = "ttl",
     .shape = Shape::kNumber,
     .help = "of the outer IP packet",
     .least = 1,
     .most = 255,
     .otherwise = "64"},
    {.name = "udpChecksum",
     .shape = Shape::kTruth,
     .help = "vxlan, geneve: compute the outer UDP checksum",
     .otherwise = "over IPv6 alone"},
    {.name = "platformSubheader",
     .shape = Shape::kTruth,
     .help = "erspan3: nanoseconds in 8 more bytes",
     .otherwise = "false"},
    {.name = "sharedWith",
     .shape = Shape::kText,
     .help = "owners who may use it too",
     .most = config::kMaxNameBytes,
     .most_items = config::kMaxSharedWith,
     .otherwise = "nobody",
     .flag = "shared-with",
     .type = "OWNER"},
    {.name = "members",
     .shape = Shape::kName,
     .help = "makes it a group: targets that share the flows; beside it stands sharedWith alone",
     .most_items = kMostReferences,
     .empty = "name at least one target",
     .unique = true,
     .flag = "member",
     .type = "TARGET"},
}};

constexpr std::array<Field, 2> kTcpFlags{{
    {.name = "value",
     .shape = Shape::kNumber,
     .help = "the flags' bits: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32",
     .most = 255,
     .missing = "give the flags' bits, such as 0x02 for SYN"},
    {.name = "mask",
     .shape = Shape::kNumber,
     .help = "the bits that are looked at",
     .most = 255,
     .missing = "give the bits that are looked at, such as 0x12 for SYN and ACK"},
}};

constexpr std::array<Field, 17> kRule{{
    {.name = "number",
     .shape = Shape::kNumber,
     .help = "smaller is first; unique in its list",
     .least = 1,
     .most = 65535,
     .missing = "give 1..65535, smaller is first"},
    {.name = "action",
     .shape = Shape::kWord,
     .help = "accept mirrors, reject mirrors nowhere; no later rule is tried",
     .words = kActions,
     .missing = "give accept or reject"},
    {.name = "protocol",
     .shape = Shape::kNumberOrWord,
     .help = "of IPv4, or behind the extension headers of IPv6",
     .most = 255,
     .words = kProtocols,
     .otherwise = "all"},
    {.name = "source", .shape = Shape::kPrefix, .help = "IP address; 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6"},
    {.name = "destination", .shape = Shape::kPrefix, .help = "the same for where it goes"},
    {.name = "sourcePorts", .shape = Shape::kRange, .help = "of TCP, UDP or SCTP", .most = 65535},
    {.name = "destinationPorts", .shape = Shape::kRange, .help = "of TCP, UDP or SCTP", .most = 65535},
    {.name = "icmpType", .shape = Shape::kNumber, .help = "with protocol icmp or icmpv6", .most = 255},
    {.name = "icmpCode", .shape = Shape::kNumber, .help = "with protocol icmp or icmpv6", .most = 255},
    {.name = "sourceMac", .shape = Shape::kMacMatch, .help = "of the frame"},
    {.name = "destinationMac", .shape = Shape::kMacMatch, .help = "of the frame"},
    {.name = "vlanIds",
     .shape = Shape::kRangeOrWord,
     .help = "of the outermost tag, or that there is none",
     .most = 4095,
     .words = kUntagged,
     .most_items = config::kMaxVlanRanges,
     .empty = "leave it out to match all, or give VLAN IDs"},
    {.name = "etherType",
     .shape = Shape::kNumberOrWord,
     .help = "the first behind at most two tags",
     .least = kLeastEtherType,
     .most = 0xffff,
     .words = kEtherTypes},
    {.name = "dscp", .shape = Shape::kNumber, .help = "of the IP header", .most = 63},
    {.name = "tcpFlags", .shape = Shape::kMapping, .help = "bits of the TCP header", .fields = kTcpFlags},
    {.name = "fragment",
     .shape = Shape::kWord,
     .help = "of IP: no is a whole packet, any is first or later",
     .words = kFragments},
    {.name = "description",
     .shape = Shape::kText,
     .help = "one line for people",
     .most = config::kMaxRuleDescriptionBytes},
}};

constexpr std::array<Field, 3> kFilter{{
    {.name = "services",
     .shape = Shape::kWord,
     .help = "accepted both ways before all rules",
     .words = kServices,
     .most_items = config::kMaxServices,
     .unique = true,
     .otherwise = "none",
     .flag = "service"},
    {.name = "inbound",
     .shape = Shape::kRules,
     .help = "as the source sees it; the first that matches decides",
     .fields = kRule,
     .most_items = kMostRules,
     .otherwise = "nothing is mirrored",
     .type = "RULE"},
    {.name = "outbound",
     .shape = Shape::kRules,
     .help = "the same for the other direction",
     .fields = kRule,
     .most_items = kMostRules,
     .otherwise = "nothing is mirrored",
     .type = "RULE"},
}};

constexpr std::array<Field, 3> kRateLimit{{
    {.name = "packetsPerSecond",
     .shape = Shape::kNumber,
     .help = "at most so many copies",
     .least = 1,
     .most = kMostPacketsPerSecond},
    {.name = "bitsPerSecond",
     .shape = Shape::kNumber,
     .help = "at most so much, encapsulation included",
     .least = 1,
     .most = kMostBitsPerSecond,
     .rival = "packetsPerSecond",
     .rivals = "give packetsPerSecond or bitsPerSecond, one of the two"},
    {.name = "burst",
     .shape = Shape::kNumber,
     .help = "packets or bits at once",
     .most = kMostBitsPerSecond,
     .otherwise = "10 ms of the rate"},
}};

constexpr std::array<Field, 14> kSession{{
    {.name = "number",
     .shape = Shape::kNumber,
     .help = "smaller is tried first; unique per source, over all tiers",
     .least = 1,
     .most = 32766,
     .missing = "give 1..32766, smaller is first"},
    {.name = "tier",
     .shape = Shape::kNumber,
     .help = "each tier is judged by itself: its sessions take no packets from those of another",
     .most = config::kTiers - 1,
     .otherwise = "0"},
    {.name = "sources",
     .shape = Shape::kName,
     .help = "the interfaces to mirror",
     .most_items = kMostReferences,
     .missing = "name the interfaces to mirror",
     .empty = "name at least one interface, or set enabled: false",
     .unique = true,
     .flag = "source",
     .type = "INTERFACE"},
    {.name = "filter", .shape = Shape::kName, .help = "what is copied", .missing = "name a filter", .type = "FILTER"},
    {.name = "target", .shape = Shape::kName, .help = "where copies go", .missing = "name a target", .type = "TARGET"},
    {.name = "enabled",
     .shape = Shape::kTruth,
     .help = "whether it makes copies for now",
     .otherwise = "true",
     .wire = "disabled",
     .inverted = true},
    {.name = "direction",
     .shape = Shape::kWord,
     .help = "as the source sees it",
     .words = kDirections,
     .otherwise = "all"},
    {.name = "vni",
     .shape = Shape::kNumber,
     .help = "vxlan, geneve: which stream it is to the receiver",
     .most = kMostVni,
     .otherwise = "the card picks one",
     .wire = "tunnel_id"},
    {.name = "sessionId",
     .shape = Shape::kNumber,
     .help = "erspan2, erspan3: the same; unique per target",
     .most = 1023,
     .otherwise = "the card picks one",
     .rival = "vni",
     .rivals = "keep vni for vxlan and geneve, sessionId for erspan2 and erspan3",
     .wire = "tunnel_id"},
    {.name = "packetLength",
     .shape = Shape::kNumber,
     .help = "at most the first so many bytes of each frame",
     .least = 35,
     .most = 65535,
     .otherwise = "whole"},
    {.name = "percent",
     .shape = Shape::kPercent,
     .help = "how much is copied",
     .otherwise = "100",
     .wire = "sample_hundredths"},
    {.name = "sampling",
     .shape = Shape::kWord,
     .help = "what percent is of: packets each by chance, or whole flows",
     .words = kSamplingModes,
     .otherwise = "packets"},
    {.name = "rateLimit",
     .shape = Shape::kMapping,
     .help = "of the copies, over all sources",
     .fields = kRateLimit,
     .otherwise = "none"},
    {.name = "forwardedOnly",
     .shape = Shape::kTruth,
     .help = "leave out what the card's forwarding discards",
     .otherwise = "false"},
}};

constexpr std::array<KindWords, 5> kKinds{{
    {config::Kind::kInterface, v1::INTERFACE, "interface", "interfaces", "if", "Interface",
     "what an admin says of an interface that the board has", kInterfaceMetadata, kInterface},
    {config::Kind::kUnderlay, v1::UNDERLAY, "underlay", "underlays", "ul", "Underlay",
     "how copies leave an edge interface, whose name it has", kUnderlayMetadata, kUnderlay},
    {config::Kind::kTarget, v1::TARGET, "target", "targets", "tgt", "Target",
     "where copies go: by remote, by interface, by both, or to the members of a group", kMetadata, kTarget},
    {config::Kind::kFilter, v1::FILTER, "filter", "filters", "flt", "Filter",
     "which packets are copied: the first rule that matches decides", kMetadata, kFilter},
    {config::Kind::kSession, v1::SESSION, "session", "sessions", "sess", "Session",
     "copies what a filter accepts at its sources to a target", kMetadata, kSession},
}};

constexpr std::array<Word, kKinds.size()> kKindWords = [] {
  std::array<Word, kKinds.size()> words{};
  for (std::size_t i = 0; i < kKinds.size(); ++i) words[i] = {kKinds[i].yaml, static_cast<int>(kKinds[i].kind)};
  return words;
}();

constexpr std::array<Field, 5> kDocument{{
    {.name = "apiVersion",
     .shape = Shape::kWord,
     .help = "of these fields",
     .words = kVersions,
     .missing = "write apiVersion: heliostat/v1"},
    {.name = "kind",
     .shape = Shape::kWord,
     .help = "what the document describes",
     .words = kKindWords,
     .missing = "give Interface, Underlay, Target, Filter or Session"},
    {.name = "metadata",
     .shape = Shape::kMapping,
     .help = "what it is called, and whose it is",
     .missing = "write metadata: {name: ...}"},
    {.name = "spec", .shape = Shape::kMapping, .help = "what it does", .missing = "give one"},
    {.name = "status",
     .shape = Shape::kAnything,
     .help = "what a card says of it: read back with the rest, and passed over"},
}};

// `name of a filter`.
std::string NameText(const Field& field) {
  if (field.type == "NAME") return "name";
  std::string kind;
  for (const char c : field.type) kind += static_cast<char>(c - 'A' + 'a');
  return fmt::format("name of {} {}", kind.front() == 'i' ? "an" : "a", kind);
}

std::string OneValueText(const Field& field) {
  switch (field.shape) {
    case Shape::kText: return fmt::format("text of at most {} bytes", field.most);
    case Shape::kName: return NameText(field);
    case Shape::kNumber: return fmt::format("{}..{}", field.least, field.most);
    case Shape::kNumberOrWord:
      return fmt::format("{}..{}, {}", field.least, field.most, Alternatives(NamesOf(field.words)));
    case Shape::kRange: return fmt::format("0..{} or a range such as \"100-200\"", field.most);
    case Shape::kRangeOrWord:
      return fmt::format("0..{}, a range such as \"100-200\", {}", field.most, Alternatives(NamesOf(field.words)));
    case Shape::kPercent: return "0..100 with at most two decimals";
    case Shape::kTruth: return "true or false";
    case Shape::kWord: return Alternatives(NamesOf(field.words));
    case Shape::kAddress: return "IPv4 or IPv6 address";
    case Shape::kPrefix: return "prefix such as 10.0.0.0/8";
    case Shape::kTunnelAddress: return "address with prefix length such as 10.9.0.1/24";
    case Shape::kMac: return "MAC address";
    case Shape::kMacMatch: return "MAC address, or address/mask";
    case Shape::kMapping: return "fields";
    case Shape::kTags: return "{key: value}";
    case Shape::kRules: return "rules";
    case Shape::kAnything: break;
  }
  return "anything";
}

}  // namespace

std::span<const Field> DocumentFields() { return kDocument; }
std::span<const Field> RuleFields() { return kRule; }
std::span<const KindWords> AllKinds() { return kKinds; }

const KindWords& WordsOf(config::Kind kind) { return kKinds.at(static_cast<std::size_t>(kind) - 1); }

const Field* FindField(std::span<const Field> fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& one) { return one.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

const Field* FindFieldAsTyped(std::span<const Field> fields, std::string_view word) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& one) { return Folded(one.name) == Folded(word); });
  return found == fields.end() ? nullptr : &*found;
}

std::vector<std::string_view> NamesOf(std::span<const Field> fields) {
  std::vector<std::string_view> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

std::vector<std::string_view> NamesOf(std::span<const Word> words) {
  std::vector<std::string_view> names;
  for (const Word& word : words) names.push_back(word.name);
  return names;
}

std::string_view WordFor(int value, std::span<const Word> words) {
  const auto found = std::find_if(words.begin(), words.end(), [value](const Word& one) { return one.value == value; });
  return found == words.end() ? std::string_view() : found->name;
}

std::string ValueText(const Field& field) {
  const bool list = field.is_list() && field.shape != Shape::kTags && field.shape != Shape::kRules;
  return list ? fmt::format("list of: {}", OneValueText(field)) : OneValueText(field);
}

std::string FlagName(const Field& field) {
  if (!field.flag.empty()) return std::string(field.flag);
  std::string name;
  for (const char c : field.name) {
    const bool capital = c >= 'A' && c <= 'Z';
    if (capital) name += '-';
    name += capital ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

}  // namespace heliostat::helioctl
