// The loop guard: is this frame a copy that this card made itself? Asked before any rule.
//
// Immutable; any thread. It is told which copies the card makes; what it compares is exact:
// - the outer packet, after at most two tags, is unfragmented IPv4 or IPv6 with the addresses of such a copy, and
//   - UDP to 4789 or 6081 and a whole VXLAN or GENEVE header (without options) with its VNI, or
//   - GRE of the very form that the card writes: ERSPAN I without sequence; ERSPAN II and III with sequence, their
//     version and its session ID; or
// - the outermost VLAN ID is one that is guarded on the interface: that of a `vlan` or edge target there.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "config/config.h"
#include "packet/flow_key.h"
#include "packet/ipv4.h"
#include "packet/udp.h"

namespace heliostat::rules {

// What tells one stream of copies from another on the wire.
struct CopyIdentity {
  IpAddress source;  // of the outer packet
  IpAddress destination;
  config::Encapsulation encapsulation = config::Encapsulation::kVxlan;  // not kVlan, kNone
  std::uint32_t tunnel_id = 0;  // VNI or ERSPAN session ID; of no meaning for kErspan1
  friend bool operator==(const CopyIdentity&, const CopyIdentity&) = default;
};

struct GuardedVlan {
  std::uint32_t interface = 0;  // an index of the caller's choice, small and dense
  std::uint16_t vlan_id = 0;    // 0..4095; the VLAN ID of a target on that edge interface
};

class LoopGuard {
 public:
  LoopGuard() = default;  // guards nothing
  // Equal ones count once. What can't be on the wire (kVlan, kNone, a VLAN ID above 4095) is passed over.
  LoopGuard(std::span<const CopyIdentity> copies, std::span<const GuardedVlan> vlans);

  // `key` is that of `frame`, which holds the frame or at least its first packet::kMaxParseBytes. `interface` may be
  // one that has no guarded VLANs.
  [[nodiscard]] bool IsOwnCopy(std::uint32_t interface, const packet::FlowKey& key,
                               std::span<const std::uint8_t> frame) const {
    return (key.Has(packet::FlowKey::kTagged) && IsGuardedVlan(interface, key.vlan_id)) ||
           (MayBeTunnel(key) && IsCopyOnWire(key, frame));
  }

  [[nodiscard]] std::size_t MemoryBytes() const;

 private:
  using VlanIds = std::bitset<4096>;

  // Decides from the key alone; almost every frame ends here.
  [[nodiscard]] static bool MayBeTunnel(const packet::FlowKey& key) {
    return key.protocol == packet::kProtocolGre ||
           (key.protocol == packet::kProtocolUdp &&
            (key.destination_port == packet::kVxlanPort || key.destination_port == packet::kGenevePort));
  }
  [[nodiscard]] bool IsGuardedVlan(std::uint32_t interface, std::uint16_t vlan_id) const {
    return interface < vlans_of_.size() && vlans_of_[interface] != kNoVlans &&
           vlan_ids_[vlans_of_[interface]].test(vlan_id & 0xfffU);
  }
  [[nodiscard]] bool IsCopyOnWire(const packet::FlowKey& key, std::span<const std::uint8_t> frame) const;
  // Returns the slot where `identity` is, or the empty one where it would be.
  [[nodiscard]] std::size_t SlotOf(const CopyIdentity& identity) const;

  static constexpr std::uint32_t kEmpty = 0xffffffff;
  static constexpr std::uint32_t kNoVlans = 0xffffffff;

  std::vector<CopyIdentity> copies_;
  std::vector<std::uint32_t> slots_;     // open addressing, at most half full: index in copies_ or kEmpty
  std::vector<std::uint32_t> vlans_of_;  // by interface: index in vlan_ids_ or kNoVlans
  std::vector<VlanIds> vlan_ids_;
};

}  // namespace heliostat::rules
