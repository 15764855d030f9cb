#include "bench/bench_card.h"

#include <rte_eth_ring.h>
#include <rte_mempool.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "dpdk/eal.h"

namespace heliostat::bench {
namespace {

constexpr std::uint32_t kBuffers = 4096;
constexpr std::uint16_t kBufferBytes = 2048;
constexpr std::uint16_t kMtu = 9000;

void Check(const Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

hal::PacketPool* Pool(const std::string& name, std::uint16_t room) {
  Result<hal::PacketPool*> pool = hal::dpdk::MakePool(name, kBuffers, room);
  Check(pool.status());
  return *pool;
}

rte_ring* Ring(const char* name) {
  rte_ring* ring = rte_ring_create(name, 2 * Ports::kFramesAPass, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (ring == nullptr) Fail("no memory for a ring");
  return ring;
}

std::unique_ptr<hal::dpdk::EthdevPort> OpenPort(const std::string& name, const std::string& device,
                                                hal::PacketPool* pool) {
  hal::dpdk::EthdevOptions options;
  options.name = name;
  options.device = device;
  options.mac = support::Mac("02:48:53:00:00:01");
  options.pool = pool;
  auto port = hal::dpdk::EthdevPort::Open(options);
  Check(port.status());
  return std::move(*port);
}

config::Interface MakeInterface(const std::string& name, config::InterfaceKind kind, std::uint32_t number) {
  config::Interface interface;
  interface.name = name;
  interface.kind = kind;
  interface.number = number;
  interface.mac = support::Mac("02:48:53:00:00:0" + std::to_string(number));
  interface.mtu = kMtu;
  return interface;
}

config::Config Mirror(config::Encapsulation encapsulation, const std::vector<config::Rule>& rules) {
  config::Underlay underlay;
  underlay.interface = "analyser";
  underlay.addresses = {*IpPrefix::Parse("10.9.0.1/24")};
  underlay.neighbours = {{support::Ip("10.9.0.2"), support::Mac("02:00:00:00:09:02")}};
  config::Target target;
  target.metadata.name = "receiver";
  target.encapsulation = encapsulation;
  target.remote = support::Ip("10.9.0.2");
  config::Filter filter;
  filter.metadata.name = "rules";
  filter.outbound = rules;
  config::Session session;
  session.metadata.name = "mirror";
  session.number = 1;
  session.sources = {"guest"};
  session.filter = "rules";
  session.target = "receiver";
  session.direction = config::DirectionSet::kOutbound;
  session.tunnel_id = 7;
  config::Config config;
  config.underlays = {underlay};
  config.targets = {target};
  config.filters = {filter};
  config.sessions = {session};
  return config;
}

}  // namespace

void Fail(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

Ports::Ports() {
  arrivals_ = Ring("arrivals");
  nothing_ = Ring("nothing");
  if (rte_eth_from_rings("guest", &arrivals_, 1, &nothing_, 1, SOCKET_ID_ANY) < 0) Fail("no net_ring port");
  Open("ring", "net_ring_guest");
}

Ports::Ports(const std::string& name, const std::string& capture_file) {
  Open(name, "net_pcap_" + name + ",rx_pcap=" + capture_file + ",infinite_rx=1");
}

Ports::~Ports() {
  guest_.reset();
  wire_.reset();
  analyser_.reset();
}

void Ports::Open(const std::string& name, const std::string& guest_device) {
  originals_ = Pool(name + "_originals", kBufferBytes);
  copies_ = {.data = Pool(name + "_copies", kBufferBytes), .clones = Pool(name + "_clones", 0)};
  guest_ = OpenPort("guest", guest_device, originals_);
  wire_ = OpenPort("wire", "net_null_wire_" + name, originals_);
  analyser_ = OpenPort("analyser", "net_null_analyser_" + name, originals_);
}

std::uint32_t Ports::Chance() {
  chance_ = chance_ * 6364136223846793005U + 1442695040888963407U;
  return static_cast<std::uint32_t>(chance_ >> 33U);
}

void Ports::Load(const std::vector<support::Bytes>& frames, bool new_flows) {
  std::array<hal::Packet*, kFramesAPass> packets;
  if (!hal::AllocateBurst(originals_, packets.data(), kFramesAPass)) Fail("frames were not freed");
  for (std::size_t i = 0; i < kFramesAPass; ++i) {
    const support::Bytes& frame = frames[i % frames.size()];
    std::uint8_t* out = hal::SetLength(packets[i], static_cast<std::uint16_t>(frame.size()));
    std::memcpy(out, frame.data(), frame.size());
    if (new_flows) SetSourcePort(out, static_cast<std::uint16_t>(0x8000 | Chance()));
  }
  // A branch predictor learns no order of flows.
  for (std::size_t i = kFramesAPass - 1; i > 0; --i) {
    std::swap(packets[i], packets[Chance() % (i + 1)]);
  }
  if (rte_ring_enqueue_bulk(arrivals_, reinterpret_cast<void**>(packets.data()), kFramesAPass, nullptr) == 0) {
    Fail("frames were not received");
  }
}

unsigned Ports::BuffersInUse() const {
  return rte_mempool_in_use_count(originals_) + rte_mempool_in_use_count(copies_.data) +
         rte_mempool_in_use_count(copies_.clones);
}

Card::Card(Ports& ports, config::Encapsulation encapsulation, const std::vector<config::Rule>& rules) {
  agent::AgentOptions agent;
  agent.clock = &clock_;
  agent.card.interfaces = {MakeInterface("guest", config::InterfaceKind::kVm, 1),
                           MakeInterface("wire", config::InterfaceKind::kEdge, 2),
                           MakeInterface("analyser", config::InterfaceKind::kEdge, 3)};
  agent.ports = {&ports.guest(), &ports.wire(), &ports.analyser()};
  agent_ = std::make_unique<agent::Agent>(std::move(agent));

  datapath::WorkerOptions worker;
  worker.ports = {{&ports.guest(), config::InterfaceKind::kVm},
                  {&ports.wire(), config::InterfaceKind::kEdge},
                  {&ports.analyser(), config::InterfaceKind::kEdge}};
  worker.lanes = {datapath::WireLane{.input = {0, 0}, .output = 1}};
  worker.pools = ports.copies();
  worker.clock = &clock_;
  worker.tables = agent_->tables();
  worker.link_up = agent_->link_up();
  worker_ = std::make_unique<datapath::Worker>(std::move(worker));
  agent_->Attach(worker_.get());
  if (!rules.empty())
    Check(agent_->Apply(std::make_shared<const config::Config>(Mirror(encapsulation, rules))).status());
}

bool Card::Run(std::size_t frames) {
  std::size_t received = 0;
  while (received < frames) {
    const std::uint32_t burst = worker_->RunOnce();
    if (burst == 0) return false;
    received += burst;
  }
  return received == frames;
}

datapath::EntryCounts Card::Ledger() const {
  datapath::EntryCounts sum;
  for (const agent::LedgerLine& line : agent_->Read().ledger) sum += line.counts;
  return sum;
}

std::uint64_t Card::Forwarded() const { return agent_->Read().ports[1].forwarded.packets; }

}  // namespace heliostat::bench
