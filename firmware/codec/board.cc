#include <board.pb.h>
#include <pb_decode.h>

#include "codec/codec.h"
#include "codec/field.h"
#include "codec/wire_scan.h"
#include "config/bounds.h"
#include "config/check.h"

namespace heliostat::codec {
namespace {

using config::Invalid;
using config::Named;
using config::Quoted;

static_assert(sizeof(heliostat_v1_Board::name) == config::kMaxNameBytes + 1);
static_assert(sizeof(heliostat_v1_Board::lcores) == config::kMaxLcoresBytes + 1);
static_assert(sizeof(heliostat_v1_BoardPort::device) == config::kMaxDeviceBytes + 1);
static_assert(sizeof(heliostat_v1_Board::ports) == config::kMaxBoardPorts * sizeof(heliostat_v1_BoardPort));
static_assert(sizeof(heliostat_v1_Board::wires) == config::kMaxWires * sizeof(heliostat_v1_Wire));
static_assert(heliostat_v1_Board_size <= kMaxBoardBytes);

// An empty text is no address. ValidateBoard checks the family.
Status ParseAddress(std::string_view field, std::string_view text, IpAddress* out) {
  if (text.empty()) return {};
  const auto address = IpAddress::Parse(text);
  if (!address) {
    return Invalid(std::string(field), Quoted(text) + " is no IP address", "write it like 10.0.0.1 or fd00::1");
  }
  *out = *address;
  return {};
}

Status ReadPort(const heliostat_v1_BoardPort& message, config::BoardPort* out) {
  out->name = message.name;
  if (message.kind == heliostat_v1_InterfaceKind_INTERFACE_KIND_UNSPECIFIED) {
    return Missing("kind", "say VM, NFV or EDGE");
  }
  out->kind = static_cast<config::InterfaceKind>(message.kind);
  out->number = message.number;
  out->device = message.device;
  if (message.mac[0] != '\0') {
    out->mac = MacAddress::Parse(message.mac);
    if (!out->mac) return Invalid("mac", Quoted(message.mac) + " is no MAC address", "write it like 02:00:00:00:00:01");
  }
  HELIOSTAT_RETURN_IF_ERROR(ParseAddress("primary_ipv4", message.primary_ipv4, &out->primary_ipv4));
  HELIOSTAT_RETURN_IF_ERROR(ParseAddress("primary_ipv6", message.primary_ipv6, &out->primary_ipv6));
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("mtu", message.mtu, 65535, &out->mtu));
  out->kernel_interface = message.kernel_interface;
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("receive_queues", message.receive_queues, 65535, &out->receive_queues));
  if (out->receive_queues == 0) out->receive_queues = 1;
  return {};
}

std::uint32_t OrDefault(std::uint32_t value, std::uint32_t otherwise) { return value != 0 ? value : otherwise; }

config::Limits ReadLimits(const heliostat_v1_Limits& message) {
  const config::Limits defaults;
  return {.sessions = OrDefault(message.sessions, defaults.sessions),
          .targets = OrDefault(message.targets, defaults.targets),
          .filters = OrDefault(message.filters, defaults.filters),
          .rules_per_list = OrDefault(message.rules_per_list, defaults.rules_per_list),
          .rules = OrDefault(message.rules, defaults.rules),
          .sessions_per_source = OrDefault(message.sessions_per_source, defaults.sessions_per_source),
          .sources_per_session = OrDefault(message.sources_per_session, defaults.sources_per_session),
          .session_sources = OrDefault(message.session_sources, defaults.session_sources),
          .interfaces = OrDefault(message.interfaces, defaults.interfaces),
          .members_per_group = OrDefault(message.members_per_group, defaults.members_per_group)};
}

config::FlashMap ReadFlash(const heliostat_v1_Flash& message) {
  const config::FlashMap defaults;
  return {.erase_block_bytes = OrDefault(message.erase_block_bytes, defaults.erase_block_bytes),
          .program_bytes = OrDefault(message.program_bytes, defaults.program_bytes),
          .settings_blocks = OrDefault(message.settings_blocks, defaults.settings_blocks),
          .audit_blocks = OrDefault(message.audit_blocks, defaults.audit_blocks),
          .generation_blocks = OrDefault(message.generation_blocks, defaults.generation_blocks)};
}

Status ReadBoard(const heliostat_v1_Board& message, config::Board* out) {
  out->name = message.name;
  out->description = message.description;
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("hardware_id", message.hardware_id, config::kMaxHardwareId, &out->hardware_id));
  out->lcores = message.lcores;
  out->memory_mib = OrDefault(message.memory_mib, config::kDefaultMemoryMib);
  out->huge_pages = message.huge_pages;
  out->pci = message.pci;
  for (std::size_t i = 0; i < message.ports_count; ++i) {
    HELIOSTAT_RETURN_IF_ERROR(
        ReadPort(message.ports[i], &out->ports.emplace_back()).Within(Named("port", message.ports[i].name)));
  }
  for (std::size_t i = 0; i < message.wires_count; ++i) {
    out->wires.emplace_back(message.wires[i].first, message.wires[i].second);
  }
  for (std::size_t i = 0; i < message.taps_count; ++i) out->taps.emplace_back(message.taps[i]);
  if (message.has_limits) out->limits = ReadLimits(message.limits);
  if (message.has_flash) out->flash = ReadFlash(message.flash);
  out->original_buffers = OrDefault(message.original_buffers, config::kDefaultOriginalBuffers);
  out->copy_buffers = OrDefault(message.copy_buffers, config::kDefaultCopyBuffers);
  if (message.buffer_bytes == 0) return {};
  HELIOSTAT_RETURN_IF_ERROR(ReadNumber("buffer_bytes", message.buffer_bytes, 65535, &out->buffer_bytes));
  return {};
}

}  // namespace

Result<config::Board> DecodeBoard(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > kMaxBoardBytes) {
    return Invalid("board", "it has " + std::to_string(bytes.size()) + " bytes",
                   "use at most " + std::to_string(kMaxBoardBytes));
  }
  HELIOSTAT_RETURN_IF_ERROR(ScanMessage(bytes, heliostat_v1_Board_fields));
  const auto message = std::make_unique<heliostat_v1_Board>();
  pb_istream_t stream = pb_istream_from_buffer(bytes.data(), bytes.size());
  if (!pb_decode(&stream, heliostat_v1_Board_fields, message.get())) {
    return Status(Code::kDataLoss, "board", PB_GET_ERROR(&stream), "build the image again");
  }
  config::Board board;
  HELIOSTAT_RETURN_IF_ERROR(ReadBoard(*message, &board).Within(Named("board", message->name)));
  return board;
}

}  // namespace heliostat::codec
