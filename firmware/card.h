// A card: the ports that a board names, the workers on its lcores, and the agent above them. The one place where the
// firmware and its back ends meet.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.h"
#include "base/status.h"
#include "capture_file/capture_file_port.h"
#include "config/board.h"
#include "datapath/worker.h"
#include "dpdk/eal.h"
#include "dpdk/ethdev_port.h"
#include "linux/system_clock.h"
#include "packet_socket/packet_socket_port.h"

namespace heliostat {

struct CardOptions {
  config::Board board;                        // checked by ValidateBoard
  std::map<std::string, std::string> values;  // for ${NAME} in the board's devices
  std::uint64_t seed = 0;                     // of sampling
  bool verbose = false;
};

class Card {
 public:
  // Opens every port and starts nothing yet. One card a process (DPDK). Call from the thread that stays the main lcore.
  static Result<std::unique_ptr<Card>> Open(CardOptions options);
  ~Card();
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  // Workers begin to carry frames; Stop ends them after their current burst. Once each.
  Status Start();
  void Stop();

  agent::Agent& agent() { return *agent_; }
  // Returns true when no worker has received a frame in its last `passes` passes.
  [[nodiscard]] bool Idle(std::uint64_t passes) const;
  // Returns what a person should know of the kernel interfaces, each thing once. Only the thread that opened the card
  // may call it.
  std::vector<std::string> Remarks();
  // The driver of each port, in the board's order.
  [[nodiscard]] std::vector<std::string> Drivers() const;
  [[nodiscard]] std::size_t workers() const { return workers_.size(); }

 private:
  struct PacketSocket {
    std::string interface;
    hal::packet_socket::PacketSocketPort* port = nullptr;  // in ports_
    hal::packet_socket::Anomalies told;
  };
  explicit Card(CardOptions options) : options_(std::move(options)) {}
  Status OpenPorts();
  Status OpenPort(const config::BoardPort& board_port);
  Result<std::unique_ptr<hal::Port>> OpenEthdev(const config::BoardPort& board_port, const std::string& device);
  Result<std::unique_ptr<hal::Port>> OpenCaptureFile(const config::BoardPort& board_port, const std::string& arguments);
  Result<std::unique_ptr<hal::Port>> OpenPacketSocket(const config::BoardPort& board_port,
                                                      const std::string& interface);
  Result<std::string> Expand(const std::string& port, const std::string& text) const;
  Status MakePools();
  Status MakeAgent();
  Status MakeWorkers();
  [[nodiscard]] std::vector<datapath::Lane> Lanes() const;
  [[nodiscard]] std::uint16_t PortIndex(const std::string& name) const;

  CardOptions options_;
  std::unique_ptr<hal::dpdk::Eal> eal_;
  hal::linux_os::SystemClock clock_;
  hal::PacketPool* originals_ = nullptr;
  datapath::CopyPools copies_;
  std::vector<std::unique_ptr<hal::Port>> ports_;  // in the board's order
  std::vector<PacketSocket> packet_sockets_;
  std::unique_ptr<agent::Agent> agent_;
  std::vector<std::unique_ptr<datapath::Worker>> workers_;
  std::vector<unsigned> lcores_;
  std::vector<std::function<void()>> work_;
  std::atomic<bool> stop_{false};
  bool started_ = false;
};

}  // namespace heliostat
