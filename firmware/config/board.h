// A board as plain values: which ports a card has, what drives them, who is wired to whom, what it can hold.
//
// Read once at start (codec), checked once (ValidateBoard), never changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "config/config.h"

namespace heliostat::config {

struct BoardPort {
  std::string name{};
  InterfaceKind kind = InterfaceKind::kVm;
  std::uint32_t number = 0;         // 1..0xfffff, unique; ERSPAN's index
  std::string device{};             // a PCI address or a vdev with arguments; ${NAME} is replaced at start
  std::optional<MacAddress> mac{};  // absent: the device's
  IpAddress primary_ipv4{};         // family kNone: has none
  IpAddress primary_ipv6{};
  std::uint16_t mtu = 0;             // bytes of IP packet; 0: the device's
  std::string kernel_interface{};    // its offloads are turned off before use; ${NAME} as above; may be empty
  std::uint16_t receive_queues = 1;  // each is served by one worker; only DPDK devices may have several
  friend bool operator==(const BoardPort&, const BoardPort&) = default;
};

// The regions of the flash, which keep what must survive a power cut; they lie one behind another in this order.
struct FlashMap {
  std::uint32_t erase_block_bytes = 64 * 1024;
  std::uint32_t program_bytes = 256;
  std::uint32_t settings_blocks = 16;
  std::uint32_t audit_blocks = 32;
  std::uint32_t generation_blocks = 512;
  friend bool operator==(const FlashMap&, const FlashMap&) = default;
};

inline constexpr std::uint32_t kDefaultOriginalBuffers = 16'384;
inline constexpr std::uint32_t kDefaultCopyBuffers = 8'192;
inline constexpr std::uint16_t kDefaultBufferBytes = 2'048;
inline constexpr std::uint32_t kDefaultMemoryMib = 256;
inline constexpr std::uint32_t kMaxInterfaceNumber = 0xfffff;  // 20 bits of the ERSPAN II index
inline constexpr std::uint8_t kMaxHardwareId = 63;             // 6 bits of ERSPAN III
inline constexpr std::uint16_t kMaxReceiveQueues = 64;

struct Board {
  std::string name{};
  std::string description{};
  std::uint8_t hardware_id = 0;
  std::string lcores{};  // EAL's --lcores; the first is the agent's, each further one a worker
  std::uint32_t memory_mib = kDefaultMemoryMib;
  bool huge_pages = false;
  bool pci = false;
  std::vector<BoardPort> ports{};
  std::vector<std::pair<std::string, std::string>> wires{};  // what enters one leaves the other
  std::vector<std::string> taps{};                           // ports that only receive
  Limits limits{};
  std::uint32_t original_buffers = kDefaultOriginalBuffers;  // mbufs for received frames
  std::uint32_t copy_buffers = kDefaultCopyBuffers;          // mbufs for copies
  std::uint16_t buffer_bytes = kDefaultBufferBytes;          // of frame in one mbuf for received frames
  FlashMap flash{};
  friend bool operator==(const Board&, const Board&) = default;
};

// A port is in one wire, or is a tap, or is neither: then nothing is received from it, and only copies leave it.
// kInvalidArgument, kNotFound, kAlreadyExists or kResourceExhausted with the field path, the reason and the fix.
[[nodiscard]] Status ValidateBoard(const Board& board);

}  // namespace heliostat::config
