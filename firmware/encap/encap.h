// Encapsulation: control builds a Template once per (session, source interface, target), the datapath copies its
// bytes in front of each copy and patches what differs per packet.
//
// Formats: VXLAN RFC 7348, GENEVE RFC 8926, ERSPAN I-III draft-foschiano-erspan-03, outer 802.1Q, over IPv4 (DF set,
// ID 0) or IPv6 (flow label from the flow hash, RFC 6438). Byte tables are in tests/unit/encap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/byte_order.h"
#include "base/status.h"
#include "packet/geneve.h"

namespace heliostat::encap {

enum class Kind : std::uint8_t { kNone, kVlan, kVxlan, kErspan1, kErspan2, kErspan3, kGeneve };

// The option of a GENEVE copy. Its class is one of those for experiments (RFC 8926 section 7): Heliostat has none of
// its own. It is not critical: a receiver that does not know it passes over it.
//
//   0                              16              24             32 bits
//   +------------------------------+---------------+--------------+
//   |        class 0xff48          |    type 1     |      5       |
//   |       session number         |E|C|          0               |   E: leaves the card's switch towards the source
//   |                         rule number                         |   C: the copy was cut
//   |            bytes of the original frame, without FCS         |
//   |        time of reception, ns since 1970, 64 bits            |
//   |                                                             |
//   +-------------------------------------------------------------+
inline constexpr std::uint16_t kMirrorOptionClass = 0xff48;
inline constexpr std::uint8_t kMirrorOptionType = 1;
inline constexpr std::uint16_t kMirrorOptionEgress = 0x8000;
inline constexpr std::uint16_t kMirrorOptionCut = 0x4000;

struct MirrorOption {
  packet::GeneveOptionHeader header;
  Be16 session;
  Be16 flags;
  Be32 rule;
  Be32 original_bytes;
  Be64 time_ns;
};
static_assert(sizeof(MirrorOption) == 24 && alignof(MirrorOption) == 1);

struct TemplateSpec {
  Kind kind = Kind::kVxlan;
  MacAddress source_mac;
  MacAddress destination_mac;
  std::optional<std::uint16_t> vlan_id;  // outer 802.1Q tag, priority 0; for kVlan: the tag put around the copy
  IpAddress source;                      // same family as destination
  IpAddress destination;
  std::uint8_t dscp = 0;
  std::uint8_t ttl = 64;
  bool udp_checksum = false;           // compute the outer UDP checksum
  std::uint32_t tunnel_id = 0;         // VNI or ERSPAN session ID
  std::uint32_t interface_number = 0;  // ERSPAN II index, 20 bits; its lower 14 in III's platform subheader
  std::uint16_t session_number = 0;    // GENEVE option
  std::uint8_t hardware_id = 0;        // ERSPAN III HwID, 6 bits
  bool egress = false;                 // ERSPAN III D, GENEVE E: leaves the card's switch towards the source
  bool platform_subheader = false;     // ERSPAN III: nanoseconds
};

inline constexpr std::size_t kMaxTemplateBytes = 128;

struct Template {
  Kind kind = Kind::kNone;
  bool ipv6 = false;
  bool udp_checksum = false;
  bool platform_subheader = false;
  std::uint8_t length = 0;            // bytes in front of the original frame; for kNone 0; for kVlan 4, see Write
  std::uint8_t ip_offset = 0;         // of the outer IP header; 0: none
  std::uint8_t l4_offset = 0;         // of the UDP or GRE header
  std::uint16_t ip_partial_sum = 0;   // IPv4 header without total length, folded one's complement sum
  std::uint16_t udp_partial_sum = 0;  // pseudo header, ports and tunnel header without what Write patches, folded
  std::array<std::uint8_t, kMaxTemplateBytes> bytes{};

  [[nodiscard]] bool UsesSequence() const { return kind == Kind::kErspan2 || kind == Kind::kErspan3; }
  // Returns true when Write looks at CopyInfo::flow_hash.
  [[nodiscard]] bool UsesFlowHash() const { return ipv6 || kind == Kind::kVxlan || kind == Kind::kGeneve; }
  // Returns how many bytes the outer IP packet has besides the original frame, IP header included; 0 for kNone and
  // kVlan.
  [[nodiscard]] std::size_t IpOverhead() const { return ip_offset == 0 ? 0U : length - std::size_t{ip_offset}; }
};

// kInvalidArgument: families differ, an IP address is missing, a number is out of its range.
[[nodiscard]] Result<Template> BuildTemplate(const TemplateSpec& spec);

// What differs per packet.
struct CopyInfo {
  std::uint16_t inner_bytes = 0;     // of the original frame that the copy carries, after the cut
  std::uint32_t original_bytes = 0;  // before the cut
  std::uint32_t flow_hash = 0;       // packet::SymmetricHash: outer UDP source port 49152..65535
  std::uint32_t sequence = 0;        // ERSPAN II, III
  std::uint64_t time_ns = 0;         // of reception, since the epoch: ERSPAN III, GENEVE
  std::uint32_t rule = 0;            // GENEVE option: rule number
  bool tagged = false;               // the original has a whole outermost tag, and this is its TCI
  std::uint16_t tci = 0;
  std::uint16_t payload_sum = 0;  // PayloadSum of the inner bytes; only where udp_checksum
};

// Writes `t.length` bytes of outer headers to `out`, which lies right before the inner frame. For kVlan the caller
// gives the copy with 4 free bytes before it, and Write moves the 12 bytes of MACs and puts the tag behind them
// (inner_bytes >= 12 must lie at out + 4). No bounds beyond that. Any thread.
void Write(const Template& t, const CopyInfo& copy, std::uint8_t* out);

// Renumbers the copy whose headers begin at `out`; only where t.UsesSequence().
void SetSequence(const Template& t, std::uint32_t sequence, std::uint8_t* out);

// Folded one's complement sum of `bytes` in network order, for CopyInfo::payload_sum. Chain segments with `initial`;
// all but the last must have even length.
[[nodiscard]] std::uint16_t PayloadSum(std::span<const std::uint8_t> bytes, std::uint16_t initial = 0);

}  // namespace heliostat::encap
