#include "datapath/worker.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "packet/ethernet.h"
#include "packet/parse.h"

namespace heliostat::datapath {
namespace {

using config::Direction;
using config::InterfaceKind;

// The shortest cut that a receiver can still use: the headers of an ordinary TCP segment's start.
constexpr std::uint32_t kMinCutBytes = 35;
constexpr std::uint32_t kMinIpv6CutBytes = 55;

// After a refused original, so many passes without copies for that port.
constexpr std::uint64_t kPausePasses = 1'024;

// Inbound is what the card sends to a guest, and what arrives from a wire.
Direction WhereFramesEnter(InterfaceKind kind) {
  return kind == InterfaceKind::kEdge ? Direction::kInbound : Direction::kOutbound;
}
Direction WhereFramesLeave(InterfaceKind kind) {
  return kind == InterfaceKind::kEdge ? Direction::kOutbound : Direction::kInbound;
}

bool IsSource(const Tables& tables, std::uint16_t port, Direction direction) {
  return port < tables.ports.size() &&
         tables.ports[port].directions[static_cast<std::size_t>(direction)].policy != nullptr;
}

// Such a tag, outermost, may make a frame longer than a port takes without. No other: the kernel (packet_snd) asks for
// this type alone.
bool HasVlanTag(std::span<const std::uint8_t> start) {
  constexpr std::size_t kType = 12;
  return start.size() > kType + 1 && (start[kType] << 8 | start[kType + 1]) == packet::kEtherTypeVlan;
}

bool FitsTagged(const hal::PortInfo& port, const hal::Packet* packet) {
  return hal::Length(packet) <= port.max_send_bytes + port.send_tag_bytes && HasVlanTag(hal::Start(packet));
}

// A port with queues to spare has one a worker for copies: they never fill the originals' queue.
std::vector<std::uint16_t> CopyQueues(const WorkerOptions& options) {
  std::vector<std::uint16_t> queues;
  for (const WorkerPort& port : options.ports) {
    const bool own = port.port->info().send_queues >= 2 * options.workers;
    queues.push_back(static_cast<std::uint16_t>(own ? options.workers + options.number : options.number));
  }
  return queues;
}

std::vector<hal::Port*> Ports(const WorkerOptions& options) {
  std::vector<hal::Port*> ports;
  for (const WorkerPort& port : options.ports) ports.push_back(port.port);
  return ports;
}

}  // namespace

Worker::Worker(WorkerOptions options)
    : options_(std::move(options)),
      copier_(Ports(options_), CopyQueues(options_), options_.pools, &ledger_, &port_cells_),
      packet_sampler_(options_.seed, options_.number),
      port_cells_(options_.ports.size()),
      resume_pass_(options_.ports.size()) {}

void Worker::Run(const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) RunOnce();
  reading_.store(~std::uint64_t{0}, std::memory_order_release);
}

std::uint32_t Worker::RunOnce() {
  const Tables* tables = options_.tables->load(std::memory_order_acquire);
  reading_.store(tables->generation, std::memory_order_release);
  ++pass_;
  std::uint32_t received = 0;
  for (const Lane& lane : options_.lanes) received += RunLane(lane, *tables);
  const std::uint64_t idle = idle_passes_.load(std::memory_order_relaxed);
  if (received == 0) {
    idle_passes_.store(idle + 1, std::memory_order_relaxed);
  } else if (idle != 0) {
    idle_passes_.store(0, std::memory_order_relaxed);
  }
  return received;
}

std::uint32_t Worker::RunLane(const Lane& lane, const Tables& tables) {
  Burst& burst = burst_;
  burst.count = options_.ports[lane.input].port->Receive(lane.queue, burst.packets.data(), hal::kBurst);
  if (burst.count == 0) return 0;
  const std::uint16_t received = burst.count;
  std::uint64_t bytes = 0;
  std::uint32_t longest = 0;
  for (std::uint16_t i = 0; i < received; ++i) {
    const std::uint32_t length = hal::Length(burst.packets[i]);
    bytes += length;
    longest = std::max(longest, length);
  }
  port_cells_[lane.input].Add(PortCell::kReceived, received, bytes);
  if (longest > options_.ports[lane.input].port->info().max_receive_bytes) DropTooLong(lane);

  burst.matches = 0;
  burst.held = 0;
  const Direction enters = WhereFramesEnter(options_.ports[lane.input].kind);
  const bool at_ingress = IsSource(tables, lane.input, enters);
  const Direction leaves =
      lane.output == kNoPort ? Direction::kInbound : WhereFramesLeave(options_.ports[lane.output].kind);
  const bool at_egress = lane.output != kNoPort && IsSource(tables, lane.output, leaves);
  if (at_ingress || at_egress) {
    wall_ns_ = options_.clock->WallNs();
    Parse();
    if (at_ingress) Judge(tables, lane.input, enters, false);
    if (at_egress) Judge(tables, lane.output, leaves, true);
    HoldMatched();
  }
  Forward(lane);
  if (burst.matches != 0) {
    MakeCopies(tables);
    ReleaseHeld();
  }
  return received;
}

// What a port can't carry it did not carry whole: net_pcap delivers a record above 65,535 bytes with its full length
// but without most of its bytes. Such a frame is neither judged nor sent on.
void Worker::DropTooLong(const Lane& lane) {
  Burst& burst = burst_;
  const std::uint32_t max_bytes = options_.ports[lane.input].port->info().max_receive_bytes;
  PortCell& cell = port_cells_[lane.output == kNoPort ? lane.input : lane.output];
  std::uint16_t kept = 0;
  for (std::uint16_t i = 0; i < burst.count; ++i) {
    hal::Packet* packet = burst.packets[i];
    const std::uint32_t length = hal::Length(packet);
    if (length <= max_bytes) {
      burst.packets[kept++] = packet;
      continue;
    }
    cell.Add(PortCell::kForwardDrops, 1, length);
    cell.Add(PortCell::kForwardTooLong, 1, length);
    hal::Release(packet);
  }
  burst.count = kept;
}

void Worker::Parse() {
  for (std::uint16_t i = 0; i < burst_.count; ++i) hal::PrefetchStart(burst_.packets[i]);
  for (std::uint16_t i = 0; i < burst_.count; ++i) {
    burst_.starts[i] = hal::Start(burst_.packets[i], packet::kMaxParseBytes, scratch_[i].data());
    packet::ParseInto(burst_.starts[i], burst_.keys[i]);
  }
}

// The frames that no rule may see, as bits; counted.
std::uint32_t Worker::Guard(const Tables& tables, std::uint16_t port, Direction direction) {
  std::uint32_t guarded = 0;
  const bool outbound = direction == Direction::kOutbound;
  for (std::uint16_t i = 0; i < burst_.count; ++i) {
    const packet::FlowKey& key = burst_.keys[i];
    const bool runt = key.Has(packet::FlowKey::kRunt);
    if (!runt && !tables.guard.IsOwnCopy(port, key, burst_.starts[i])) [[likely]]
      continue;
    const PortCell::Item why = runt ? (outbound ? PortCell::kRuntOut : PortCell::kRuntIn)
                                    : (outbound ? PortCell::kLoopGuardOut : PortCell::kLoopGuardIn);
    port_cells_[port].Add(why, 1, hal::Length(burst_.packets[i]));
    guarded |= 1U << i;
  }
  return guarded;
}

void Worker::Judge(const Tables& tables, std::uint16_t port, Direction direction, bool at_egress) {
  Burst& burst = burst_;
  const SourceTable& source = tables.ports[port].directions[static_cast<std::size_t>(direction)];
  const std::uint32_t guarded = Guard(tables, port, direction);
  verdict_cache_.Classify(*source.policy, {tables.generation, port, direction}, {burst.keys.data(), burst.count},
                          burst.verdicts);
  for (std::uint16_t i = 0; i < burst.count; ++i) {
    const rules::Verdict& verdict = burst.verdicts[i];
    if (verdict.outcome != rules::Outcome::kAccept || (guarded >> i & 1U) != 0) continue;
    burst.match[burst.matches++] = {&source, verdict, static_cast<std::uint8_t>(i), at_egress};
  }
}

void Worker::HoldMatched() {
  for (std::uint16_t i = 0; i < burst_.matches; ++i) burst_.held |= 1U << burst_.match[i].packet;
  for (std::uint32_t bits = burst_.held; bits != 0; bits &= bits - 1) {
    hal::Hold(burst_.packets[static_cast<std::size_t>(std::countr_zero(bits))]);
  }
}

void Worker::Forward(const Lane& lane) {
  Burst& burst = burst_;
  burst.carried = 0;
  if (lane.output == kNoPort) {
    for (std::uint16_t i = 0; i < burst.count; ++i) hal::Release(burst.packets[i]);
    burst.carried = ~0U;
    return;
  }
  hal::Port& output = *options_.ports[lane.output].port;
  PortCell& cell = port_cells_[lane.output];
  const std::uint32_t max_bytes = output.info().max_send_bytes;
  std::array<hal::Packet*, hal::kBurst> sendable;
  std::array<std::uint8_t, hal::kBurst> index;
  std::array<std::uint32_t, hal::kBurst> bytes;
  std::uint16_t count = 0;
  for (std::uint16_t i = 0; i < burst.count; ++i) {
    const std::uint32_t length = hal::Length(burst.packets[i]);
    if (length > max_bytes && !FitsTagged(output.info(), burst.packets[i])) {
      cell.Add(PortCell::kForwardDrops, 1, length);
      cell.Add(PortCell::kForwardTooLong, 1, length);
      hal::Release(burst.packets[i]);
      continue;
    }
    sendable[count] = burst.packets[i];
    index[count] = static_cast<std::uint8_t>(i);
    bytes[count++] = length;
  }
  const std::uint16_t sent =
      count == 0 ? std::uint16_t{0} : output.Send(static_cast<std::uint16_t>(options_.number), sendable.data(), count);
  std::uint64_t sent_bytes = 0;
  for (std::uint16_t i = 0; i < sent; ++i) {
    sent_bytes += bytes[i];
    burst.carried |= 1U << index[i];
  }
  cell.Add(PortCell::kForwarded, sent, sent_bytes);
  for (std::uint16_t i = sent; i < count; ++i) {
    cell.Add(PortCell::kForwardDrops, 1, bytes[i]);
    hal::Release(sendable[i]);
  }
  if (sent < count) resume_pass_[lane.output] = pass_ + kPausePasses;
}

void Worker::MakeCopies(const Tables& tables) {
  monotonic_ns_.reset();
  ledger_.Begin();
  copier_.Expect(burst_.matches);
  {
    LedgerRun matched(ledger_, Column::kMatched);
    for (std::uint16_t i = 0; i < burst_.matches; ++i) MakeCopy(burst_.match[i], tables, matched);
  }
  copier_.Flush();
  ledger_.End();
}

void Worker::MakeCopy(const Match& match, const Tables& tables, LedgerRun& matched) {
  const CopyPlan& plan = match.source->plans[match.verdict.slot];
  // Copied is what the port carries. At its egress a refused original was not carried.
  const bool carried = (burst_.carried >> match.packet & 1U) != 0;
  if (!carried && (match.at_egress || plan.forwarded_only)) return;

  hal::Packet* original = burst_.packets[match.packet];
  const packet::FlowKey& key = burst_.keys[match.packet];
  const std::uint32_t bytes = hal::Length(original);
  const auto drop = [&](Column why) { ledger_.Add(plan.ledger_entry, why, bytes); };
  matched.Add(plan.ledger_entry, bytes);

  const std::size_t members = plan.members.size();
  const bool uses_hash = members != 1 || plan.sample_flows || plan.members[0].header.UsesFlowHash();
  const std::uint32_t hash = uses_hash ? packet::SymmetricHash(key) : 0;
  if (!plan.share.KeepsAll()) {
    const bool keep = plan.sample_flows ? tables.flow_sampler.Keep(plan.share, hash) : packet_sampler_.Keep(plan.share);
    if (!keep) return drop(Column::kSampledOut);
  }
  // The hash's upper bits choose the member; its lower ones become the outer source port.
  const Member& member = plan.members[members == 1 ? 0 : std::uint64_t{hash} * members >> 32U];
  if (!member.resolved) return drop(member.withdrawn ? Column::kTargetDown : Column::kUnresolved);
  if (!options_.link_up[member.egress].load(std::memory_order_relaxed)) return drop(Column::kTargetDown);
  // A port that refused originals of late takes no copies: they would take the next originals' place.
  if (pass_ < resume_pass_[member.egress]) return drop(Column::kEgressFull);

  // In 64 bits: gcc 12 takes the least of 32-bit integers through vector registers and memory, five times slower.
  const std::uint64_t min_cut = key.Has(packet::FlowKey::kIpv6) ? kMinIpv6CutBytes : kMinCutBytes;
  std::uint64_t inner = bytes;
  if (plan.packet_length != 0) inner = std::min(inner, std::max<std::uint64_t>(plan.packet_length, min_cut));
  std::uint64_t most = member.max_inner_bytes;
  if (member.tagged_extra_bytes != 0 && HasVlanTag(burst_.starts[match.packet])) most += member.tagged_extra_bytes;
  const bool cut_to_fit = most < inner;
  inner = std::min(inner, most);
  if (inner < std::min<std::uint64_t>(bytes, min_cut)) return drop(Column::kTooLong);
  if (plan.limiter) {
    if (!monotonic_ns_) monotonic_ns_ = options_.clock->MonotonicNs();
    const std::uint32_t wire_bytes = static_cast<std::uint32_t>(inner) + member.header.length;
    if (!plan.limiter->Take(*monotonic_ns_, wire_bytes)) return drop(Column::kRateLimited);
  }

  CopyRequest request;
  request.original = original;
  request.ledger_entry = plan.ledger_entry;
  request.inner_bytes = static_cast<std::uint32_t>(inner);
  request.cut_to_fit = cut_to_fit;
  request.info.flow_hash = hash;
  request.info.time_ns = wall_ns_;
  const bool names_rule = member.header.kind == encap::Kind::kGeneve;
  if (names_rule) request.info.rule = match.source->policy->OriginOf(match.verdict).number;
  request.info.tagged = key.Has(packet::FlowKey::kTagged);
  if (request.info.tagged) {
    const auto start = burst_.starts[match.packet];
    request.info.tci = static_cast<std::uint16_t>(start[14] << 8 | start[15]);
  }
  copier_.Copy(member, request);
}

void Worker::ReleaseHeld() {
  std::array<hal::Packet*, hal::kBurst> held;
  unsigned count = 0;
  for (std::uint32_t bits = burst_.held; bits != 0; bits &= bits - 1) {
    held[count++] = burst_.packets[static_cast<std::size_t>(std::countr_zero(bits))];
  }
  hal::ReleaseBurst(held.data(), count);
}

}  // namespace heliostat::datapath
