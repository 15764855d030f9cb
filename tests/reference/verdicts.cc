// The firmware's verdicts on batches of packets, one line a packet, for compare.py: by the tables that the agent itself
// builds, through a worker's own cache.
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
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/epoch.h"
#include "base/status.h"
#include "codec/codec.h"
#include "config/board.h"
#include "config/config.h"
#include "config/tunnel_ids.h"
#include "config/validate.h"
#include "datapath/verdict_cache.h"
#include "packet/flow_key.h"
#include "packet/parse.h"
#include "rules/rule_list.h"

namespace heliostat {
namespace {

using Bytes = std::span<const std::uint8_t>;

struct Packet {
  std::uint32_t interface_number = 0;
  std::uint32_t port = 0;
  config::Direction direction = config::Direction::kInbound;
  std::vector<std::uint8_t> frame;  // memory of its own: the address sanitizer sees a read past its end
  std::string verdict;
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

Result<agent::MadeEpoch> Load(Bytes config_bytes, Bytes board_bytes) {
  Result<config::Board> board = codec::DecodeBoard(board_bytes);
  if (!board.ok()) return board.status();
  HELIOSTAT_RETURN_IF_ERROR(config::ValidateBoard(*board));
  Result<config::Config> config = codec::DecodeConfig(config_bytes, board->limits);
  if (!config.ok()) return config.status();
  const std::vector<config::Interface> interfaces = InterfacesOf(*board);
  HELIOSTAT_RETURN_IF_ERROR(
      config::Validate(*config, {.interfaces_known = true, .interfaces = interfaces, .limits = board->limits}));
  HELIOSTAT_RETURN_IF_ERROR(config::PickTunnelIds(*config));
  return agent::MakeEpoch(std::make_shared<const config::Config>(std::move(*config)), interfaces, {}, {}, {});
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
                .port = 0,
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

// Which sessions the slots of each tier of a source are, as its table has them.
std::vector<const rules::TierPolicy*> TiersOf(const agent::Epoch& epoch, const datapath::SourceTable& table) {
  const std::string& name = epoch.plan.interfaces[table.port].name;
  const auto interface = std::ranges::find(epoch.compiled.interfaces, name, &rules::CompiledInterface::name);
  std::vector<const rules::TierPolicy*> tiers;
  for (const rules::TierPolicy& tier : interface->directions.at(static_cast<std::size_t>(table.direction)).tiers) {
    if (tier.policy != nullptr) tiers.push_back(&tier);
  }
  return tiers;
}

std::string VerdictText(const agent::Epoch& epoch, const rules::TierPolicy& tier, const rules::Verdict& verdict) {
  const rules::RuleOrigin& origin = tier.policy->OriginOf(verdict);
  const config::Session& session = epoch.plan.config->sessions.at(tier.sessions.at(verdict.slot));
  std::string text = std::to_string(session.tier);
  text += verdict.outcome == rules::Outcome::kAccept ? " accept " : " reject ";
  text += session.metadata.name + " ";
  text += origin.number != 0 ? std::to_string(origin.number) : std::string(ServiceName(origin.service));
  return text;
}

// As a worker does: a burst of one interface and direction at once.
void JudgeBurst(const agent::Epoch& epoch, datapath::VerdictCache& cache, const datapath::SourceTable* table,
                std::span<Packet* const> burst) {
  std::vector<packet::FlowKey> keys;
  for (const Packet* packet : burst) keys.push_back(packet::Parse(packet->frame));
  std::vector<rules::Verdict> verdicts(burst.size());
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (keys[i].Has(packet::FlowKey::kRunt)) {
      burst[i]->verdict = "runt";
    } else if (epoch.tables->guard->IsOwnCopy(burst[i]->port, keys[i], burst[i]->frame)) {
      burst[i]->verdict = "loop_guard";
    }
  }
  if (table != nullptr && table->excluded) {
    cache.Classify(*table->excluded->policy, keys, verdicts);
    for (std::size_t i = 0; i < burst.size(); ++i) {
      const bool excluded = verdicts[i].outcome == rules::Outcome::kAccept;
      if (excluded && burst[i]->verdict.empty()) burst[i]->verdict = "excluded";
    }
  }
  std::vector<std::string> judged(burst.size());
  if (table != nullptr) {
    const std::vector<const rules::TierPolicy*> tiers = TiersOf(epoch, *table);
    for (std::size_t tier = 0; tier < table->tiers.size(); ++tier) {
      cache.Classify(*table->tiers[tier].policy, keys, verdicts);
      for (std::size_t i = 0; i < burst.size(); ++i) {
        if (verdicts[i].outcome == rules::Outcome::kNone) continue;
        judged[i] += (judged[i].empty() ? "" : "; ") + VerdictText(epoch, *tiers.at(tier), verdicts[i]);
      }
    }
  }
  for (std::size_t i = 0; i < burst.size(); ++i) {
    if (burst[i]->verdict.empty()) burst[i]->verdict = judged[i].empty() ? "none" : judged[i];
  }
}

Status JudgePackets(const agent::Epoch& epoch, std::span<Packet> packets) {
  constexpr std::size_t kMaxBurst = 64;
  std::map<std::pair<std::uint32_t, config::Direction>, std::vector<Packet*>> lanes;
  for (Packet& packet : packets) {
    const std::vector<config::Interface>& interfaces = epoch.plan.interfaces;
    const auto interface = std::ranges::find(interfaces, packet.interface_number, &config::Interface::number);
    if (interface == interfaces.end()) {
      return Status(Code::kNotFound, "packets", "no interface of number " + std::to_string(packet.interface_number));
    }
    packet.port = static_cast<std::uint32_t>(interface - interfaces.begin());
    lanes[{packet.port, packet.direction}].push_back(&packet);
  }
  datapath::VerdictCache cache;
  for (const auto& [lane, of_lane] : lanes) {
    const datapath::SourceTable* table =
        epoch.tables->ports.at(lane.first).directions.at(static_cast<std::size_t>(lane.second)).get();
    std::span<Packet* const> rest(of_lane);
    for (std::size_t size = 1; !rest.empty(); size = size % kMaxBurst + 1) {  // bursts of every size
      const std::size_t count = std::min(size, rest.size());
      JudgeBurst(epoch, cache, table, rest.first(count));
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
  Result<agent::MadeEpoch> made = Load(*config, *board);
  if (!made.ok()) {
    return made.status().Within(config_path);
  }

  std::vector<Packet> packets;
  Bytes rest(*stream);
  while (std::optional<Packet> packet = TakePacket(rest)) {
    packets.push_back(std::move(*packet));
  }
  if (!rest.empty()) {
    return Status(Code::kDataLoss, packets_path, "the last packet is cut short");
  }
  HELIOSTAT_RETURN_IF_ERROR(JudgePackets(made->epoch, packets));
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
