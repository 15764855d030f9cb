// A packet is a DPDK mbuf: this header is the only DPDK that firmware/ sees, in datapath/ and underlay/ alone.
//
// Ownership: who holds a Packet* owns one reference to every segment of it. Receive gives one, Send takes it for the
// packets it accepts, Release drops it. A held packet's bytes must not be changed.
// Threads: pools are safe from every lcore; a Packet is used by one thread at a time, its references may be dropped by
// any.
#pragma once

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace heliostat::hal {

using Packet = rte_mbuf;
using PacketPool = rte_mempool;

inline constexpr std::uint16_t kBurst = 32;

// The number of bytes of the frame, without FCS.
inline std::uint32_t Length(const Packet* packet) { return packet->pkt_len; }
inline bool IsContiguous(const Packet* packet) { return packet->nb_segs == 1; }

// The first segment; the whole frame when it is contiguous.
inline std::span<const std::uint8_t> Start(const Packet* packet) {
  return {rte_pktmbuf_mtod(packet, const std::uint8_t*), packet->data_len};
}

// Returns at least the first min(Length, bytes) bytes, contiguous: in place, or gathered into `scratch`, which has
// `bytes` bytes.
inline std::span<const std::uint8_t> Start(const Packet* packet, std::size_t bytes, std::uint8_t* scratch) {
  if (packet->data_len >= bytes || packet->nb_segs == 1) return Start(packet);
  const auto wanted = static_cast<std::uint32_t>(std::min<std::size_t>(bytes, packet->pkt_len));
  const void* data = rte_pktmbuf_read(packet, 0, wanted, scratch);
  return {static_cast<const std::uint8_t*>(data), wanted};
}

// Fetches the frame's first bytes into the cache, because they will be read soon.
inline void PrefetchStart(const Packet* packet) { rte_prefetch0(rte_pktmbuf_mtod(packet, const std::uint8_t*)); }

// Takes one more reference to every segment, so that the packet outlives its Send.
inline void Hold(Packet* packet) { rte_pktmbuf_refcnt_update(packet, 1); }
inline void Release(Packet* packet) { rte_pktmbuf_free(packet); }
inline void ReleaseBurst(Packet** packets, unsigned count) { rte_pktmbuf_free_bulk(packets, count); }

// Takes `count` packets without data, or none at all when the pool has fewer.
inline bool AllocateBurst(PacketPool* pool, Packet** packets, unsigned count) {
  return rte_pktmbuf_alloc_bulk(pool, packets, count) == 0;
}
inline Packet* Allocate(PacketPool* pool) { return rte_pktmbuf_alloc(pool); }

// How many bytes fit behind the headroom of a packet without data.
inline std::uint16_t Room(const Packet* packet) { return rte_pktmbuf_tailroom(packet); }

// Makes a packet without data `bytes` <= Room long, and returns its memory.
inline std::uint8_t* SetLength(Packet* packet, std::uint16_t bytes) {
  packet->data_len = bytes;
  packet->pkt_len = bytes;
  return rte_pktmbuf_mtod(packet, std::uint8_t*);
}

// The first bytes of a packet that is all our own.
inline std::uint8_t* Writable(Packet* packet) { return rte_pktmbuf_mtod(packet, std::uint8_t*); }

// Copies the first `bytes` <= Length bytes of a frame to `out`.
inline void CopyOut(const Packet* packet, std::uint32_t bytes, std::uint8_t* out) {
  for (const Packet* segment = packet; bytes != 0; segment = segment->next) {
    const std::uint32_t part = std::min<std::uint32_t>(bytes, segment->data_len);
    std::memcpy(out, rte_pktmbuf_mtod(segment, const std::uint8_t*), part);
    out += part;
    bytes -= part;
  }
}

// How many segments hold the `bytes` bytes from `offset` on; offset + bytes <= Length.
inline unsigned SegmentsFor(const Packet* packet, std::uint32_t offset, std::uint32_t bytes) {
  unsigned count = 0;
  for (const Packet* segment = packet; bytes != 0; segment = segment->next) {
    const std::uint32_t skipped = std::min<std::uint32_t>(offset, segment->data_len);
    const std::uint32_t part = std::min<std::uint32_t>(bytes, segment->data_len - skipped);
    offset -= skipped;
    bytes -= part;
    if (part != 0) ++count;
  }
  return count;
}

// Hangs references to the `bytes` bytes of `original` from `offset` on behind `head`, without copying them. `clones`
// are SegmentsFor(original, offset, bytes) packets from a pool without data room; they belong to `head` afterwards.
inline void AttachBehind(Packet* head, Packet** clones, Packet* original, std::uint32_t offset, std::uint32_t bytes) {
  Packet* last = head;
  for (Packet* segment = original; bytes != 0; segment = segment->next) {
    const std::uint32_t skipped = std::min<std::uint32_t>(offset, segment->data_len);
    const std::uint32_t part = std::min<std::uint32_t>(bytes, segment->data_len - skipped);
    offset -= skipped;
    bytes -= part;
    if (part == 0) continue;
    Packet* clone = *clones++;
    rte_pktmbuf_attach(clone, segment);
    // Attaching copies the original's flags: what was asked of the NIC for the original is not asked for the copy.
    clone->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
    clone->data_off = static_cast<std::uint16_t>(clone->data_off + skipped);
    clone->data_len = static_cast<std::uint16_t>(part);
    clone->next = nullptr;
    clone->nb_segs = 1;
    head->pkt_len += part;
    ++head->nb_segs;
    last->next = clone;
    last = clone;
  }
}

}  // namespace heliostat::hal
