// Makes the copies of a burst, cut and encapsulated, and sends as many as the egress ports have room for.
//
// Small copies are copied into a fresh mbuf, large ones hang the original's own memory behind a header mbuf; where the
// egress port does not take chains, all are copied. A copy that can't be made or sent is counted in the ledger.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "datapath/ledger.h"
#include "datapath/tables.h"
#include "hal/packet.h"
#include "hal/port.h"

namespace heliostat::datapath {

// These pools are kept apart from that of received frames. A clone pins the buffer of its original, so there are far
// fewer clones than received buffers: copies that wait can't starve reception.
struct CopyPools {
  hal::PacketPool* data = nullptr;    // with room for headers and for a copied frame
  hal::PacketPool* clones = nullptr;  // without memory
};

// Above this length a reference is cheaper than a copy of the bytes.
inline constexpr std::uint32_t kCopyBytes = 512;

struct CopyRequest {
  hal::Packet* original = nullptr;
  std::uint32_t ledger_entry = 0;
  std::uint32_t inner_bytes = 0;  // so many bytes of the original are in the copy
  bool cut_to_fit = false;        // a larger MTU would have let it carry more
  encap::CopyInfo info;           // inner_bytes and payload_sum are filled in here
};

class Copier {
 public:
  // `queues` are this worker's send queues for copies, by port.
  Copier(std::vector<hal::Port*> ports, std::vector<std::uint16_t> queues, CopyPools pools, LedgerShard* ledger,
         std::vector<PortCell>* port_cells);

  // Announces that at most `copies` will be asked for until Flush, so that their memory is taken at once.
  void Expect(std::uint16_t copies) { expected_ = copies; }

  // Makes a copy, or counts why it could not. The caller holds the original, which stays unchanged.
  void Copy(const Member& member, CopyRequest& request);

  // Sends what is waiting. Is called at the end of a burst, between the ledger's Begin and End.
  void Flush();

 private:
  static constexpr std::uint16_t kOutbox = 2 * hal::kBurst;
  struct Waiting {
    const Member* member;
    std::uint32_t ledger_entry;
    std::uint32_t original_bytes;
    std::uint32_t wire_bytes;
    bool cut_to_fit;
  };
  struct Outbox {
    hal::Port* port = nullptr;
    std::uint16_t queue = 0;
    std::uint16_t count = 0;
    std::array<hal::Packet*, kOutbox> packets{};
    std::array<Waiting, kOutbox> waiting{};
  };

  hal::Packet* Blank();
  hal::Packet* CopyBytes(const Member& member, CopyRequest& request);
  hal::Packet* Reference(const Member& member, CopyRequest& request);
  static void Number(Outbox& outbox);
  void Send(Outbox& outbox);

  std::vector<Outbox> outboxes_;  // by port
  CopyPools pools_;
  std::uint16_t expected_ = 0;
  std::uint16_t blanks_ = 0;  // packets from pools_.data that wait for their bytes
  std::array<hal::Packet*, hal::kBurst> blank_{};
  LedgerShard* ledger_;
  std::vector<PortCell>* port_cells_;
};

}  // namespace heliostat::datapath
