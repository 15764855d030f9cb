#include "rules/loop_guard.h"

#include <bit>
#include <cstring>
#include <optional>

#include "packet/erspan.h"
#include "packet/ethernet.h"
#include "packet/geneve.h"
#include "packet/gre.h"
#include "packet/vxlan.h"

namespace heliostat::rules {
namespace {

using config::Encapsulation;
using packet::FlowKey;

// `Header` at `offset`, when it lies whole in `bytes`. The wire structs have alignment 1.
template <typename Header>
const Header* HeaderAt(std::span<const std::uint8_t> bytes, std::size_t offset) {
  if (bytes.size() < offset + sizeof(Header)) return nullptr;
  return reinterpret_cast<const Header*>(bytes.data() + offset);
}

struct Tunnel {
  Encapsulation encapsulation;
  std::uint32_t id;
};

std::optional<Tunnel> Vxlan(std::span<const std::uint8_t> l4) {
  const auto* vxlan = HeaderAt<packet::VxlanHeader>(l4, sizeof(packet::UdpHeader));
  if (vxlan == nullptr) return std::nullopt;
  return Tunnel{Encapsulation::kVxlan, vxlan->vni.Get()};
}

std::optional<Tunnel> Geneve(std::span<const std::uint8_t> l4) {
  const auto* geneve = HeaderAt<packet::GeneveHeader>(l4, sizeof(packet::UdpHeader));
  if (geneve == nullptr) return std::nullopt;
  return Tunnel{Encapsulation::kGeneve, geneve->vni.Get()};
}

template <typename Header>
std::optional<Tunnel> SequencedErspan(std::span<const std::uint8_t> l4, Encapsulation encapsulation,
                                      std::uint32_t version) {
  const auto* erspan = HeaderAt<Header>(l4, sizeof(packet::GreSequenceHeader));
  if (erspan == nullptr) return std::nullopt;
  const std::uint32_t word = erspan->version_vlan_session.Get();
  if ((word & packet::kErspanVersionMask) != version) return std::nullopt;
  return Tunnel{encapsulation, word & packet::kErspanSessionIdMask};
}

// The flags are compared whole: a copy has none but the sequence flag (RFC 2890), and none at all is Type I.
std::optional<Tunnel> Erspan(std::span<const std::uint8_t> l4) {
  const auto* gre = HeaderAt<packet::GreHeader>(l4, 0);
  if (gre == nullptr) return std::nullopt;
  const std::uint16_t flags = gre->flags_version.Get();
  const std::uint16_t protocol = gre->protocol.Get();
  if (flags == 0 && protocol == packet::kEtherTypeErspan2) return Tunnel{Encapsulation::kErspan1, 0};
  if (flags != packet::kGreSequencePresent) return std::nullopt;
  if (protocol == packet::kEtherTypeErspan2) {
    return SequencedErspan<packet::Erspan2Header>(l4, Encapsulation::kErspan2, packet::kErspan2Version);
  }
  if (protocol == packet::kEtherTypeErspan3) {
    return SequencedErspan<packet::Erspan3Header>(l4, Encapsulation::kErspan3, packet::kErspan3Version);
  }
  return std::nullopt;
}

std::optional<Tunnel> TunnelOf(const FlowKey& key, std::span<const std::uint8_t> l4) {
  if (key.protocol == packet::kProtocolGre) return Erspan(l4);
  return key.destination_port == packet::kVxlanPort ? Vxlan(l4) : Geneve(l4);
}

std::uint64_t Hash(const CopyIdentity& copy) {
  std::array<std::uint64_t, 4> words;
  std::memcpy(words.data(), copy.source.bytes.data(), 16);
  std::memcpy(words.data() + 2, copy.destination.bytes.data(), 16);
  std::uint64_t hash = std::uint64_t{copy.tunnel_id} << 16U | static_cast<std::uint64_t>(copy.encapsulation) << 8U |
                       static_cast<std::uint64_t>(copy.source.family);
  for (const std::uint64_t word : words) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 32U;
  }
  return hash;
}

}  // namespace

LoopGuard::LoopGuard(std::span<const CopyIdentity> copies, std::span<const GuardedVlan> vlans) {
  slots_.assign(std::bit_ceil(2 * copies.size() + 1), kEmpty);
  copies_.reserve(copies.size());
  for (CopyIdentity copy : copies) {
    if (!IsTunnel(copy.encapsulation)) continue;
    if (copy.encapsulation == Encapsulation::kErspan1) copy.tunnel_id = 0;
    std::uint32_t& slot = slots_[SlotOf(copy)];
    if (slot != kEmpty) continue;
    slot = static_cast<std::uint32_t>(copies_.size());
    copies_.push_back(copy);
  }
  for (const GuardedVlan& vlan : vlans) {
    if (vlan.vlan_id >= VlanIds{}.size()) continue;
    if (vlan.interface >= vlans_of_.size()) vlans_of_.resize(std::size_t{vlan.interface} + 1, kNoVlans);
    std::uint32_t& ids = vlans_of_[vlan.interface];
    if (ids == kNoVlans) {
      ids = static_cast<std::uint32_t>(vlan_ids_.size());
      vlan_ids_.emplace_back();
    }
    vlan_ids_[ids].set(vlan.vlan_id);
  }
}

std::size_t LoopGuard::SlotOf(const CopyIdentity& identity) const {
  const std::size_t last = slots_.size() - 1;
  std::size_t slot = Hash(identity) & last;
  while (slots_[slot] != kEmpty && !(copies_[slots_[slot]] == identity)) slot = (slot + 1) & last;
  return slot;
}

bool LoopGuard::IsCopyOnWire(const FlowKey& key, std::span<const std::uint8_t> frame) const {
  if (copies_.empty() || key.Has(FlowKey::kFragment) || key.l4_offset == 0 || key.l4_offset >= frame.size()) {
    return false;
  }
  if (!key.Has(FlowKey::kIpv4) && !key.Has(FlowKey::kIpv6)) return false;
  const auto tunnel = TunnelOf(key, frame.subspan(key.l4_offset));
  if (!tunnel) return false;
  const IpFamily family = key.Has(FlowKey::kIpv4) ? IpFamily::kIpv4 : IpFamily::kIpv6;
  const CopyIdentity seen{.source = {family, key.source_ip},
                          .destination = {family, key.destination_ip},
                          .encapsulation = tunnel->encapsulation,
                          .tunnel_id = tunnel->id};
  return slots_[SlotOf(seen)] != kEmpty;
}

std::size_t LoopGuard::MemoryBytes() const {
  return sizeof *this + copies_.capacity() * sizeof(CopyIdentity) + slots_.capacity() * sizeof(std::uint32_t) +
         vlans_of_.capacity() * sizeof(std::uint32_t) + vlan_ids_.capacity() * sizeof(VlanIds);
}

}  // namespace heliostat::rules
