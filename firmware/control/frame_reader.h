// Bytes of a connection, cut anywhere -> frames. Holds the bytes of one frame, and no more of them than have arrived.
//
//   +----------------+---------------------+
//   | length, 4, BE  | body, 1..65,536     |
//   +----------------+---------------------+
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "codec/control.h"

namespace heliostat::control {

class FrameReader {
 public:
  // Where the next bytes go: as many of this frame as are wanted now. Empty once the frame is whole, or after an error.
  [[nodiscard]] std::span<std::uint8_t> Room();
  // `bytes` of Room have been filled. kInvalidArgument for a length of 0 or above kMaxFrameBytes, from then on.
  [[nodiscard]] Status Took(std::size_t bytes);

  [[nodiscard]] bool begun() const { return header_bytes_ != 0; }
  [[nodiscard]] bool whole() const { return length_ != 0 && body_.size() == length_ && pending_ == 0; }
  // The body. When whole, until Next.
  [[nodiscard]] std::span<const std::uint8_t> frame() const { return body_; }
  void Next();

 private:
  Status TakeLength();

  std::array<std::uint8_t, codec::kFrameHeaderBytes> header_{};
  std::size_t header_bytes_ = 0;
  std::size_t length_ = 0;          // of the body; 0: not known yet
  std::vector<std::uint8_t> body_;  // what has arrived, and `pending_` bytes of room behind it
  std::size_t pending_ = 0;
  Status failed_;
};

}  // namespace heliostat::control
