#include "config/board.h"

#include <bit>
#include <string_view>
#include <unordered_map>

#include "config/bounds.h"
#include "config/check.h"

namespace heliostat::config {
namespace {

constexpr std::uint32_t kMaxMemoryMib = 1U << 20;
constexpr std::uint32_t kMaxBuffers = 1U << 24;
// A parser looks at the first mbuf alone where it can; an mbuf counts its bytes in 16 bits, headroom included.
constexpr std::uint64_t kMinBufferBytes = 1'024;
constexpr std::uint64_t kMaxBufferBytes = 65'280;
// A verdict names its session by a slot of 8 bits.
constexpr std::uint32_t kMaxSessionsPerSource = 255;
// This is twice what the widest card in mind needs: a larger figure is a mistake, and would ask for memory that is not
// there.
constexpr std::uint32_t kMaxLimit = 1U << 20;
// The ledger has a line for each pair and direction, for two epochs at a time.
constexpr std::uint32_t kMaxSessionSources = 65'536;
// Rules and services are counted in as many places (datapath/hits.h), twice while tables follow each other.
constexpr std::uint64_t kMaxCounted = 1U << 19U;
constexpr std::uint64_t kServicesAFilter = 12;  // six in either direction
// A log needs a block to write behind the one that it frees.
constexpr std::uint32_t kMinRegionBlocks = 4;
constexpr std::uint32_t kMaxRegionBlocks = 65'536;

Status CheckRange(std::string_view field, std::uint64_t value, std::uint64_t least, std::uint64_t most) {
  if (value >= least && value <= most) return {};
  return Invalid(std::string(field), "it is " + std::to_string(value),
                 "use " + std::to_string(least) + " to " + std::to_string(most));
}

Status CheckFamily(std::string_view field, const IpAddress& address, IpFamily family) {
  if (address.family == IpFamily::kNone) return {};
  if (address.family != family) {
    return Invalid(std::string(field), address.ToString() + " is of the other family",
                   family == IpFamily::kIpv4 ? "give an IPv4 address" : "give an IPv6 address");
  }
  return CheckHostAddress(field, address);
}

Status CheckPort(const BoardPort& port) {
  HELIOSTAT_RETURN_IF_ERROR(CheckName("name", port.name));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("number", port.number, 1, kMaxInterfaceNumber));
  if (port.device.empty()) {
    return Invalid("device", "there is none", "give a PCI address or a vdev with its arguments");
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckText("device", port.device, kMaxDeviceBytes));
  HELIOSTAT_RETURN_IF_ERROR(CheckText("kernel_interface", port.kernel_interface, kMaxNameBytes));
  if (port.mac && (port.mac->IsMulticast() || port.mac->IsZero())) {
    return Invalid("mac", port.mac->ToString() + " is not the address of one port", "give a unicast MAC address");
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckFamily("primary_ipv4", port.primary_ipv4, IpFamily::kIpv4));
  HELIOSTAT_RETURN_IF_ERROR(CheckFamily("primary_ipv6", port.primary_ipv6, IpFamily::kIpv6));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("receive_queues", port.receive_queues, 1, kMaxReceiveQueues));
  return CheckMtu("mtu", port.mtu);
}

Status CheckPorts(const Board& board) {
  if (board.ports.empty()) return Invalid("ports", "there are none", "describe at least one port");
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("number of ports", board.ports.size(), 1, kMaxBoardPorts));
  std::unordered_map<std::uint32_t, std::string_view> numbers;
  std::unordered_map<std::string_view, std::string_view> devices;
  std::unordered_map<std::string_view, bool> names;
  for (const BoardPort& port : board.ports) {
    const std::string subject = Named("port", port.name);
    HELIOSTAT_RETURN_IF_ERROR(CheckPort(port).Within(subject));
    if (!names.emplace(port.name, true).second) {
      return {Code::kAlreadyExists, subject, "the name is there twice", "give every port its own name"};
    }
    if (const auto [taken, fresh] = numbers.emplace(port.number, port.name); !fresh) {
      return {Code::kAlreadyExists, subject + " number",
              std::to_string(port.number) + " is that of " + Named("port", taken->second), "use another number"};
    }
    if (const auto [taken, fresh] = devices.emplace(port.device, port.name); !fresh) {
      return {Code::kAlreadyExists, subject + " device", "it is that of " + Named("port", taken->second),
              "give every port its own device"};
    }
  }
  if (board.ports.size() > board.limits.interfaces) {
    return OverLimit("ports", "interfaces", board.limits.interfaces, board.ports.size());
  }
  return {};
}

// Claims `port` for the wire or tap `by`: a port has one role.
class Roles {
 public:
  explicit Roles(const Board& board) {
    for (const BoardPort& port : board.ports) roles_.emplace(port.name, std::string());
  }
  Status Claim(const std::string& by, std::string_view port) {
    const auto role = roles_.find(port);
    if (role == roles_.end()) return {Code::kNotFound, by, "there is no " + Named("port", port), "name a port"};
    if (!role->second.empty()) {
      return {Code::kAlreadyExists, by, Named("port", port) + " is already in " + role->second,
              "name every port in at most one wire or tap"};
    }
    role->second = by;
    return {};
  }

 private:
  std::unordered_map<std::string_view, std::string> roles_;
};

Status CheckWiring(const Board& board) {
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("number of wires", board.wires.size(), 0, kMaxWires));
  Roles roles(board);
  for (std::size_t i = 0; i < board.wires.size(); ++i) {
    const auto& [first, second] = board.wires[i];
    const std::string subject = "wire " + std::to_string(i + 1);
    if (first == second) {
      return Invalid(subject, "both ends are " + Named("port", first), "name two different ports");
    }
    HELIOSTAT_RETURN_IF_ERROR(roles.Claim(subject, first));
    HELIOSTAT_RETURN_IF_ERROR(roles.Claim(subject, second));
  }
  for (std::size_t i = 0; i < board.taps.size(); ++i) {
    HELIOSTAT_RETURN_IF_ERROR(roles.Claim("tap " + std::to_string(i + 1), board.taps[i]));
  }
  return {};
}

Status CheckLimits(const Limits& limits) {
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("sessions", limits.sessions, 1, kMaxLimit));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("targets", limits.targets, 1, kMaxLimit));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("filters", limits.filters, 1, kMaxLimit));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("rules_per_list", limits.rules_per_list, 1, 65535));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("rules", limits.rules, 1, kMaxLimit));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("sessions_per_source", limits.sessions_per_source, 1, kMaxSessionsPerSource));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("sources_per_session", limits.sources_per_session, 1, kMaxLimit));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("session_sources", limits.session_sources, 1, kMaxSessionSources));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("interfaces", limits.interfaces, 1, 65535));
  const std::uint64_t counted = limits.rules + kServicesAFilter * limits.filters;
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("rules and 12 times filters", counted, 1, kMaxCounted));
  return CheckRange("members_per_group", limits.members_per_group, 1, 65535);
}

Status CheckPowerOfTwo(std::string_view field, std::uint32_t value, std::uint32_t least, std::uint32_t most) {
  HELIOSTAT_RETURN_IF_ERROR(CheckRange(field, value, least, most));
  if (std::has_single_bit(value)) return {};
  return Invalid(std::string(field), std::to_string(value) + " is no power of two",
                 "use " + std::to_string(std::bit_ceil(value)));
}

// hal/flash.h
Status CheckFlash(const FlashMap& flash) {
  HELIOSTAT_RETURN_IF_ERROR(CheckPowerOfTwo("erase_block_bytes", flash.erase_block_bytes, 4096, 1U << 20));
  HELIOSTAT_RETURN_IF_ERROR(CheckPowerOfTwo("program_bytes", flash.program_bytes, 1, 4096));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("settings_blocks", flash.settings_blocks, kMinRegionBlocks, kMaxRegionBlocks));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("audit_blocks", flash.audit_blocks, kMinRegionBlocks, kMaxRegionBlocks));
  return CheckRange("generation_blocks", flash.generation_blocks, kMinRegionBlocks, kMaxRegionBlocks);
}

}  // namespace

Status ValidateBoard(const Board& board) {
  const std::string subject = Named("board", board.name);
  HELIOSTAT_RETURN_IF_ERROR(CheckName("name", board.name).Within(subject));
  HELIOSTAT_RETURN_IF_ERROR(CheckText("description", board.description, kMaxDescriptionBytes).Within(subject));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("hardware_id", board.hardware_id, 0, kMaxHardwareId).Within(subject));
  if (board.lcores.empty()) {
    return Invalid(subject + " lcores", "there are none", "name a core for the agent and one for each worker");
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckText("lcores", board.lcores, kMaxLcoresBytes).Within(subject));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("memory_mib", board.memory_mib, 1, kMaxMemoryMib).Within(subject));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("original_buffers", board.original_buffers, 1, kMaxBuffers).Within(subject));
  HELIOSTAT_RETURN_IF_ERROR(CheckRange("copy_buffers", board.copy_buffers, 1, kMaxBuffers).Within(subject));
  HELIOSTAT_RETURN_IF_ERROR(
      CheckRange("buffer_bytes", board.buffer_bytes, kMinBufferBytes, kMaxBufferBytes).Within(subject));
  HELIOSTAT_RETURN_IF_ERROR(CheckLimits(board.limits).Within(subject + " limits"));
  HELIOSTAT_RETURN_IF_ERROR(CheckFlash(board.flash).Within(subject + " flash"));
  HELIOSTAT_RETURN_IF_ERROR(CheckPorts(board).Within(subject));
  return CheckWiring(board).Within(subject);
}

}  // namespace heliostat::config
