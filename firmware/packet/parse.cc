#include "packet/parse.h"

#include <cstring>

#include "packet/ethernet.h"
#include "packet/icmp.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/sctp.h"
#include "packet/tcp.h"
#include "packet/udp.h"
#include "packet/vlan.h"

namespace heliostat::packet {
namespace {

using Frame = std::span<const std::uint8_t>;

// The caller has checked that the whole header lies in the frame. Wire structs have no alignment and hold bytes only.
template <typename Header>
const Header& HeaderAt(Frame frame, std::size_t offset) {
  static_assert(alignof(Header) == 1);
  return *reinterpret_cast<const Header*>(frame.data() + offset);
}

std::uint16_t Load16(Frame frame, std::size_t offset) { return HeaderAt<Be16>(frame, offset).Get(); }

void SetFlags(FlowKey& key, unsigned flags) { key.flags = static_cast<std::uint16_t>(key.flags | flags); }

// TCP, UDP and SCTP begin alike. `rest`, which is not 0, is how many bytes of the header the frame holds.
void ParsePorts(Frame frame, std::size_t offset, std::size_t rest, FlowKey& key) {
  if (rest >= 4) [[likely]] {
    key.source_port = Load16(frame, offset);
    key.destination_port = Load16(frame, offset + 2);
    SetFlags(key, FlowKey::kSourcePort | FlowKey::kDestinationPort);
  } else if (rest >= 2) {
    key.source_port = Load16(frame, offset);
    SetFlags(key, FlowKey::kSourcePort);
  }
}

void ParseIcmp(Frame frame, std::size_t offset, std::size_t rest, bool echo, FlowKey& key) {
  key.icmp_type = frame[offset];
  SetFlags(key, FlowKey::kIcmpType);
  if (rest < 2) return;
  key.icmp_code = frame[offset + 1];
  SetFlags(key, FlowKey::kIcmpCode);
  if (!echo || rest < 6 || key.Has(FlowKey::kFragment)) return;
  key.icmp_identifier = Load16(frame, offset + offsetof(IcmpHeader, identifier));
  SetFlags(key, FlowKey::kIcmpEcho);
}

// Each field stands for itself: it is there when its own bytes are.
void ParseL4(Frame frame, std::size_t offset, FlowKey& key) {
  if (offset >= frame.size()) return;
  const std::size_t rest = frame.size() - offset;
  key.l4_offset = static_cast<std::uint16_t>(offset);
  switch (key.protocol) {
    case kProtocolTcp:
      ParsePorts(frame, offset, rest, key);
      if (rest > kTcpFlagsOffset) [[likely]] {
        key.tcp_flags = frame[offset + kTcpFlagsOffset];
        SetFlags(key, FlowKey::kTcpFlags);
      }
      break;
    case kProtocolUdp:
    case kProtocolSctp: ParsePorts(frame, offset, rest, key); break;
    case kProtocolIcmp:
      if (key.Has(FlowKey::kIpv4)) {
        ParseIcmp(frame, offset, rest, frame[offset] == kIcmpEchoRequest || frame[offset] == kIcmpEchoReply, key);
      }
      break;
    case kProtocolIcmpv6:
      if (key.Has(FlowKey::kIpv6)) {
        ParseIcmp(frame, offset, rest, frame[offset] == kIcmpv6EchoRequest || frame[offset] == kIcmpv6EchoReply, key);
      }
      break;
    default: break;
  }
}

void ParseIpv4(Frame frame, std::size_t offset, FlowKey& key) {
  if (frame.size() < offset + sizeof(Ipv4Header)) return;
  const auto& ip = HeaderAt<Ipv4Header>(frame, offset);
  if (ip.Version() != 4) return;
  key.l3_offset = static_cast<std::uint8_t>(offset);
  key.protocol = ip.protocol;
  key.dscp = ip.Dscp();
  std::memcpy(key.source_ip.data(), ip.source.data(), 4);
  std::memcpy(key.destination_ip.data(), ip.destination.data(), 4);
  SetFlags(key, ip.IsFragment() ? FlowKey::kIpv4 | FlowKey::kFragment : FlowKey::kIpv4);
  if (ip.IsLaterFragment()) SetFlags(key, FlowKey::kLaterFragment);
  // The frame may end within the options: ParseL4 then finds no byte of the L4 header, and leaves the key as it is.
  if (ip.IsLaterFragment() || ip.HeaderWords() < kMinIpv4HeaderWords) return;
  ParseL4(frame, offset + std::size_t{4} * ip.HeaderWords(), key);
}

// Where the walk over extension headers ended.
struct Ipv6Chain {
  std::size_t offset;  // of the header that `protocol` names
  std::uint8_t protocol;
  bool fragment = false;
  bool later_fragment = false;
};

Ipv6Chain WalkIpv6Extensions(Frame frame, std::size_t offset, std::uint8_t protocol) {
  Ipv6Chain chain{.offset = offset, .protocol = protocol};
  const std::size_t end = offset + kMaxExtensionBytes;
  for (unsigned passed = 0; passed < kMaxExtensionHeaders && IsIpv6Extension(chain.protocol); ++passed) {
    if (frame.size() < chain.offset + sizeof(Ipv6ExtensionHeader)) break;
    const auto& header = HeaderAt<Ipv6ExtensionHeader>(frame, chain.offset);
    const std::size_t next = chain.offset + header.Bytes(chain.protocol);
    if (next > frame.size() || next > end) break;
    if (chain.protocol == kProtocolFragment) {
      const auto& fragment = HeaderAt<Ipv6FragmentHeader>(frame, chain.offset);
      chain.fragment |= fragment.IsFragment();
      chain.later_fragment = fragment.IsLaterFragment();
    }
    chain.protocol = header.next_header;
    chain.offset = next;
    if (chain.later_fragment) break;  // what follows is the middle of something
  }
  return chain;
}

void ParseIpv6(Frame frame, std::size_t offset, FlowKey& key) {
  if (frame.size() < offset + sizeof(Ipv6Header)) return;
  const auto& ip = HeaderAt<Ipv6Header>(frame, offset);
  if (ip.Version() != 6) return;
  key.l3_offset = static_cast<std::uint8_t>(offset);
  key.protocol = ip.next_header;
  key.dscp = ip.Dscp();
  std::memcpy(key.source_ip.data(), ip.source.data(), 16);
  std::memcpy(key.destination_ip.data(), ip.destination.data(), 16);
  SetFlags(key, FlowKey::kIpv6);
  std::size_t l4_offset = offset + sizeof(Ipv6Header);
  if (IsIpv6Extension(ip.next_header)) [[unlikely]] {
    const Ipv6Chain chain = WalkIpv6Extensions(frame, l4_offset, ip.next_header);
    key.protocol = chain.protocol;
    if (chain.fragment) SetFlags(key, FlowKey::kFragment);
    if (chain.later_fragment) {
      SetFlags(key, FlowKey::kLaterFragment);
      return;
    }
    l4_offset = chain.offset;
  }
  ParseL4(frame, l4_offset, key);
}

// Steps over at most two tags. `offset` is behind the type field that was read last; false when the type behind a tag
// is cut off.
bool SkipTags(Frame frame, std::size_t& offset, std::uint16_t& type, FlowKey& key) {
  if (frame.size() < offset + sizeof(VlanTag::tci)) return false;
  key.vlan_id = HeaderAt<Be16>(frame, offset).Get() & kVlanIdMask;
  SetFlags(key, FlowKey::kTagged);
  if (frame.size() < offset + sizeof(VlanTag)) return false;
  type = HeaderAt<VlanTag>(frame, offset).type.Get();
  offset += sizeof(VlanTag);
  if (!IsVlanType(type)) [[likely]]
    return true;
  if (frame.size() < offset + sizeof(VlanTag)) return false;
  type = HeaderAt<VlanTag>(frame, offset).type.Get();
  offset += sizeof(VlanTag);
  return true;
}

std::uint64_t Load64(const void* bytes) {
  std::uint64_t value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Multiply and fold: every bit of both factors reaches every bit of the result.
std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

// Odd constants without structure: digits of pi.
constexpr std::uint64_t kSeed1 = 0x243f6a8885a308d3;
constexpr std::uint64_t kSeed2 = 0x13198a2e03707345;
constexpr std::uint64_t kSeed3 = 0xa4093822299f31d1;
constexpr std::uint64_t kSeed4 = 0x082efa98ec4e6c89;

std::uint64_t MixEndpoint(const std::array<std::uint8_t, 16>& address, std::uint64_t port) {
  return Mix(Load64(address.data()) ^ kSeed1, Load64(address.data() + 8) ^ kSeed2 ^ port << 47);
}

std::uint64_t MixMac(const MacAddress& mac) {
  std::uint64_t value = 0;
  std::memcpy(&value, mac.bytes.data(), mac.bytes.size());
  return Mix(value ^ kSeed1, kSeed2);
}

// Addition forgets which end was which.
std::uint32_t MixFlow(std::uint64_t one, std::uint64_t other, std::uint64_t rest) {
  const std::uint64_t mixed = Mix((one + other) ^ kSeed3, rest ^ kSeed4);
  return static_cast<std::uint32_t>(mixed ^ mixed >> 32);
}

}  // namespace

void ParseInto(Frame frame, FlowKey& key) {
  key = FlowKey{};
  if (frame.size() < sizeof(EthernetHeader)) [[unlikely]] {
    key.flags = FlowKey::kRunt;
    return;
  }
  const auto& ethernet = HeaderAt<EthernetHeader>(frame, 0);
  key.destination_mac = ethernet.destination;
  key.source_mac = ethernet.source;
  std::uint16_t type = ethernet.type.Get();
  std::size_t offset = sizeof(EthernetHeader);
  if (IsVlanType(type) && !SkipTags(frame, offset, type, key)) return;
  if (type < kMinEtherType) return;
  key.ether_type = type;
  SetFlags(key, FlowKey::kEtherType);
  if (type == kEtherTypeIpv4) {
    ParseIpv4(frame, offset, key);
  } else if (type == kEtherTypeIpv6) {
    ParseIpv6(frame, offset, key);
  }
}

std::uint32_t SymmetricHash(const FlowKey& key) {
  constexpr unsigned kPorts = FlowKey::kSourcePort | FlowKey::kDestinationPort;
  if ((key.flags & (FlowKey::kIpv4 | FlowKey::kIpv6)) == 0) {
    return MixFlow(MixMac(key.source_mac), MixMac(key.destination_mac), key.ether_type);
  }
  const bool fragment = key.Has(FlowKey::kFragment);
  const bool ports = (key.flags & kPorts) == kPorts && !fragment;
  const std::uint64_t source = MixEndpoint(key.source_ip, ports ? key.source_port : 0U);
  const std::uint64_t destination = MixEndpoint(key.destination_ip, ports ? key.destination_port : 0U);
  const std::uint64_t protocol = fragment && key.Has(FlowKey::kIpv6) ? 0U : key.protocol;
  return MixFlow(source, destination, protocol << 16 | key.icmp_identifier);
}

}  // namespace heliostat::packet
