// Any ethdev as a hal::Port.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "hal/packet.h"
#include "hal/port.h"

namespace heliostat::hal::dpdk {

struct EthdevOptions {
  std::string name;               // of the board's port
  std::string device;             // "net_pcap_x,rx_pcap=..." is created; a PCI address or an existing device is used
  std::optional<MacAddress> mac;  // absent: the device's
  std::uint16_t mtu = 0;          // 0: the device's
  std::uint16_t workers = 1;      // a send queue each, and a second one for copies where the device has so many
  // If there are several, a symmetric hash of their addresses spreads flows over them, where the device has
  // receive-side scaling.
  std::uint16_t receive_queues = 1;
  std::uint16_t queue_packets = 1024;  // descriptors, where the device has such
  PacketPool* pool = nullptr;          // for received frames
};

class EthdevPort final : public Port {
 public:
  // Opens, configures and starts the device; asks for no offload that it does not offer. Errors name `port "name"
  // device`, the driver's reason and the fix. kInvalidArgument, kNotFound, kUnsupported, kUnavailable.
  static Result<std::unique_ptr<EthdevPort>> Open(const EthdevOptions& options);
  ~EthdevPort() override;

  std::uint16_t Receive(std::uint16_t queue, Packet** packets, std::uint16_t count) override;
  std::uint16_t Send(std::uint16_t queue, Packet** packets, std::uint16_t count) override;
  bool LinkUp() override;
  std::uint64_t ReceiveMissed() override;

  [[nodiscard]] std::uint16_t ethdev_id() const { return id_; }

 private:
  EthdevPort() = default;
  Status Find(const EthdevOptions& options);
  Status Configure(const EthdevOptions& options);
  Status SetUpQueues(const EthdevOptions& options);
  void ReadInfo(const EthdevOptions& options);

  // Replaces chains that the driver would cut. Returns how many packets, from the first, may be sent.
  std::uint16_t MakeLongChainsWhole(Packet** packets, std::uint16_t count);

  static constexpr std::uint16_t kNoDevice = 0xFFFF;
  std::uint16_t id_ = kNoDevice;
  bool created_ = false;
  bool started_ = false;
  std::string device_name_;
  PacketPool* whole_frames_ = nullptr;  // owned; only where the driver cuts long chains
};

}  // namespace heliostat::hal::dpdk
