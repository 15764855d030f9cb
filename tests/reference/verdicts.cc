// The firmware's verdicts on batches of packets, one line a packet, for compare.py.
//
//   reference_verdicts MANIFEST
//
// Each line of the manifest names three files: a configuration (helioctl compile), a board (a Board message) and
// packets, each [u32 number of the source interface, u8 direction (0 inbound, 1 outbound), u32 length, bytes], little
// endian. Ends with 1 and a message on stderr at the first batch that can't be judged.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/build.h"
#include "base/status.h"
#include "codec/codec.h"
#include "config/board.h"
#include "config/config.h"
#include "config/tunnel_ids.h"
#include "config/validate.h"
#include "packet/flow_key.h"
#include "packet/parse.h"
#include "rules/classifier.h"
#include "rules/compile.h"
#include "rules/loop_guard.h"

namespace heliostat {
namespace {

using Bytes = std::span<const std::uint8_t>;

struct Packet {
  std::uint32_t interface_number = 0;
  config::Direction direction = config::Direction::kInbound;
  std::vector<std::uint8_t> frame;  // memory of its own: the address sanitizer sees a read past its end
  std::string verdict;
};

// Everything that judges the packets of one batch.
struct Mirror {
  config::Config config;
  std::vector<config::Interface> interfaces;
  rules::Compiled compiled;
  rules::LoopGuard loop_guard;
};

Result<std::vector<std::uint8_t>> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Status(Code::kNotFound, path, "can't be read");
  }
  return std::vector<std::uint8_t>(std::istreambuf_iterator<char>(file), {});
}

// As the card does at start: a port of the board is an interface.
std::vector<config::Interface> InterfacesOf(const config::Board& board) {
  std::vector<config::Interface> interfaces;
  for (const config::BoardPort& port : board.ports) {
    interfaces.push_back({.name = port.name,
                          .kind = port.kind,
                          .number = port.number,
                          .mac = port.mac.value_or(MacAddress{}),
                          .primary_ipv4 = port.primary_ipv4,
                          .primary_ipv6 = port.primary_ipv6,
                          .mtu = port.mtu});
  }
  return interfaces;
}

Result<Mirror> Load(Bytes config_bytes, Bytes board_bytes) {
  Result<config::Board> board = codec::DecodeBoard(board_bytes);
  if (!board.ok()) {
    return board.status();
  }
  HELIOSTAT_RETURN_IF_ERROR(config::ValidateBoard(*board));
  Result<config::Config> config = codec::DecodeConfig(config_bytes, board->limits);
  if (!config.ok()) {
    return config.status();
  }
  Mirror mirror{.config = std::move(*config), .interfaces = InterfacesOf(*board), .compiled = {}, .loop_guard = {}};
  HELIOSTAT_RETURN_IF_ERROR(config::Validate(
      mirror.config, {.interfaces_known = true, .interfaces = mirror.interfaces, .limits = board->limits}));
  Result<rules::Compiled> compiled = rules::Compile(mirror.config);
  if (!compiled.ok()) {
    return compiled.status();
  }
  mirror.compiled = std::move(*compiled);
  HELIOSTAT_RETURN_IF_ERROR(config::PickTunnelIds(mirror.config));
  const agent::OwnCopies own = agent::FindOwnCopies(mirror.config, mirror.interfaces);
  mirror.loop_guard = rules::LoopGuard(own.copies, own.vlans);
  return mirror;
}

// The next packet of the stream; nothing at its end or where it is cut short.
std::optional<Packet> TakePacket(Bytes& stream) {
  constexpr std::size_t kHeaderBytes = 9;
  const auto u32 = [&stream](std::size_t at) {
    return static_cast<std::uint32_t>(stream[at]) | static_cast<std::uint32_t>(stream[at + 1]) << 8U |
           static_cast<std::uint32_t>(stream[at + 2]) << 16U | static_cast<std::uint32_t>(stream[at + 3]) << 24U;
  };
  if (stream.size() < kHeaderBytes || stream.size() - kHeaderBytes < u32(5)) {
    return std::nullopt;
  }
  const Bytes frame = stream.subspan(kHeaderBytes, u32(5));
  Packet packet{.interface_number = u32(0),
                .direction = stream[4] == 0 ? config::Direction::kInbound : config::Direction::kOutbound,
                .frame = {frame.begin(), frame.end()},
                .verdict = {}};
  stream = stream.subspan(kHeaderBytes + frame.size());
  return packet;
}

std::string_view ServiceName(config::Service service) {
  switch (service) {
    case config::Service::kDns: return "dns";
    case config::Service::kDhcp: return "dhcp";
    case config::Service::kNtp: return "ntp";
    case config::Service::kArp: return "arp";
    case config::Service::kMetadata: return "metadata";
    case config::Service::kActivation: return "activation";
  }
  return "?";
}

const rules::InterfacePolicy* PolicyAt(const Mirror& mirror, const std::string& interface,
                                       config::Direction direction) {
  for (const rules::CompiledInterface& compiled : mirror.compiled.interfaces) {
    if (compiled.name == interface) {
      return &compiled.directions.at(static_cast<std::size_t>(direction));
    }
  }
  return nullptr;
}

std::string VerdictLine(const Mirror& mirror, const rules::InterfacePolicy& at, const rules::Verdict& verdict) {
  if (verdict.outcome == rules::Outcome::kNone) {
    return "none";
  }
  const rules::RuleOrigin& origin = at.policy->OriginOf(verdict);
  std::string line = verdict.outcome == rules::Outcome::kAccept ? "accept " : "reject ";
  line += mirror.config.sessions.at(at.sessions.at(verdict.slot)).metadata.name + " ";
  line += origin.number != 0 ? std::to_string(origin.number) : std::string(ServiceName(origin.service));
  return line;
}

// As a worker does: a burst of one interface and direction at once.
void JudgeBurst(const Mirror& mirror, std::uint32_t interface, std::span<Packet* const> burst) {
  std::vector<packet::FlowKey> keys;
  for (const Packet* packet : burst) keys.push_back(packet::Parse(packet->frame));
  const rules::InterfacePolicy* at = PolicyAt(mirror, mirror.interfaces[interface].name, burst.front()->direction);
  std::vector<rules::Verdict> verdicts(burst.size());
  if (at != nullptr && at->policy != nullptr) {
    at->policy->Classify(keys, verdicts);
  }
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (keys[i].Has(packet::FlowKey::kRunt)) {
      burst[i]->verdict = "runt";
    } else if (mirror.loop_guard.IsOwnCopy(interface, keys[i], burst[i]->frame)) {
      burst[i]->verdict = "loop_guard";
    } else {
      burst[i]->verdict = at == nullptr ? "none" : VerdictLine(mirror, *at, verdicts[i]);
    }
  }
}

Status JudgePackets(const Mirror& mirror, std::span<Packet> packets) {
  constexpr std::size_t kMaxBurst = 64;
  std::map<std::pair<std::uint32_t, config::Direction>, std::vector<Packet*>> lanes;
  for (Packet& packet : packets) {
    const auto interface = std::ranges::find(mirror.interfaces, packet.interface_number, &config::Interface::number);
    if (interface == mirror.interfaces.end()) {
      return Status(Code::kNotFound, "packets", "no interface of number " + std::to_string(packet.interface_number));
    }
    lanes[{static_cast<std::uint32_t>(interface - mirror.interfaces.begin()), packet.direction}].push_back(&packet);
  }
  for (const auto& [lane, of_lane] : lanes) {
    std::span<Packet* const> rest(of_lane);
    for (std::size_t size = 1; !rest.empty(); size = size % kMaxBurst + 1) {  // bursts of every size
      const std::size_t count = std::min(size, rest.size());
      JudgeBurst(mirror, lane.first, rest.first(count));
      rest = rest.subspan(count);
    }
  }
  return OkStatus();
}

Status JudgeBatch(const std::string& config_path, const std::string& board_path, const std::string& packets_path) {
  Result<std::vector<std::uint8_t>> config = ReadFile(config_path);
  Result<std::vector<std::uint8_t>> board = ReadFile(board_path);
  Result<std::vector<std::uint8_t>> stream = ReadFile(packets_path);
  for (const auto* file : {&config, &board, &stream}) {
    HELIOSTAT_RETURN_IF_ERROR(file->status());
  }
  Result<Mirror> mirror = Load(*config, *board);
  if (!mirror.ok()) {
    return mirror.status().Within(config_path);
  }

  std::vector<Packet> packets;
  Bytes rest(*stream);
  while (std::optional<Packet> packet = TakePacket(rest)) {
    packets.push_back(std::move(*packet));
  }
  if (!rest.empty()) {
    return Status(Code::kDataLoss, packets_path, "the last packet is cut short");
  }
  HELIOSTAT_RETURN_IF_ERROR(JudgePackets(*mirror, packets));
  for (const Packet& packet : packets) {
    std::cout << packet.verdict << '\n';
  }
  return OkStatus();
}

int Main(const std::string& manifest_path) {
  std::ifstream manifest(manifest_path);
  if (!manifest) {
    std::cerr << manifest_path << ": can't be read\n";
    return 1;
  }
  std::string config;
  std::string board;
  std::string packets;
  while (manifest >> config >> board >> packets) {
    if (const Status status = JudgeBatch(config, board, packets); !status.ok()) {
      std::cerr << status.ToString() << '\n';
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace heliostat

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: reference_verdicts MANIFEST\n";
    return 2;
  }
  return heliostat::Main(argv[1]);
}
