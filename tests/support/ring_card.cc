#include "support/ring_card.h"

#include <rte_bus_vdev.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "dpdk/eal.h"
#include "support/mirror_config.h"

namespace heliostat::support {
namespace {

[[noreturn]] void Broken(const std::string& what) {
  std::fprintf(stderr, "broken test: %s\n", what.c_str());
  std::abort();
}

void Check(const Status& status) {
  if (!status.ok()) Broken(status.ToString());
}

hal::PacketPool* Pool(const std::string& name, std::uint32_t count, std::uint16_t room) {
  Result<hal::PacketPool*> pool = hal::dpdk::MakePool(name, count, room);
  Check(pool.status());
  return *pool;
}

}  // namespace

void StartDpdk() {
  // The pointer is kept where a leak checker sees it, though nothing reads it.
  [[gnu::used]] static const auto* eal = [] {
    Result<hal::dpdk::Eal> started = hal::dpdk::Eal::Start({.lcores = "0@(0-1),1@(0-1),2@(0-1)", .memory_mib = 256});
    Check(started.status());
    return new hal::dpdk::Eal(std::move(*started));
  }();
  (void)eal;
}

RingCardOptions SmallCard() {
  RingCardOptions options;
  options.ports = {{.name = "guest", .kind = config::InterfaceKind::kVm, .number = 1},
                   {.name = "wire", .kind = config::InterfaceKind::kEdge, .number = 2},
                   {.name = "analyser", .kind = config::InterfaceKind::kEdge, .number = 3}};
  options.wires = {{"guest", "wire"}};
  return options;
}

RingCard::RingCard(RingCardOptions options) {
  static int cards = 0;
  StartDpdk();
  id_ = "c" + std::to_string(cards++);
  originals_ = Pool(id_ + "o", 2047, 2048);
  copies_.data = Pool(id_ + "d", options.copy_buffers, 2048);
  copies_.clones = Pool(id_ + "k", options.copy_buffers, 0);
  for (const RingPortOptions& port : options.ports) OpenPort(port, options.workers);

  agent::AgentOptions agent;
  agent.hardware_id = 5;
  agent.seed = 1;
  agent.clock = &clock_;
  for (const PortRings& port : ports_) {
    config::Interface interface;
    interface.name = port.options.name;
    interface.kind = port.options.kind;
    interface.number = port.options.number;
    interface.mac = port.port->info().mac;
    interface.mtu = port.options.mtu;
    if (!port.options.primary_ipv4.empty()) interface.primary_ipv4 = Ip(port.options.primary_ipv4);
    if (!port.options.primary_ipv6.empty()) interface.primary_ipv6 = Ip(port.options.primary_ipv6);
    agent.card.interfaces.push_back(interface);
    agent.ports.push_back(port.port.get());
  }
  agent_ = std::make_unique<agent::Agent>(std::move(agent));
  MakeWorkers(options);
}

RingCard::~RingCard() {
  workers_.clear();
  agent_.reset();
  for (PortRings& port : ports_) {
    Take(port.options.name);
    const std::uint16_t id = port.port->ethdev_id();
    port.port.reset();
    rte_eth_dev_close(id);
    rte_vdev_uninit(port.device.c_str());
    for (rte_ring* ring : port.receive) rte_ring_free(ring);
    for (rte_ring* ring : port.send) rte_ring_free(ring);
  }
  rte_mempool_free(originals_);
  rte_mempool_free(copies_.data);
  rte_mempool_free(copies_.clones);
}

void RingCard::OpenPort(const RingPortOptions& options, std::uint32_t workers) {
  PortRings port;
  port.options = options;
  const std::string name = id_ + options.name;
  for (std::uint16_t i = 0; i < options.receive_queues; ++i) {
    port.receive.push_back(
        rte_ring_create((name + "r" + std::to_string(i)).c_str(), 2048, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ));
  }
  for (std::uint32_t i = 0; i < workers; ++i) {
    port.send.push_back(rte_ring_create((name + "s" + std::to_string(i)).c_str(), options.send_room, SOCKET_ID_ANY,
                                        RING_F_SP_ENQ | RING_F_SC_DEQ));
  }
  if (port.receive.back() == nullptr || port.send.back() == nullptr) Broken("no ring");
  const auto any_socket = static_cast<unsigned>(SOCKET_ID_ANY);
  if (rte_eth_from_rings(name.c_str(), port.receive.data(), options.receive_queues, port.send.data(), workers,
                         any_socket) < 0)
    Broken("no port");
  port.device = "net_ring_" + name;
  MacAddress mac = Mac("02:48:53:00:00:00");
  mac.bytes[5] = static_cast<std::uint8_t>(options.number);
  auto opened = hal::dpdk::EthdevPort::Open({.name = options.name,
                                             .device = port.device,
                                             .mac = mac,
                                             .mtu = 0,
                                             .workers = static_cast<std::uint16_t>(workers),
                                             .receive_queues = options.receive_queues,
                                             .pool = originals_});
  Check(opened.status());
  port.port = std::move(*opened);
  ports_.push_back(std::move(port));
}

void RingCard::MakeWorkers(const RingCardOptions& options) {
  std::vector<datapath::Lane> lanes;
  const auto index = [this](const std::string& name) { return static_cast<std::uint16_t>(Index(name)); };
  for (const auto& [first, second] : options.wires) {
    for (std::uint16_t queue = 0; queue < ports_[index(first)].receive.size(); ++queue) {
      lanes.push_back(datapath::WireLane{.input = {index(first), queue}, .output = index(second)});
    }
    for (std::uint16_t queue = 0; queue < ports_[index(second)].receive.size(); ++queue) {
      lanes.push_back(datapath::WireLane{.input = {index(second), queue}, .output = index(first)});
    }
  }
  for (const std::string& tap : options.taps) lanes.push_back(datapath::TapLane{.input = {index(tap), 0}});
  for (const CopiesOf& copies : options.copies) {
    lanes.push_back(datapath::CopiesLane{
        .input = {index(copies.port), 0}, .source = index(copies.source), .direction = copies.direction});
  }
  for (std::uint32_t number = 0; number < options.workers; ++number) {
    datapath::WorkerOptions worker;
    worker.number = number;
    worker.workers = options.workers;
    for (const PortRings& port : ports_) worker.ports.push_back({port.port.get(), port.options.kind});
    for (std::size_t i = number; i < lanes.size(); i += options.workers) worker.lanes.push_back(lanes[i]);
    worker.pools = copies_;
    worker.clock = &clock_;
    worker.tables = agent_->tables();
    worker.link_up = agent_->link_up();
    worker.seed = 1;
    workers_.push_back(std::make_unique<datapath::Worker>(std::move(worker)));
    agent_->Attach(workers_.back().get());
  }
}

std::size_t RingCard::Index(const std::string& name) const {
  const auto found =
      std::find_if(ports_.begin(), ports_.end(), [&](const PortRings& p) { return p.options.name == name; });
  if (found == ports_.end()) Broken("no port " + name);
  return static_cast<std::size_t>(found - ports_.begin());
}

void RingCard::Apply(const config::Config& config) { Check(agent_->Apply(Shared(config)).status()); }

void RingCard::Put(const std::string& port, const Bytes& frame, std::size_t segment_bytes, std::uint16_t queue) {
  hal::Packet* head = nullptr;
  std::size_t at = 0;
  do {
    hal::Packet* segment = hal::Allocate(originals_);
    if (segment == nullptr) Broken("no buffer for a frame");
    const std::size_t part = std::min(frame.size() - at, segment_bytes);
    std::uint8_t* out = hal::SetLength(segment, static_cast<std::uint16_t>(part));
    if (part != 0) std::memcpy(out, frame.data() + at, part);
    at += part;
    if (head == nullptr) {
      head = segment;
    } else if (rte_pktmbuf_chain(head, segment) != 0) {
      Broken("too many segments");
    }
  } while (at < frame.size());
  if (rte_ring_enqueue(ports_[Index(port)].receive.at(queue), head) != 0) Broken("no room at " + port);
}

std::vector<Bytes> RingCard::Take(const std::string& port) {
  std::vector<Bytes> frames;
  for (rte_ring* ring : ports_[Index(port)].send) {
    void* object = nullptr;
    while (rte_ring_dequeue(ring, &object) == 0) {
      auto* packet = static_cast<hal::Packet*>(object);
      Bytes frame(hal::Length(packet));
      hal::CopyOut(packet, hal::Length(packet), frame.data());
      frames.push_back(std::move(frame));
      hal::Release(packet);
    }
  }
  return frames;
}

void RingCard::Run() {
  for (bool again = true; again;) {
    again = false;
    for (const auto& worker : workers_) again = worker->RunOnce() != 0 || again;
  }
}

void RingCard::SetLink(const std::string& port, bool up) {
  const std::uint16_t id = ports_[Index(port)].port->ethdev_id();
  if ((up ? rte_eth_dev_set_link_up(id) : rte_eth_dev_set_link_down(id)) != 0) Broken("the link can't be set");
  agent_->Tick();
}

datapath::EntryCounts RingCard::Ledger(const std::string& session, const std::string& interface,
                                       config::Direction direction) const {
  const agent::LedgerKey key{session, interface, direction};
  for (const agent::LedgerLine& line : agent_->Read().ledger) {
    if (line.key == key) return line.counts;
  }
  return {};
}

datapath::PortCounts RingCard::Port(const std::string& name) const { return agent_->Read().ports[Index(name)]; }

unsigned RingCard::BuffersInUse() const {
  return rte_mempool_in_use_count(originals_) + rte_mempool_in_use_count(copies_.data) +
         rte_mempool_in_use_count(copies_.clones);
}

}  // namespace heliostat::support
