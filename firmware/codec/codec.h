// Bytes from files, flash and the control socket -> plain values. The one folder that includes *.pb.h.
//
// proto/PROTOCOL.md describes the bytes. Nothing is trusted: a unit's size, counts and strings are bounded before
// use; what the contract does not know is refused by its path, since a match that is ignored would widen a mirror.
// Memory is bounded by `limits` while reading. Errors: kDataLoss for bytes that are damaged or cut short,
// kInvalidArgument, kAlreadyExists and kResourceExhausted otherwise, with a path as a user writes it
// (`filter "web" inbound rule 10 destination_ports`). Values that contradict each other are config::Validate's matter.
// A decoder belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "config/board.h"
#include "config/config.h"

namespace heliostat::codec {

inline constexpr std::uint32_t kFormat = 1;
inline constexpr std::size_t kMaxUnitBytes = 32 * 1024;
inline constexpr std::size_t kMaxBoardBytes = 64 * 1024;

// Decodes units one by one, as control and storage have them.
class ConfigDecoder {
 public:
  explicit ConfigDecoder(const config::Limits& limits);
  ~ConfigDecoder();
  ConfigDecoder(ConfigDecoder&&) noexcept;
  ConfigDecoder& operator=(ConfigDecoder&&) noexcept;

  // Takes one Unit without its length; the first must be the Header. After an error every call returns that error.
  [[nodiscard]] Status Put(std::span<const std::uint8_t> unit);

  // Returns the whole configuration, with names and rules sorted and defaults filled in; may be called once. A group
  // keeps Target's defaults.
  [[nodiscard]] Result<config::Config> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Decodes a stream of units, each preceded by its length, which comes in pieces cut anywhere. Holds at most one unit.
class ConfigReader {
 public:
  explicit ConfigReader(const config::Limits& limits) : decoder_(limits) {}

  [[nodiscard]] Status Write(std::span<const std::uint8_t> bytes);
  [[nodiscard]] Result<config::Config> Finish();

 private:
  Status TakeLengthByte(std::uint8_t byte);
  Status EndUnit();

  ConfigDecoder decoder_;
  Status failed_;
  std::vector<std::uint8_t> unit_;  // bytes of the unit so far
  std::uint64_t length_ = 0;        // of the unit; while it is being read, its lower bits so far
  unsigned length_bits_ = 0;        // how many of its bits were read
  bool in_length_ = false;          // within the length
  bool in_unit_ = false;            // within the unit
};

[[nodiscard]] Result<config::Config> DecodeConfig(std::span<const std::uint8_t> bytes, const config::Limits& limits);

// Decodes one Board message without a length. Limits and sizes that are 0 get their defaults. config::ValidateBoard
// checks what it says.
[[nodiscard]] Result<config::Board> DecodeBoard(std::span<const std::uint8_t> bytes);

}  // namespace heliostat::codec
