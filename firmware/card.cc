#include "card.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "linux/kernel_interface.h"

namespace heliostat {
namespace {

constexpr std::uint16_t kCopyRoom = 2048;                     // headers and a copied frame; longer ones are referenced
constexpr std::string_view kCaptureFile = "capture_file:";    // a device: the files behind the colon
constexpr std::string_view kPacketSocket = "packet_socket:";  // a device: the kernel interface behind the colon

}  // namespace

Result<std::unique_ptr<Card>> Card::Open(CardOptions options) {
  std::unique_ptr<Card> card(new Card(std::move(options)));
  const config::Board& board = card->options_.board;
  Result<hal::dpdk::Eal> eal = hal::dpdk::Eal::Start({.lcores = board.lcores,
                                                      .memory_mib = board.memory_mib,
                                                      .huge_pages = board.huge_pages,
                                                      .pci = board.pci,
                                                      .verbose = card->options_.verbose});
  if (!eal.ok()) return eal.status();
  card->eal_ = std::make_unique<hal::dpdk::Eal>(std::move(*eal));
  card->lcores_ = hal::dpdk::Eal::WorkerLcores();
  if (card->lcores_.empty()) {
    return Status(Code::kInvalidArgument, "board lcores", "\"" + board.lcores + "\" leaves no lcore for a worker",
                  "name at least two, e.g. \"0,1\" or \"0@(0-1),1@(0-1)\"");
  }
  HELIOSTAT_RETURN_IF_ERROR(card->MakePools());
  HELIOSTAT_RETURN_IF_ERROR(card->OpenPorts());
  HELIOSTAT_RETURN_IF_ERROR(card->MakeAgent());
  HELIOSTAT_RETURN_IF_ERROR(card->MakeWorkers());
  return card;
}

Card::~Card() {
  Stop();
  workers_.clear();
  agent_.reset();
  packet_sockets_.clear();
  ports_.clear();
  eal_.reset();
}

Status Card::MakePools() {
  const config::Board& board = options_.board;
  const auto make = [](const char* name, std::uint32_t count, std::uint16_t room, hal::PacketPool*& pool) {
    Result<hal::PacketPool*> made = hal::dpdk::MakePool(name, count, room);
    if (made.ok()) pool = *made;
    return made.status();
  };
  HELIOSTAT_RETURN_IF_ERROR(make("originals", board.original_buffers, board.buffer_bytes, originals_));
  HELIOSTAT_RETURN_IF_ERROR(make("copies", board.copy_buffers, kCopyRoom, copies_.data));
  // A reference pins a buffer that frames are received into: a stalled analyser may hold a quarter of them, no more.
  return make("clones", std::max(1U, std::min(board.copy_buffers, board.original_buffers / 4)), 0, copies_.clones);
}

Result<std::string> Card::Expand(const std::string& port, const std::string& text) const {
  std::string expanded;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = text.find("${", at);
    if (open == std::string::npos) return expanded + text.substr(at);
    const std::size_t close = text.find('}', open);
    const std::string name = text.substr(open + 2, close == std::string::npos ? close : close - open - 2);
    const auto value = options_.values.find(name);
    if (close == std::string::npos || value == options_.values.end()) {
      return Status(Code::kInvalidArgument, "port \"" + port + "\"", "needs a value for ${" + name + "}",
                    "give it with --set " + name + "=VALUE");
    }
    expanded += text.substr(at, open - at) + value->second;
    at = close + 1;
  }
  return expanded;
}

Status Card::OpenPorts() {
  for (const config::BoardPort& port : options_.board.ports) HELIOSTAT_RETURN_IF_ERROR(OpenPort(port));
  return OkStatus();
}

Status Card::OpenPort(const config::BoardPort& board_port) {
  const Result<std::string> device = Expand(board_port.name, board_port.device);
  if (!device.ok()) return device.status();
  const bool ethdev = !device->starts_with(kPacketSocket) && !device->starts_with(kCaptureFile);
  if (!ethdev && board_port.receive_queues > 1) {
    return {Code::kUnsupported, "port \"" + board_port.name + "\" receive_queues", "\"" + *device + "\" has one queue",
            "leave it out: only DPDK devices have several"};
  }
  Result<std::unique_ptr<hal::Port>> port =
      device->starts_with(kPacketSocket)  ? OpenPacketSocket(board_port, device->substr(kPacketSocket.size()))
      : device->starts_with(kCaptureFile) ? OpenCaptureFile(board_port, device->substr(kCaptureFile.size()))
                                          : OpenEthdev(board_port, *device);
  if (!port.ok()) return port.status();
  const hal::PortInfo& info = (*port)->info();
  if (!info.multi_segment_send && info.mtu + 256U > kCopyRoom) {
    return {Code::kUnsupported, "port \"" + board_port.name + "\" mtu",
            "driver " + info.driver + " takes no chained packets, and a copy buffer holds " +
                std::to_string(kCopyRoom) + " bytes",
            "lower mtu to " + std::to_string(kCopyRoom - 256)};
  }
  ports_.push_back(std::move(*port));
  return OkStatus();
}

Result<std::unique_ptr<hal::Port>> Card::OpenEthdev(const config::BoardPort& board_port, const std::string& device) {
  hal::dpdk::EthdevOptions options;
  options.name = board_port.name;
  options.device = device;
  options.mac = board_port.mac;
  options.mtu = board_port.mtu;
  options.pool = originals_;
  options.workers = static_cast<std::uint16_t>(lcores_.size());
  options.receive_queues = board_port.receive_queues;
  if (!board_port.kernel_interface.empty()) {
    Result<std::string> interface = Expand(board_port.name, board_port.kernel_interface);
    if (!interface.ok()) return interface.status();
    Result<hal::linux_os::KernelInterface> taken = hal::linux_os::TakeOver(*interface);
    if (!taken.ok()) return taken.status().Within("port \"" + board_port.name + "\"");
    if (options.mtu == 0) options.mtu = taken->mtu;
  }
  Result<std::unique_ptr<hal::dpdk::EthdevPort>> port = hal::dpdk::EthdevPort::Open(options);
  if (!port.ok()) return port.status();
  return std::unique_ptr<hal::Port>(std::move(*port));
}

Result<std::unique_ptr<hal::Port>> Card::OpenCaptureFile(const config::BoardPort& board_port,
                                                         const std::string& arguments) {
  constexpr std::string_view kReceive = "rx=";
  constexpr std::string_view kSend = "tx=";
  const std::string subject = "port \"" + board_port.name + "\"";
  // The last one counts, since a path may have commas.
  const std::size_t comma = arguments.rfind("," + std::string(kSend));
  const bool receives = arguments.starts_with(kReceive) && comma != std::string::npos;
  if (!receives && !arguments.starts_with(kSend)) {
    return Status(Code::kInvalidArgument, subject + " device", "\"" + arguments + "\" names no files",
                  "write capture_file:rx=FILE,tx=FILE, or capture_file:tx=FILE for a port that only sends");
  }
  if (!board_port.mac) {
    return Status(Code::kInvalidArgument, subject + " mac", "a file has none", "give the port one");
  }
  hal::capture_file::CaptureFileOptions options;
  options.name = board_port.name;
  if (receives) options.receive = arguments.substr(kReceive.size(), comma - kReceive.size());
  options.send = arguments.substr(receives ? comma + 1 + kSend.size() : kSend.size());
  options.mac = *board_port.mac;
  if (board_port.mtu != 0) options.mtu = board_port.mtu;
  options.workers = static_cast<std::uint16_t>(lcores_.size());
  options.pool = originals_;
  Result<std::unique_ptr<hal::capture_file::CaptureFilePort>> port = hal::capture_file::CaptureFilePort::Open(options);
  if (!port.ok()) return port.status();
  return std::unique_ptr<hal::Port>(std::move(*port));
}

Result<std::unique_ptr<hal::Port>> Card::OpenPacketSocket(const config::BoardPort& board_port,
                                                          const std::string& interface) {
  const std::string subject = "port \"" + board_port.name + "\"";
  for (const PacketSocket& other : packet_sockets_) {
    if (other.interface != interface) continue;
    return Status(Code::kAlreadyExists, subject,
                  "interface \"" + interface + "\" is that of port \"" + other.port->info().name + "\"",
                  "give every port an interface of its own");
  }
  Result<hal::linux_os::KernelInterface> taken = hal::linux_os::TakeOver(interface);
  if (!taken.ok()) return taken.status().Within(subject);
  if (board_port.mtu != 0 && board_port.mtu != taken->mtu) {
    return Status(Code::kFailedPrecondition, subject + " mtu",
                  "the board says " + std::to_string(board_port.mtu) + ", but interface \"" + interface + "\" has " +
                      std::to_string(taken->mtu),
                  "type `ip link set " + interface + " mtu " + std::to_string(board_port.mtu) +
                      "`, or leave mtu out of the board");
  }
  Result<std::unique_ptr<hal::packet_socket::PacketSocketPort>> port =
      hal::packet_socket::PacketSocketPort::Open({.name = board_port.name,
                                                  .interface = interface,
                                                  .mac = board_port.mac,
                                                  .workers = static_cast<std::uint16_t>(lcores_.size()),
                                                  .pool = originals_});
  if (!port.ok()) return port.status();
  packet_sockets_.push_back({interface, port->get(), {}});
  return std::unique_ptr<hal::Port>(std::move(*port));
}

std::vector<std::string> Card::Remarks() {
  std::vector<std::string> remarks;
  for (PacketSocket& socket : packet_sockets_) {
    const hal::packet_socket::Anomalies now = socket.port->ReadAnomalies();
    const auto tell = [&](std::uint64_t count, std::uint64_t before, const std::string& what) {
      if (count != 0 && before == 0)
        remarks.push_back("port " + socket.port->info().name + " (" + socket.interface + "): " + what);
    };
    tell(now.merged, socket.told.merged,
         "frames above the MTU arrive, left to a NIC to be cut, and are not carried; at their sender, type "
         "`ethtool -K INTERFACE tso off gso off`");
    tell(now.open_checksums, socket.told.open_checksums,
         "frames arrive with checksums left to a NIC; the card fills them in. To spare it the work, type "
         "`ethtool -K INTERFACE tx off` at their sender");
    tell(now.overrun, socket.told.overrun, "frames arrive faster than the card reads them, and the kernel loses some");
    tell(now.refused, socket.told.refused,
         "the kernel refuses to send frames that are too long for the interface; give it an MTU 4 bytes larger for "
         "each tag");
    socket.told = now;
  }
  return remarks;
}

std::vector<std::string> Card::Drivers() const {
  std::vector<std::string> drivers;
  for (const auto& port : ports_) drivers.push_back(port->info().driver);
  return drivers;
}

Status Card::MakeAgent() {
  agent::AgentOptions options;
  options.hardware_id = options_.board.hardware_id;
  options.seed = options_.seed;
  options.clock = &clock_;
  options.card.limits = options_.board.limits;
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    const config::BoardPort& board_port = options_.board.ports[i];
    const hal::PortInfo& info = ports_[i]->info();
    config::Interface interface;
    interface.name = board_port.name;
    interface.kind = board_port.kind;
    interface.number = board_port.number;
    interface.mac = info.mac;
    interface.primary_ipv4 = board_port.primary_ipv4;
    interface.primary_ipv6 = board_port.primary_ipv6;
    interface.mtu = info.mtu;
    interface.max_send_bytes = info.max_send_bytes;
    interface.send_tag_bytes = info.send_tag_bytes;
    options.card.interfaces.push_back(std::move(interface));
    options.ports.push_back(ports_[i].get());
  }
  agent_ = std::make_unique<agent::Agent>(std::move(options));
  return OkStatus();
}

std::uint16_t Card::PortIndex(const std::string& name) const {
  const auto& ports = options_.board.ports;
  const auto found =
      std::find_if(ports.begin(), ports.end(), [&](const config::BoardPort& p) { return p.name == name; });
  return static_cast<std::uint16_t>(found - ports.begin());
}

std::vector<datapath::Lane> Card::Lanes() const {
  std::vector<datapath::Lane> lanes;
  const auto queues_of = [this](std::uint16_t port) { return ports_[port]->info().receive_queues; };
  const auto add_wire = [&](std::uint16_t input, std::uint16_t output) {
    for (std::uint16_t queue = 0; queue < queues_of(input); ++queue) {
      lanes.push_back(datapath::WireLane{.input = {input, queue}, .output = output});
    }
  };
  for (const auto& [first, second] : options_.board.wires) {
    add_wire(PortIndex(first), PortIndex(second));
    add_wire(PortIndex(second), PortIndex(first));
  }
  for (const std::string& tap : options_.board.taps) {
    const std::uint16_t input = PortIndex(tap);
    for (std::uint16_t queue = 0; queue < queues_of(input); ++queue) {
      lanes.push_back(datapath::TapLane{.input = {input, queue}});
    }
  }
  return lanes;
}

Status Card::MakeWorkers() {
  const std::vector<datapath::Lane> lanes = Lanes();
  for (std::uint32_t number = 0; number < lcores_.size(); ++number) {
    datapath::WorkerOptions options;
    options.number = number;
    options.workers = static_cast<std::uint32_t>(lcores_.size());
    for (std::size_t i = 0; i < ports_.size(); ++i)
      options.ports.push_back({ports_[i].get(), options_.board.ports[i].kind});
    // A queue belongs to one worker, so its frames stay in order.
    for (std::size_t i = number; i < lanes.size(); i += lcores_.size()) options.lanes.push_back(lanes[i]);
    options.pools = copies_;
    options.clock = &clock_;
    options.tables = agent_->tables();
    options.link_up = agent_->link_up();
    options.seed = options_.seed;
    workers_.push_back(std::make_unique<datapath::Worker>(std::move(options)));
    agent_->Attach(workers_.back().get());
  }
  return OkStatus();
}

Status Card::Start() {
  work_.resize(workers_.size());
  started_ = true;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    work_[i] = [this, i] { workers_[i]->Run(stop_); };
    HELIOSTAT_RETURN_IF_ERROR(hal::dpdk::Eal::Launch(lcores_[i], work_[i]));
  }
  return OkStatus();
}

void Card::Stop() {
  stop_.store(true, std::memory_order_relaxed);
  if (!std::exchange(started_, false)) return;
  for (const unsigned lcore : lcores_) hal::dpdk::Eal::Wait(lcore);
}

bool Card::Idle(std::uint64_t passes) const {
  return std::all_of(workers_.begin(), workers_.end(), [&](const auto& w) { return w->IdlePasses() >= passes; });
}

}  // namespace heliostat
