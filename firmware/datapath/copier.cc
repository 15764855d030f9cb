#include "datapath/copier.h"

#include <algorithm>
#include <bit>

#include "encap/encap.h"

namespace heliostat::datapath {
namespace {

// A reference keeps so many bytes of the frame in the header mbuf: a whole Ethernet header, so that a tag can be put
// into it.
constexpr std::uint32_t kHeadBytes = 14;

// The folded one's complement sum of the first `bytes` bytes, whatever the lengths of the segments.
std::uint16_t InnerSum(const hal::Packet* packet, std::uint32_t bytes) {
  std::uint32_t sum = 0;
  bool odd = false;
  for (const hal::Packet* segment = packet; bytes != 0; segment = segment->next) {
    const auto part = hal::Start(segment).first(std::min<std::size_t>(bytes, segment->data_len));
    const std::uint16_t part_sum = encap::PayloadSum(part);
    // A segment that begins at an odd byte counts with its bytes swapped (RFC 1071).
    sum += odd ? static_cast<std::uint16_t>(std::rotl(part_sum, 8)) : part_sum;
    odd ^= part.size() % 2 != 0;
    bytes -= static_cast<std::uint32_t>(part.size());
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

Copier::Copier(std::vector<hal::Port*> ports, std::vector<std::uint16_t> queues, CopyPools pools, LedgerShard* ledger,
               std::vector<PortCell>* port_cells)
    : outboxes_(ports.size()), pools_(pools), ledger_(ledger), port_cells_(port_cells) {
  for (std::size_t i = 0; i < ports.size(); ++i) {
    outboxes_[i].port = ports[i];
    outboxes_[i].queue = queues[i];
  }
}

void Copier::Copy(const Member& member, CopyRequest& request) {
  Outbox& outbox = outboxes_[member.egress];
  const std::uint32_t original_bytes = hal::Length(request.original);
  request.info.inner_bytes = static_cast<std::uint16_t>(request.inner_bytes);
  request.info.original_bytes = original_bytes;
  if (member.header.udp_checksum) request.info.payload_sum = InnerSum(request.original, request.inner_bytes);

  const bool copy_bytes = request.inner_bytes <= kCopyBytes || !outbox.port->info().multi_segment_send;
  hal::Packet* copy = copy_bytes ? CopyBytes(member, request) : Reference(member, request);
  if (copy == nullptr) {
    ledger_->Add(request.ledger_entry, Column::kNoBuffer, original_bytes);
    return;
  }
  outbox.waiting[outbox.count] = {&member, request.ledger_entry, original_bytes, hal::Length(copy), request.cut_to_fit};
  outbox.packets[outbox.count++] = copy;
  if (outbox.count == kOutbox) Send(outbox);
}

// Returns an empty packet, or null when the pool has none.
hal::Packet* Copier::Blank() {
  if (blanks_ == 0) {
    const std::uint16_t wanted = std::clamp<std::uint16_t>(expected_, 1, hal::kBurst);
    if (!hal::AllocateBurst(pools_.data, blank_.data(), wanted)) return hal::Allocate(pools_.data);
    blanks_ = wanted;
    expected_ = static_cast<std::uint16_t>(expected_ - std::min(expected_, wanted));
  }
  return blank_[--blanks_];
}

hal::Packet* Copier::CopyBytes(const Member& member, CopyRequest& request) {
  hal::Packet* copy = Blank();
  if (copy == nullptr) return nullptr;
  const std::uint32_t header_bytes = member.header.length;
  const std::uint32_t total = header_bytes + request.inner_bytes;
  if (total > hal::Room(copy)) {
    // A copy that is too long for one buffer would have to be a reference, and that could not be made.
    hal::Release(copy);
    return nullptr;
  }
  std::uint8_t* out = hal::SetLength(copy, static_cast<std::uint16_t>(total));
  hal::CopyOut(request.original, request.inner_bytes, out + header_bytes);
  encap::Write(member.header, request.info, out);
  return copy;
}

hal::Packet* Copier::Reference(const Member& member, CopyRequest& request) {
  // So many segments hold a frame of 256 KiB in the smallest buffers that a board may have.
  constexpr unsigned kMaxClones = 256;
  const std::uint32_t attached_bytes = request.inner_bytes - kHeadBytes;
  const unsigned clones = hal::SegmentsFor(request.original, kHeadBytes, attached_bytes);
  if (clones > kMaxClones || clones + 1 > outboxes_[member.egress].port->info().max_send_segments) {
    return CopyBytes(member, request);
  }
  std::array<hal::Packet*, kMaxClones> clone;
  hal::Packet* head = Blank();
  if (head == nullptr) return nullptr;
  if (!hal::AllocateBurst(pools_.clones, clone.data(), clones)) {
    hal::Release(head);
    return CopyBytes(member, request);
  }
  std::uint8_t* out = hal::SetLength(head, static_cast<std::uint16_t>(member.header.length + kHeadBytes));
  hal::CopyOut(request.original, kHeadBytes, out + member.header.length);
  encap::Write(member.header, request.info, out);
  hal::AttachBehind(head, clone.data(), request.original, kHeadBytes, attached_bytes);
  return head;
}

// Copies are numbered once nothing but the port can refuse them, so that a gap tells the receiver that a copy was lost
// on the way. Copies in a row that belong to one stream take their numbers at once.
void Copier::Number(Outbox& outbox) {
  for (std::uint16_t first = 0; first < outbox.count;) {
    const Member& member = *outbox.waiting[first].member;
    std::uint16_t end = first;
    while (end < outbox.count && outbox.waiting[end].member == &member) ++end;
    if (member.header.UsesSequence()) {
      const auto copies = static_cast<std::uint32_t>(end - first);
      std::uint32_t sequence = member.stream->next_sequence.fetch_add(copies, std::memory_order_relaxed);
      for (std::uint16_t i = first; i < end; ++i) {
        encap::SetSequence(member.header, sequence++, hal::Writable(outbox.packets[i]));
      }
    }
    first = end;
  }
}

void Copier::Send(Outbox& outbox) {
  Number(outbox);
  const std::uint16_t sent = outbox.port->Send(outbox.queue, outbox.packets.data(), outbox.count);
  std::uint64_t wire_bytes = 0;
  LedgerRun sent_run(*ledger_, Column::kSent);
  for (std::uint16_t i = 0; i < sent; ++i) {
    const Waiting& waiting = outbox.waiting[i];
    sent_run.Add(waiting.ledger_entry, waiting.original_bytes, waiting.wire_bytes);
    if (waiting.cut_to_fit) [[unlikely]]
      ledger_->AddCut(waiting.ledger_entry);
    wire_bytes += waiting.wire_bytes;
  }
  for (std::uint16_t i = sent; i < outbox.count; ++i) {
    ledger_->Add(outbox.waiting[i].ledger_entry, Column::kEgressFull, outbox.waiting[i].original_bytes);
    hal::Release(outbox.packets[i]);
  }
  const auto port = static_cast<std::size_t>(&outbox - outboxes_.data());
  if (sent != 0) (*port_cells_)[port].Add(PortCell::kCopies, sent, wire_bytes);
  outbox.count = 0;
}

void Copier::Flush() {
  for (Outbox& outbox : outboxes_) {
    if (outbox.count != 0) Send(outbox);
  }
  hal::ReleaseBurst(blank_.data(), blanks_);
  blanks_ = 0;
}

}  // namespace heliostat::datapath
