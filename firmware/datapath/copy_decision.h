// The fate of one copy: which drop column it is counted in, or to which member it goes and how much of the frame it
// carries. A pure function of the plan, the frame and what a World answers, so that a trace asks the very code that
// the burst loop runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "datapath/ledger.h"
#include "datapath/tables.h"

namespace heliostat::datapath {

// What the decision looks at in a frame.
struct CopiedFrame {
  std::uint32_t bytes = 0;  // without FCS
  bool ipv6 = false;
  bool tagged_8100 = false;  // its outermost tag is 802.1Q
};

struct CopyDecision {
  Column column = Column::kSent;  // kSent: a copy is to be made; else the drop that it is counted as
  const Member* member = nullptr;
  std::uint32_t inner_bytes = 0;  // so many bytes of the original are in the copy
  bool cut_to_fit = false;        // a larger MTU would have let it carry more
};

// A receiver can't use a shorter cut: this keeps the Ethernet and IP headers and one byte behind them.
inline constexpr std::uint32_t kMinCutBytes = 35;
inline constexpr std::uint32_t kMinIpv6CutBytes = 55;

// Returns true when the plan needs the frame's flow hash: to choose a member, to keep flows whole, or for the outer
// header.
[[nodiscard]] inline bool NeedsFlowHash(const CopyPlan& plan) {
  return plan.members.size() != 1 || plan.sample_flows || plan.members[0].header.UsesFlowHash();
}

// The drops are decided in the order of the columns in firmware/DEFINITION.md. `flow_hash` is looked at where
// NeedsFlowHash says so. World answers:
//   bool KeepsPacket(SampleShare)            one draw of packet sampling
//   bool KeepsFlow(SampleShare, flow_hash)
//   bool LinkUp(port)
//   bool RefusedOriginals(port)              of late: copies would take the place of the next originals
//   bool Take(RateLimiter&, wire_bytes)      asked last, so that tokens are spent only on what could be sent
// It has one caller in the burst loop, and a call there costs a twentieth of a small packet.
template <typename World>
[[nodiscard, gnu::always_inline]] inline CopyDecision DecideCopy(const CopyPlan& plan, const CopiedFrame& frame,
                                                                 std::uint32_t flow_hash, World& world) {
  CopyDecision decision;
  const auto drop = [&decision](Column why) {
    decision.column = why;
    return decision;
  };
  if (!plan.share.KeepsAll()) {
    const bool keep = plan.sample_flows ? world.KeepsFlow(plan.share, flow_hash) : world.KeepsPacket(plan.share);
    if (!keep) return drop(Column::kSampledOut);
  }
  // The hash's upper bits choose the member; its lower ones become the outer source port.
  const std::size_t members = plan.members.size();
  const Member& member = plan.members[members == 1 ? 0 : std::uint64_t{flow_hash} * members >> 32U];
  decision.member = &member;
  if (!member.resolved) return drop(member.withdrawn ? Column::kTargetDown : Column::kUnresolved);
  if (!world.LinkUp(member.egress)) return drop(Column::kTargetDown);
  if (world.RefusedOriginals(member.egress)) return drop(Column::kEgressFull);

  // The arithmetic has 64 bits because gcc 12 computes the minimum of 32-bit integers through vector registers and
  // memory, five times slower.
  const std::uint64_t bytes = frame.bytes;
  const std::uint64_t min_cut = frame.ipv6 ? kMinIpv6CutBytes : kMinCutBytes;
  std::uint64_t inner = bytes;
  if (plan.packet_length != 0) inner = std::min(inner, std::max<std::uint64_t>(plan.packet_length, min_cut));
  std::uint64_t most = member.max_inner_bytes;
  if (member.tagged_extra_bytes != 0 && frame.tagged_8100) most += member.tagged_extra_bytes;
  decision.cut_to_fit = most < inner;
  inner = std::min(inner, most);
  if (inner < std::min(bytes, min_cut)) return drop(Column::kTooLong);
  decision.inner_bytes = static_cast<std::uint32_t>(inner);
  if (plan.limiter && !world.Take(*plan.limiter, decision.inner_bytes + member.header.length)) {
    return drop(Column::kRateLimited);
  }
  return decision;
}

}  // namespace heliostat::datapath
