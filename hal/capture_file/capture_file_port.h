// Capture files as a hal::Port: frames are received from one as they are written to it (`tcpdump -U -w`), and sent
// ones are written to another, in whole bursts, so that `tail -f | tshark -i -` follows.
//
// For boards without a NIC. Unlike net_pcap it takes chained packets and frames of any length, and waits for frames
// that come later.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "capture_file/capture_reader.h"
#include "hal/packet.h"
#include "hal/port.h"

namespace heliostat::hal::capture_file {

struct CaptureFileOptions {
  std::string name;     // of the board's port
  std::string receive;  // path; need not exist yet. Empty: nothing is received
  std::string send;     // path; made anew
  MacAddress mac{};
  std::uint16_t mtu = 65535;   // bytes of IP packet
  std::uint16_t workers = 1;   // two send queues each: originals, copies
  PacketPool* pool = nullptr;  // for received frames
};

class CaptureFilePort final : public Port {
 public:
  // kUnsupported, kDataLoss (what is in the file to receive from), kUnavailable (the file to send to can't be made).
  static Result<std::unique_ptr<CaptureFilePort>> Open(const CaptureFileOptions& options);
  ~CaptureFilePort() override;

  std::uint16_t Receive(std::uint16_t queue, Packet** packets, std::uint16_t count) override;
  // All queues write to one file, a burst at a time, under a lock: this port is not meant to be fast.
  std::uint16_t Send(std::uint16_t queue, Packet** packets, std::uint16_t count) override;
  bool LinkUp() override { return link_up_.load(std::memory_order_relaxed); }              // until a file fails
  std::uint64_t ReceiveMissed() override { return cut_.load(std::memory_order_relaxed); }  // records that were cut

 private:
  explicit CaptureFilePort(const CaptureFileOptions& options);
  Status OpenSend(const std::string& path);
  Packet* ToPacket(std::span<const std::uint8_t> frame);
  void AppendRecord(const Packet* packet, std::uint64_t time_ns);

  PacketPool* pool_;
  std::unique_ptr<CaptureReader> reader_;                 // null: nothing is received
  std::optional<std::span<const std::uint8_t>> waiting_;  // a frame that found no buffer; the file can wait
  int send_file_ = -1;
  std::mutex send_mutex_;
  std::vector<std::uint8_t> burst_;  // records not yet written
  std::atomic<bool> link_up_{true};
  std::atomic<std::uint64_t> cut_{0};
};

}  // namespace heliostat::hal::capture_file
