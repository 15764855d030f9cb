// A port that packets enter and leave by. Virtual calls are per burst, never per packet.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/address.h"

struct rte_mbuf;

namespace heliostat::hal {

struct PortInfo {
  std::string name;
  std::string driver;  // the device driver's own name, e.g. "net_pcap"
  MacAddress mac;
  std::uint16_t mtu = 1500;               // bytes of IP packet
  std::uint32_t max_receive_bytes = ~0U;  // a longer frame has arrived damaged
  std::uint32_t max_send_bytes = ~0U;     // a longer frame would be lost without a word: the worker counts it instead
  std::uint32_t send_tag_bytes = 0;       // a frame whose outermost tag is 0x8100 may be so much longer
  std::uint16_t max_send_segments = 0xffff;
  bool multi_segment_send = false;  // takes chained packets; without it every copy is contiguous
  std::uint16_t receive_queues = 1;
  std::uint16_t send_queues = 1;
};

class Port {
 public:
  virtual ~Port() = default;

  // Gives up to `count` frames that have arrived, in order, and returns their number. A tag that the device stripped is
  // back in its place. One thread a queue.
  virtual std::uint16_t Receive(std::uint16_t queue, rte_mbuf** packets, std::uint16_t count) = 0;

  // Takes the first n <= count packets and returns n; the caller still owns the others. Never waits. One thread a
  // queue.
  virtual std::uint16_t Send(std::uint16_t queue, rte_mbuf** packets, std::uint16_t count) = 0;

  // The agent asks now and then; any thread may.
  [[nodiscard]] virtual bool LinkUp() = 0;

  // Returns how many packets have arrived at the port since the start that Receive never gave, because the device had
  // no room for them or no buffer. It is 0 where the device does not tell, and never falls. The agent asks; any thread
  // may.
  [[nodiscard]] virtual std::uint64_t ReceiveMissed() = 0;

  [[nodiscard]] const PortInfo& info() const { return info_; }

 protected:
  PortInfo info_;
};

}  // namespace heliostat::hal
