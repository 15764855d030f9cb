// The datapath's half of encapsulation: a copy of the template and a few stores.
#include "encap/encap.h"

#include <bit>
#include <cstring>

#include "packet/erspan.h"
#include "packet/gre.h"
#include "packet/ipv4.h"
#include "packet/ipv6.h"
#include "packet/udp.h"
#include "packet/vlan.h"

namespace heliostat::encap {
namespace {

constexpr std::uint64_t kNsPer100Us = 100'000;
constexpr std::uint16_t kFirstSourcePort = 49152;
constexpr std::uint16_t kSourcePortMask = 0x3fff;
constexpr unsigned kFlowLabelShift = 12;  // the upper 20 bits of the hash

template <typename BigEndianType, typename Value>
void Store(std::uint8_t* at, Value value) {
  const BigEndianType big_endian(value);
  std::memcpy(at, &big_endian, sizeof big_endian);
}

template <typename BigEndianType>
auto Load(const std::uint8_t* at) {
  BigEndianType big_endian;
  std::memcpy(&big_endian, at, sizeof big_endian);
  return big_endian.Get();
}

std::uint16_t Fold(std::uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
}

template <std::size_t kBytes>
void CopyBothEnds(const Template& t, std::uint8_t* out) {
  const std::size_t tail = t.length - kBytes;
  std::memcpy(out, t.bytes.data(), kBytes);
  std::memcpy(out + tail, t.bytes.data() + tail, kBytes);
}

// Every tunnel's header is longer than 32 and shorter than 128 bytes, so two overlapping copies of fixed size write it
// without touching a byte of the inner frame behind it.
void CopyTemplate(const Template& t, std::uint8_t* out) {
  if (t.length <= 64) {
    CopyBothEnds<32>(t, out);
  } else {
    CopyBothEnds<64>(t, out);
  }
}

void WriteTag(const Template& t, std::uint8_t* out) {
  std::array<std::uint8_t, 12> macs;
  std::memcpy(macs.data(), out + sizeof(packet::VlanTag), macs.size());
  std::memcpy(out, macs.data(), macs.size());
  std::memcpy(out + macs.size(), t.bytes.data(), sizeof(packet::VlanTag));
}

void WriteIp(const Template& t, const CopyInfo& copy, std::uint8_t* out) {
  std::uint8_t* const ip = out + t.ip_offset;
  const std::size_t ip_bytes = t.IpOverhead() + copy.inner_bytes;
  if (t.ipv6) {
    const std::uint8_t* const constant = t.bytes.data() + t.ip_offset;
    Store<Be32>(ip, Load<Be32>(constant) | copy.flow_hash >> kFlowLabelShift);
    Store<Be16>(ip + offsetof(packet::Ipv6Header, payload_length),
                static_cast<std::uint16_t>(ip_bytes - sizeof(packet::Ipv6Header)));
    return;
  }
  const auto total_length = static_cast<std::uint16_t>(ip_bytes);
  const std::uint16_t sum = Fold(std::uint32_t{t.ip_partial_sum} + total_length);
  Store<Be16>(ip + offsetof(packet::Ipv4Header, total_length), total_length);
  Store<Be16>(ip + offsetof(packet::Ipv4Header, checksum), static_cast<std::uint16_t>(~sum));
}

void WriteUdp(const Template& t, const CopyInfo& copy, std::uint8_t* out) {
  std::uint8_t* const udp = out + t.l4_offset;
  const auto source_port = static_cast<std::uint16_t>(kFirstSourcePort | (copy.flow_hash & kSourcePortMask));
  const auto length = static_cast<std::uint16_t>(std::size_t{t.length} - t.l4_offset + copy.inner_bytes);
  Store<Be16>(udp + offsetof(packet::UdpHeader, source_port), source_port);
  Store<Be16>(udp + offsetof(packet::UdpHeader, length), length);
  if (!t.udp_checksum) return;
  std::uint32_t sum = std::uint32_t{t.udp_partial_sum} + source_port + length + length + copy.payload_sum;
  if (t.kind == Kind::kGeneve) sum += PayloadSum({out + t.length - sizeof(MirrorOption), sizeof(MirrorOption)});
  const auto checksum = static_cast<std::uint16_t>(~Fold(sum));
  Store<Be16>(udp + offsetof(packet::UdpHeader, checksum), checksum == 0 ? std::uint16_t{0xffff} : checksum);
}

bool IsCut(const CopyInfo& copy) { return copy.inner_bytes < copy.original_bytes; }

void WriteMirrorOption(const Template& t, const CopyInfo& copy, std::uint8_t* out) {
  const std::size_t offset = t.length - sizeof(MirrorOption);
  std::uint8_t* const option = out + offset;
  if (IsCut(copy)) {
    const auto flags = Load<Be16>(t.bytes.data() + offset + offsetof(MirrorOption, flags));
    Store<Be16>(option + offsetof(MirrorOption, flags), static_cast<std::uint16_t>(flags | kMirrorOptionCut));
  }
  Store<Be32>(option + offsetof(MirrorOption, rule), copy.rule);
  Store<Be32>(option + offsetof(MirrorOption, original_bytes), copy.original_bytes);
  Store<Be64>(option + offsetof(MirrorOption, time_ns), copy.time_ns);
}

// The word that begins ERSPAN II and III: VLAN, COS and T. `tag_kept` is what II says of a tagged original.
void WriteErspanWord(const Template& t, std::size_t offset, const CopyInfo& copy, std::uint32_t tag_kept,
                     std::uint8_t* out) {
  std::uint32_t word = Load<Be32>(t.bytes.data() + offset);
  if (copy.tagged) {
    const std::uint32_t priority = std::uint32_t{copy.tci} >> packet::kPriorityShift;
    const std::uint32_t vlan_id = copy.tci & packet::kVlanIdMask;
    word |= vlan_id << packet::kErspanVlanShift | priority << packet::kErspanCosShift | tag_kept;
  }
  if (IsCut(copy)) word |= packet::kErspanTruncated;
  Store<Be32>(out + offset, word);
}

void WriteErspan3Time(const Template& t, const CopyInfo& copy, std::uint8_t* erspan) {
  std::uint8_t* const timestamp = erspan + offsetof(packet::Erspan3Header, timestamp);
  if (!t.platform_subheader) {
    Store<Be32>(timestamp, static_cast<std::uint32_t>(copy.time_ns / kNsPer100Us));
    return;
  }
  std::uint8_t* const subheader = erspan + sizeof(packet::Erspan3Header);
  Store<Be32>(timestamp, static_cast<std::uint32_t>(copy.time_ns));
  Store<Be32>(subheader + offsetof(packet::Erspan3PlatformSubheader, timestamp_high),
              static_cast<std::uint32_t>(copy.time_ns >> 32));
}

}  // namespace

void Write(const Template& t, const CopyInfo& copy, std::uint8_t* out) {
  if (t.kind == Kind::kNone) return;
  if (t.kind == Kind::kVlan) return WriteTag(t, out);
  CopyTemplate(t, out);
  WriteIp(t, copy, out);
  const std::size_t erspan_offset = t.l4_offset + sizeof(packet::GreSequenceHeader);
  switch (t.kind) {
    case Kind::kVxlan: WriteUdp(t, copy, out); break;
    case Kind::kGeneve:
      WriteMirrorOption(t, copy, out);  // before the checksum over it
      WriteUdp(t, copy, out);
      break;
    case Kind::kErspan2:
      SetSequence(t, copy.sequence, out);
      WriteErspanWord(t, erspan_offset, copy, packet::kErspan2TagKept, out);
      break;
    case Kind::kErspan3:
      SetSequence(t, copy.sequence, out);
      WriteErspanWord(t, erspan_offset, copy, 0, out);
      WriteErspan3Time(t, copy, out + erspan_offset);
      break;
    case Kind::kErspan1:
    case Kind::kNone:
    case Kind::kVlan: break;
  }
}

void SetSequence(const Template& t, std::uint32_t sequence, std::uint8_t* out) {
  Store<Be32>(out + t.l4_offset + offsetof(packet::GreSequenceHeader, sequence), sequence);
}

std::uint16_t PayloadSum(std::span<const std::uint8_t> bytes, std::uint16_t initial) {
  // A one's complement sum may be taken in words of any size and either byte order (RFC 1071 section 2): whole
  // registers in the machine's order, folded and swapped at the end. Two sums of 32-bit halves never overflow.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  const std::uint8_t* at = bytes.data();
  std::size_t rest = bytes.size();
  for (; rest >= 8; at += 8, rest -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    low += word & 0xffffffff;
    high += word >> 32;
  }
  if (rest > 0) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, rest);
    low += word & 0xffffffff;
    high += word >> 32;
  }
  std::uint64_t sum = low + high;
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  std::uint16_t folded = Fold(static_cast<std::uint32_t>(sum));
  if constexpr (std::endian::native == std::endian::little) {
    folded = static_cast<std::uint16_t>(folded << 8 | folded >> 8);
  }
  return Fold(std::uint32_t{folded} + initial);
}

}  // namespace heliostat::encap
