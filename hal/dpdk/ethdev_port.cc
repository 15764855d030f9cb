#include "dpdk/ethdev_port.h"

#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <array>
#include <string_view>

#include "dpdk/log_capture.h"

namespace heliostat::hal::dpdk {
namespace {

constexpr auto kAnySocket = static_cast<unsigned>(SOCKET_ID_ANY);
// net_pcap drops what is longer without counting it (its snapshot length).
constexpr std::uint32_t kPcapMaxFrameBytes = 65'535;
// net_pcap gathers a chain into a buffer of this size (its RTE_ETH_PCAP_SNAPLEN) and cuts what does not fit, without a
// word. What lies in one piece it writes whole.
constexpr std::uint32_t kPcapMaxChainBytes = RTE_ETHER_MAX_JUMBO_FRAME_LEN;

// A Toeplitz key of one repeated 16-bit pattern hashes both directions of a flow alike (Woo and Park, "Scalable TCP
// Session Monitoring with Symmetric Receive-side Scaling"). It is as long as any device's key, and lives on: some
// drivers (igb, enic) read it only when the device is started.
std::array<std::uint8_t, 64> rss_key = [] {
  std::array<std::uint8_t, 64> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = i % 2 == 0 ? 0x6d : 0x5a;
  return key;
}();

// By addresses alone: fragments have no ports, and must not overtake the rest of their flow on another queue. Where a
// device can't leave ports out, what has some goes by its IP type or stays on one queue.
void SpreadOverQueues(const rte_eth_dev_info& device, rte_eth_conf* conf) {
  constexpr std::uint64_t kAddressesOnly = RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L3_DST_ONLY;
  std::uint64_t flows = RTE_ETH_RSS_IP;
  if ((device.flow_type_rss_offloads & kAddressesOnly) == kAddressesOnly) {
    flows |= RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_SCTP | kAddressesOnly;
  }
  conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
  conf->rx_adv_conf.rss_conf.rss_hf = device.flow_type_rss_offloads & flows;
  if (device.hash_key_size == 0 || device.hash_key_size > rss_key.size()) return;
  conf->rx_adv_conf.rss_conf.rss_key = rss_key.data();
  conf->rx_adv_conf.rss_conf.rss_key_len = device.hash_key_size;
}

Status Failed(const EthdevOptions& options, Code code, const std::string& what, int error, const std::string& fix) {
  const std::string reason = error == 0 ? what : what + ": " + rte_strerror(error < 0 ? -error : error);
  return {code, "port \"" + options.name + "\" device \"" + options.device + "\"", reason, fix};
}

}  // namespace

Result<std::unique_ptr<EthdevPort>> EthdevPort::Open(const EthdevOptions& options) {
  std::unique_ptr<EthdevPort> port(new EthdevPort());
  Status opened;
  std::string reason;
  {
    const LogCapture log;
    opened = port->Find(options);
    if (opened.ok()) opened = port->Configure(options);
    if (opened.ok()) opened = port->SetUpQueues(options);
    reason = log.Reason();
  }
  if (!opened.ok()) {
    // The driver's own words say more than its error number.
    return reason.empty()
               ? opened
               : Status(opened.code(), opened.subject(), opened.reason() + " (" + reason + ")", opened.fix());
  }
  port->ReadInfo(options);
  return port;
}

EthdevPort::~EthdevPort() {
  if (started_) rte_eth_dev_stop(id_);
  if (created_) {
    if (id_ != kNoDevice) rte_eth_dev_close(id_);
    rte_vdev_uninit(device_name_.c_str());
  }
  rte_mempool_free(whole_frames_);
}

Status EthdevPort::Find(const EthdevOptions& options) {
  const auto comma = options.device.find(',');
  device_name_ = options.device.substr(0, comma);
  if (rte_eth_dev_get_port_by_name(device_name_.c_str(), &id_) == 0) return OkStatus();
  const std::string arguments = comma == std::string::npos ? "" : options.device.substr(comma + 1);
  if (std::string_view(device_name_).substr(0, 4) != "net_") {
    return Failed(options, Code::kNotFound, "no such device", 0,
                  "name a PCI address that is bound to DPDK, or a virtual device (net_af_packet0,iface=eth0)");
  }
  if (const int error = rte_vdev_init(device_name_.c_str(), arguments.c_str()); error != 0) {
    // -1 is no errno here, and stands for anything.
    return Failed(
        options, Code::kUnavailable, "can't be opened", error == -1 ? 0 : error,
        "check that this image has the driver, and that the files or the interface it names exist and may be used");
  }
  created_ = true;
  if (rte_eth_dev_get_port_by_name(device_name_.c_str(), &id_) != 0) {
    return Failed(options, Code::kUnavailable, "is not an Ethernet device", 0, "name an Ethernet device");
  }
  return OkStatus();
}

Status EthdevPort::Configure(const EthdevOptions& options) {
  rte_eth_dev_info device{};
  if (const int error = rte_eth_dev_info_get(id_, &device); error != 0) {
    return Failed(options, Code::kUnavailable, "does not describe itself", error, "check the driver");
  }
  if (options.receive_queues > device.max_rx_queues || options.workers > device.max_tx_queues) {
    return Failed(
        options, Code::kUnsupported,
        "has " + std::to_string(device.max_rx_queues) + " receive and " + std::to_string(device.max_tx_queues) +
            " send queues, but " + std::to_string(options.receive_queues) + " and " + std::to_string(options.workers) +
            " are needed",
        0,
        "a port needs a send queue for each worker: lower the board's lcores or the port's receive_queues, or give the "
        "device more queues");
  }
  info_.receive_queues = options.receive_queues;
  // 0 means that the driver has no bound.
  if (device.tx_desc_lim.nb_mtu_seg_max != 0) info_.max_send_segments = device.tx_desc_lim.nb_mtu_seg_max;
  rte_eth_conf conf{};
  info_.driver = device.driver_name;
  // net_pcap gathers chains by itself, though 22.11 does not offer it as a capability.
  info_.multi_segment_send =
      (device.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0 || info_.driver == "net_pcap";
  conf.txmode.offloads = device.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  conf.rxmode.offloads = device.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
  if (options.mtu != 0) conf.rxmode.mtu = options.mtu;
  // A device without receive-side scaling (rings) fills its queues as it will.
  if (options.receive_queues > 1 && device.flow_type_rss_offloads != 0) SpreadOverQueues(device, &conf);
  // Copies get queues of their own, unless the device has none to spare or (net_tap) wants as many of both kinds.
  int error = -ENOTSUP;
  if (device.max_tx_queues >= 2 * options.workers) {
    info_.send_queues = static_cast<std::uint16_t>(2 * options.workers);
    error = rte_eth_dev_configure(id_, info_.receive_queues, info_.send_queues, &conf);
  }
  if (error != 0) {
    info_.send_queues = options.workers;
    error = rte_eth_dev_configure(id_, info_.receive_queues, info_.send_queues, &conf);
  }
  if (error != 0) {
    return Failed(options, Code::kUnsupported, "can't be configured", error, "check mtu and the number of queues");
  }
  if (options.mtu != 0) {
    // Drivers of files and rings have no MTU to set; a frame of any length passes them.
    error = rte_eth_dev_set_mtu(id_, options.mtu);
    if (error != 0 && error != -ENOTSUP) {
      return Failed(options, Code::kUnsupported, "does not take MTU " + std::to_string(options.mtu), error,
                    "lower mtu");
    }
  }
  return OkStatus();
}

Status EthdevPort::SetUpQueues(const EthdevOptions& options) {
  std::uint16_t receive_packets = options.queue_packets;
  std::uint16_t send_packets = options.queue_packets;
  rte_eth_dev_adjust_nb_rx_tx_desc(id_, &receive_packets, &send_packets);
  for (std::uint16_t queue = 0; queue < info_.receive_queues; ++queue) {
    if (const int error = rte_eth_rx_queue_setup(id_, queue, receive_packets, kAnySocket, nullptr, options.pool);
        error != 0) {
      return Failed(options, Code::kUnavailable, "receive queue can't be set up", error,
                    "its frames must fit the board's buffers (buffer_bytes)");
    }
  }
  for (std::uint16_t queue = 0; queue < info_.send_queues; ++queue) {
    if (const int error = rte_eth_tx_queue_setup(id_, queue, send_packets, kAnySocket, nullptr); error != 0) {
      return Failed(options, Code::kUnavailable, "send queue can't be set up", error, "check the driver");
    }
  }
  if (info_.driver == "net_pcap") {
    // The pool holds more than an outbox of the longest frames; the driver gives them back before it returns.
    const std::string name = "whole_" + std::to_string(id_);
    whole_frames_ = rte_pktmbuf_pool_create(name.c_str(), 4 * kBurst - 1, 0, 0, kPcapMaxFrameBytes, SOCKET_ID_ANY);
    if (whole_frames_ == nullptr) {
      return Failed(options, Code::kResourceExhausted, "no memory for long frames", rte_errno, "raise memory_mib");
    }
  }
  if (const int error = rte_eth_dev_start(id_); error != 0) {
    return Failed(options, Code::kUnavailable, "can't be started", error,
                  "check that its files or interface may be used");
  }
  started_ = true;
  // A wire carries every frame, whoever it is for. Drivers without the switch (files, rings) deliver all anyway.
  const int promiscuous = rte_eth_promiscuous_enable(id_);
  if (promiscuous != 0 && promiscuous != -ENOTSUP) {
    return Failed(options, Code::kUnsupported, "can't receive frames for others", promiscuous, "use another device");
  }
  return OkStatus();
}

void EthdevPort::ReadInfo(const EthdevOptions& options) {
  info_.name = options.name;
  if (options.mac) {
    info_.mac = *options.mac;
  } else {
    rte_ether_addr mac{};
    if (rte_eth_macaddr_get(id_, &mac) == 0)
      std::copy(std::begin(mac.addr_bytes), std::end(mac.addr_bytes), info_.mac.bytes.begin());
  }
  std::uint16_t mtu = 0;
  if (options.mtu != 0) {
    info_.mtu = options.mtu;
  } else if (rte_eth_dev_get_mtu(id_, &mtu) == 0) {
    info_.mtu = mtu;
  }
  if (info_.driver == "net_pcap") info_.max_receive_bytes = info_.max_send_bytes = kPcapMaxFrameBytes;
  // net_af_packet counts what the kernel refuses as sent.
  if (info_.driver == "net_af_packet") {
    info_.max_send_bytes = info_.mtu + std::uint32_t{RTE_ETHER_HDR_LEN};
    info_.send_tag_bytes = RTE_VLAN_HLEN;
  }
}

std::uint16_t EthdevPort::Receive(std::uint16_t queue, Packet** packets, std::uint16_t count) {
  return rte_eth_rx_burst(id_, queue, packets, count);
}

std::uint16_t EthdevPort::Send(std::uint16_t queue, Packet** packets, std::uint16_t count) {
  if (whole_frames_ != nullptr) count = MakeLongChainsWhole(packets, count);
  return rte_eth_tx_burst(id_, queue, packets, count);
}

std::uint16_t EthdevPort::MakeLongChainsWhole(Packet** packets, std::uint16_t count) {
  for (std::uint16_t i = 0; i < count; ++i) {
    Packet* const chain = packets[i];
    if (chain->pkt_len <= kPcapMaxChainBytes || chain->nb_segs == 1) continue;
    Packet* const whole = chain->pkt_len > kPcapMaxFrameBytes ? nullptr : rte_pktmbuf_alloc(whole_frames_);
    if (whole == nullptr) return i;
    whole->data_off = 0;  // no room in front: a buffer holds just the longest frame
    rte_pktmbuf_read(chain, 0, chain->pkt_len, rte_pktmbuf_mtod(whole, void*));
    whole->pkt_len = chain->pkt_len;
    whole->data_len = static_cast<std::uint16_t>(chain->pkt_len);
    rte_pktmbuf_free(chain);
    packets[i] = whole;
  }
  return count;
}

bool EthdevPort::LinkUp() {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

std::uint64_t EthdevPort::ReceiveMissed() {
  rte_eth_stats stats{};
  if (rte_eth_stats_get(id_, &stats) != 0) return 0;
  // When they have no buffer, some drivers leave the packet with the device and try again: a packet may be in both
  // counts, or be counted for a mere delay. Counting too many is better than too few.
  return stats.imissed + stats.rx_nombuf;
}

}  // namespace heliostat::hal::dpdk
