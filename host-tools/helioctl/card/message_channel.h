// Protobuf messages over a stream: each is one frame, its length as 4 bytes in network order, then that many bytes.
// Waits, until a deadline.
#pragma once

#include <google/protobuf/message_lite.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/status.h"
#include "hal/byte_stream.h"

namespace heliostat::helioctl {

inline constexpr std::size_t kMaxFrameBytes = 64 * 1024;

class Deadline {
 public:
  // 0: none.
  explicit Deadline(double seconds);
  [[nodiscard]] bool passed() const;
  // For poll(): -1 when there is none.
  [[nodiscard]] int RemainingMs() const;
  [[nodiscard]] std::chrono::steady_clock::time_point end() const;  // far away when there is none
  [[nodiscard]] double seconds() const { return seconds_; }         // as it was given

 private:
  double seconds_;
  std::chrono::steady_clock::time_point end_;
};

// Waits until the stream can do what `outcome` (kWaitRead or kWaitWrite) asks for. kUnavailable after the deadline:
// `waited for WHAT, but ...`.
[[nodiscard]] Status WaitFor(const hal::ByteStream& stream, hal::Transfer::Outcome outcome, const Deadline& deadline,
                             const std::string& what);

// One thread. After an error nothing more is sent or received.
class MessageChannel {
 public:
  explicit MessageChannel(std::unique_ptr<hal::ByteStream> stream) : stream_(std::move(stream)) {}

  // kResourceExhausted when the message is too long for a frame: nothing was sent then, and the channel is usable.
  [[nodiscard]] Status Send(const google::protobuf::MessageLite& message, const Deadline& deadline);
  // `what` is being waited for, for people. kUnavailable: the deadline, or the peer is gone; kDataLoss: no such
  // message.
  [[nodiscard]] Status Receive(google::protobuf::MessageLite& message, const Deadline& deadline,
                               const std::string& what);
  [[nodiscard]] bool broken() const { return !failed_.ok(); }

 private:
  Status Fail(Status status);
  Status ReadWhole(std::uint8_t* out, std::size_t bytes, const Deadline& deadline, const std::string& what);

  std::unique_ptr<hal::ByteStream> stream_;
  std::string frame_;
  Status failed_;
};

}  // namespace heliostat::helioctl
