#include "datapath/worker.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>
#include <variant>

#include "datapath/copy_decision.h"
#include "packet/ethernet.h"
#include "packet/parse.h"

namespace heliostat::datapath {
namespace {

using config::Direction;
using config::InterfaceKind;

// A port that has refused an original gets no copies for so many passes.
constexpr std::uint64_t kPausePasses = 1'024;

// Inbound is what the card sends to a guest, and what arrives from a wire.
Direction WhereFramesEnter(InterfaceKind kind) {
  return kind == InterfaceKind::kEdge ? Direction::kInbound : Direction::kOutbound;
}
Direction WhereFramesLeave(InterfaceKind kind) {
  return kind == InterfaceKind::kEdge ? Direction::kOutbound : Direction::kInbound;
}

// Returns null when the port is not a source in that direction.
const SourceTable* SourceAt(const Tables& tables, std::uint16_t port, Direction direction) {
  return port < tables.ports.size() ? tables.ports[port].directions[static_cast<std::size_t>(direction)].get()
                                    : nullptr;
}

// The mask of all packets of a burst.
std::uint32_t Everyone(std::uint16_t count) { return count == 32 ? ~0U : (1U << count) - 1U; }
static_assert(hal::kBurst <= 32, "packets of a burst are bits of 32");

// With an outermost tag of this type a frame may be longer than a port takes otherwise. No other type counts, since the
// kernel (packet_snd) asks for this one alone.
bool HasVlanTag(std::span<const std::uint8_t> start) {
  constexpr std::size_t kType = 12;
  return start.size() > kType + 1 && (start[kType] << 8 | start[kType + 1]) == packet::kEtherTypeVlan;
}

bool FitsTagged(const hal::PortInfo& port, const hal::Packet* packet) {
  return hal::Length(packet) <= port.max_send_bytes + port.send_tag_bytes && HasVlanTag(hal::Start(packet));
}

// A port with queues to spare gives each worker one for copies, so that they never fill the originals' queue.
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

// What DecideCopy asks of the moment that a worker is in: chance, links, queues, tokens.
class Worker::World {
 public:
  World(Worker& worker, const Tables& tables) : worker_(worker), tables_(tables) {}

  bool KeepsPacket(SampleShare share) { return worker_.packet_sampler_.Keep(share); }
  [[nodiscard]] bool KeepsFlow(SampleShare share, std::uint32_t flow_hash) const {
    return tables_.flow_sampler.Keep(share, flow_hash);
  }
  [[nodiscard]] bool LinkUp(std::uint16_t port) const {
    return worker_.options_.link_up[port].load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool RefusedOriginals(std::uint16_t port) const { return worker_.pass_ < worker_.resume_pass_[port]; }
  bool Take(RateLimiter& limiter, std::uint32_t wire_bytes) {
    if (!monotonic_ns_) monotonic_ns_ = worker_.options_.clock->MonotonicNs();
    return limiter.Take(*monotonic_ns_, wire_bytes);
  }

 private:
  Worker& worker_;
  const Tables& tables_;
  std::optional<std::uint64_t> monotonic_ns_;  // of the burst; read when a rate limit first asks
};

Worker::Worker(WorkerOptions options)
    : options_(std::move(options)),
      copier_(Ports(options_), CopyQueues(options_), options_.pools, &ledger_, &port_cells_),
      packet_sampler_(options_.seed, options_.number),
      port_cells_(options_.ports.size()),
      resume_pass_(options_.ports.size()) {}

void Worker::Run(const std::atomic<bool>& stop) {
  while (!stop.load(std::memory_order_relaxed)) RunOnce();
  epoch_.store(~std::uint64_t{0}, std::memory_order_release);
}

std::uint32_t Worker::RunOnce() {
  const Tables* tables = options_.tables->load(std::memory_order_acquire);
  epoch_.store(tables->epoch, std::memory_order_release);
  ++pass_;
  std::uint32_t received = 0;
  for (const Lane& lane : options_.lanes) {
    received += std::visit([&](const auto& one) { return Serve(one, *tables); }, lane);
  }
  const std::uint64_t idle = idle_passes_.load(std::memory_order_relaxed);
  if (received == 0) {
    idle_passes_.store(idle + 1, std::memory_order_relaxed);
  } else if (idle != 0) {
    idle_passes_.store(0, std::memory_order_relaxed);
  }
  return received;
}

std::uint32_t Worker::Serve(const WireLane& lane, const Tables& tables) {
  if (!Receive(lane.input, lane.output)) return 0;
  const std::uint32_t received = burst_.received;
  const SourceTable* enters = SourceAt(tables, lane.input.port, WhereFramesEnter(options_.ports[lane.input.port].kind));
  const SourceTable* leaves = SourceAt(tables, lane.output, WhereFramesLeave(options_.ports[lane.output].kind));
  if (enters != nullptr || leaves != nullptr) {
    Parse();
    const std::uint32_t all = Everyone(burst_.count);
    if (enters != nullptr) Judge(*enters, *tables.guard, all, false);
    if (leaves != nullptr) Judge(*leaves, *tables.guard, all, true);
    HoldMatched();
  }
  Forward(lane.output);
  MakeCopies(tables);
  return received;
}

std::uint32_t Worker::Serve(const TapLane& lane, const Tables& tables) {
  const Direction enters = WhereFramesEnter(options_.ports[lane.input.port].kind);
  return Serve(CopiesLane{.input = lane.input, .source = lane.input.port, .direction = enters}, tables);
}

std::uint32_t Worker::Serve(const CopiesLane& lane, const Tables& tables) {
  if (!Receive(lane.input, lane.input.port)) return 0;
  const std::uint32_t received = burst_.received;
  if (const SourceTable* source = SourceAt(tables, lane.source, lane.direction); source != nullptr) {
    Parse();
    Judge(*source, *tables.guard, Everyone(burst_.count), false);
    HoldMatched();
  }
  ReleaseOriginals();
  MakeCopies(tables);
  return received;
}

bool Worker::Receive(const Queue& input, std::uint16_t charged) {
  Burst& burst = burst_;
  hal::Port& port = *options_.ports[input.port].port;
  burst.count = port.Receive(input.number, burst.packets.data(), hal::kBurst);
  burst.received = burst.count;
  burst.matches = 0;
  burst.held = 0;
  if (burst.count == 0) return false;
  std::uint64_t bytes = 0;
  std::uint32_t longest = 0;
  for (std::uint16_t i = 0; i < burst.count; ++i) {
    const std::uint32_t length = hal::Length(burst.packets[i]);
    bytes += length;
    longest = std::max(longest, length);
  }
  port_cells_[input.port].Add(PortCell::kReceived, burst.count, bytes);
  const std::uint32_t max_bytes = port.info().max_receive_bytes;
  if (longest > max_bytes) DropTooLong(max_bytes, charged);
  return true;
}

// A frame longer than a port can receive did not arrive whole: net_pcap delivers a record above 65,535 bytes with its
// full length but without most of its bytes. Such a frame is neither judged nor sent on.
void Worker::DropTooLong(std::uint32_t max_bytes, std::uint16_t charged) {
  Burst& burst = burst_;
  PortCell& cell = port_cells_[charged];
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
  wall_ns_ = options_.clock->WallNs();
  for (std::uint16_t i = 0; i < burst_.count; ++i) hal::PrefetchStart(burst_.packets[i]);
  for (std::uint16_t i = 0; i < burst_.count; ++i) {
    burst_.starts[i] = hal::Start(burst_.packets[i], packet::kMaxParseBytes, scratch_[i].data());
    packet::ParseInto(burst_.starts[i], burst_.keys[i]);
  }
}

// Counts the frames that no rule may see, and returns them as bits.
std::uint32_t Worker::Guarded(const SourceTable& source, const rules::LoopGuard& guard, std::uint32_t mask) {
  std::uint32_t guarded = 0;
  const bool outbound = source.direction == Direction::kOutbound;
  for (std::uint16_t i = 0; i < burst_.count; ++i) {
    const packet::FlowKey& key = burst_.keys[i];
    const bool runt = key.Has(packet::FlowKey::kRunt);
    if (!runt && !guard.IsOwnCopy(source.port, key, burst_.starts[i])) [[likely]]
      continue;
    if ((mask >> i & 1U) == 0) continue;
    const PortCell::Item why = runt ? (outbound ? PortCell::kRuntOut : PortCell::kRuntIn)
                                    : (outbound ? PortCell::kLoopGuardOut : PortCell::kLoopGuardIn);
    port_cells_[source.port].Add(why, 1, hal::Length(burst_.packets[i]));
    guarded |= 1U << i;
  }
  return guarded;
}

// Calls `accept` with the packet and its verdict for each in `mask` that the tier accepts, and counts the hits of all.
template <typename Accept>
void Worker::Classify(const TierTable& tier, std::uint32_t mask, Accept accept) {
  Burst& burst = burst_;
  verdict_cache_.Classify(*tier.policy, {burst.keys.data(), burst.count}, burst.verdicts);
  const std::shared_ptr<const std::uint32_t>* const hits = tier.hits.data();
  for (std::uint32_t i = 0; i < burst.count; ++i) {
    const rules::Verdict verdict = burst.verdicts[i];
    if (verdict.outcome == rules::Outcome::kNone || (mask >> i & 1U) == 0) continue;
    hits_.Add(hits[verdict.slot].get()[verdict.rule], 1);
    if (verdict.outcome == rules::Outcome::kAccept) accept(i, verdict);
  }
}

// Counts the frames of `mask` that the interface's excluded filter accepts, and returns them as bits.
std::uint32_t Worker::Excluded(const SourceTable& source, std::uint32_t mask) {
  const PortCell::Item why = source.direction == Direction::kOutbound ? PortCell::kExcludedOut : PortCell::kExcludedIn;
  std::uint32_t excluded = 0;
  Classify(*source.excluded, mask, [&](std::uint32_t i, const rules::Verdict&) {
    port_cells_[source.port].Add(why, 1, hal::Length(burst_.packets[i]));
    excluded |= 1U << i;
  });
  return excluded;
}

void Worker::Judge(const SourceTable& source, const rules::LoopGuard& guard, std::uint32_t mask, bool at_egress) {
  mask &= ~Guarded(source, guard, mask);
  if (source.excluded) mask &= ~Excluded(source, mask);
  Burst& burst = burst_;
  Match* match = &burst.match[burst.matches];
  std::uint32_t held = 0;
  for (const TierTable& tier : source.tiers) {
    Classify(tier, mask, [&](std::uint32_t i, const rules::Verdict& verdict) {
      *match++ = {&tier, verdict, static_cast<std::uint8_t>(i), at_egress};
      held |= 1U << i;
    });
  }
  burst.held |= held;
  burst.matches = static_cast<std::uint16_t>(match - burst.match.data());
}

void Worker::HoldMatched() {
  for (std::uint32_t bits = burst_.held; bits != 0; bits &= bits - 1) {
    hal::Hold(burst_.packets[static_cast<std::size_t>(std::countr_zero(bits))]);
  }
}

// Ends the frames that go nowhere; they count as carried all the same.
void Worker::ReleaseOriginals() {
  for (std::uint16_t i = 0; i < burst_.count; ++i) hal::Release(burst_.packets[i]);
  burst_.carried = ~0U;
}

void Worker::Forward(std::uint16_t output_port) {
  Burst& burst = burst_;
  burst.carried = 0;
  hal::Port& output = *options_.ports[output_port].port;
  PortCell& cell = port_cells_[output_port];
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
  if (sent < count) resume_pass_[output_port] = pass_ + kPausePasses;
}

void Worker::MakeCopies(const Tables& tables) {
  if (burst_.matches == 0) return;
  World world(*this, tables);
  ledger_.Begin();
  copier_.Expect(burst_.matches);
  {
    LedgerRun matched(ledger_, Column::kMatched);
    for (std::uint16_t i = 0; i < burst_.matches; ++i) MakeCopy(burst_.match[i], world, matched);
  }
  copier_.Flush();
  ledger_.End();
  ReleaseHeld();
}

void Worker::MakeCopy(const Match& match, World& world, LedgerRun& matched) {
  const CopyPlan& plan = match.tier->plans[match.verdict.slot];
  // An original that its egress port refused was not carried there: it is no copy's of that end, and at its ingress no
  // forwarded-only session's.
  const bool carried = (burst_.carried >> match.packet & 1U) != 0;
  if (!carried && (match.at_egress || plan.forwarded_only)) return;

  hal::Packet* original = burst_.packets[match.packet];
  const packet::FlowKey& key = burst_.keys[match.packet];
  const std::uint32_t bytes = hal::Length(original);
  matched.Add(plan.ledger_entry, bytes);
  const std::uint32_t hash = NeedsFlowHash(plan) ? packet::SymmetricHash(key) : 0;
  const std::span<const std::uint8_t> start = burst_.starts[match.packet];
  const CopiedFrame frame{.bytes = bytes,
                          .ipv6 = key.Has(packet::FlowKey::kIpv6),
                          .tagged_8100 = key.Has(packet::FlowKey::kTagged) && HasVlanTag(start)};
  const CopyDecision decision = DecideCopy(plan, frame, hash, world);
  if (decision.column != Column::kSent) return ledger_.Add(plan.ledger_entry, decision.column, bytes);

  CopyRequest request;
  request.original = original;
  request.ledger_entry = plan.ledger_entry;
  request.inner_bytes = decision.inner_bytes;
  request.cut_to_fit = decision.cut_to_fit;
  request.info.flow_hash = hash;
  request.info.time_ns = wall_ns_;
  const bool names_rule = decision.member->header.kind == encap::Kind::kGeneve;
  if (names_rule) request.info.rule = match.tier->policy->OriginOf(match.verdict).number;
  request.info.tagged = key.Has(packet::FlowKey::kTagged);
  if (request.info.tagged) request.info.tci = static_cast<std::uint16_t>(start[14] << 8 | start[15]);
  copier_.Copy(*decision.member, request);
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
