#include "helioctl/card/message_channel.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <span>

#include "base/byte_order.h"

namespace heliostat::helioctl {
namespace {

using Outcome = hal::Transfer::Outcome;

constexpr const char* kPeerGone = "the card closed the connection";

}  // namespace

Deadline::Deadline(double seconds)
    : seconds_(seconds),
      end_(std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                  std::chrono::duration<double>(std::clamp(seconds, 0.0, 1e9)))) {}

bool Deadline::passed() const { return RemainingMs() == 0; }

int Deadline::RemainingMs() const {
  if (seconds_ <= 0) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

std::chrono::steady_clock::time_point Deadline::end() const {
  return seconds_ > 0 ? end_ : std::chrono::steady_clock::now() + std::chrono::hours(24 * 365);
}

Status WaitFor(const hal::ByteStream& stream, Outcome outcome, const Deadline& deadline, const std::string& what) {
  pollfd wanted{stream.descriptor(), static_cast<short>(outcome == Outcome::kWaitRead ? POLLIN : POLLOUT), 0};
  while (true) {
    if (deadline.passed()) {
      return Status(Code::kUnavailable, "", fmt::format("waited {:g} s for {}", deadline.seconds(), what),
                    "check that the card runs and can be reached; --timeout SECONDS waits longer");
    }
    const int ready = poll(&wanted, 1, deadline.RemainingMs());
    if (ready > 0) return OkStatus();
    if (ready < 0 && errno != EINTR) return Status(Code::kInternal, "poll", std::strerror(errno));
  }
}

Status MessageChannel::Fail(Status status) {
  failed_ = status;
  return status;
}

Status MessageChannel::Send(const google::protobuf::MessageLite& message, const Deadline& deadline) {
  if (!failed_.ok()) return failed_;
  const std::size_t bytes = message.ByteSizeLong();
  if (bytes > kMaxFrameBytes) {
    return Status(Code::kResourceExhausted, "",
                  fmt::format("a request of {} bytes does not fit a frame of {}", bytes, kMaxFrameBytes),
                  "send less at once");
  }
  const Be32 length(static_cast<std::uint32_t>(bytes));
  frame_.assign(reinterpret_cast<const char*>(&length), sizeof length);
  message.AppendToString(&frame_);
  std::span<const std::uint8_t> rest(reinterpret_cast<const std::uint8_t*>(frame_.data()), frame_.size());
  while (!rest.empty()) {
    const hal::Transfer sent = stream_->Write(rest);
    switch (sent.outcome) {
      case Outcome::kBytes: rest = rest.subspan(std::min(sent.bytes, rest.size())); break;
      case Outcome::kClosed: return Fail(Status(Code::kUnavailable, "", kPeerGone, "try again"));
      case Outcome::kFailed: return Fail(sent.error);
      case Outcome::kWaitRead:
      case Outcome::kWaitWrite: {
        Status waited = WaitFor(*stream_, sent.outcome, deadline, "the card to take a request");
        if (!waited.ok()) return Fail(std::move(waited));
      }
    }
  }
  return OkStatus();
}

Status MessageChannel::ReadWhole(std::uint8_t* out, std::size_t bytes, const Deadline& deadline,
                                 const std::string& what) {
  std::span<std::uint8_t> rest(out, bytes);
  while (!rest.empty()) {
    const hal::Transfer read = stream_->Read(rest);
    switch (read.outcome) {
      case Outcome::kBytes: rest = rest.subspan(std::min(read.bytes, rest.size())); break;
      case Outcome::kClosed:
        return Status(Code::kUnavailable, "", fmt::format("{} while {} was waited for", kPeerGone, what), "try again");
      case Outcome::kFailed: return read.error;
      case Outcome::kWaitRead:
      case Outcome::kWaitWrite: HELIOSTAT_RETURN_IF_ERROR(WaitFor(*stream_, read.outcome, deadline, what));
    }
  }
  return OkStatus();
}

Status MessageChannel::Receive(google::protobuf::MessageLite& message, const Deadline& deadline,
                               const std::string& what) {
  if (!failed_.ok()) return failed_;
  Be32 length;
  Status read = ReadWhole(reinterpret_cast<std::uint8_t*>(&length), sizeof length, deadline, what);
  if (!read.ok()) return Fail(std::move(read));
  if (length.Get() > kMaxFrameBytes) {
    return Fail(Status(Code::kDataLoss, "", fmt::format("the card announced a frame of {} bytes", length.Get()),
                       "check that a Heliostat card listens there"));
  }
  frame_.resize(length.Get());
  read = ReadWhole(reinterpret_cast<std::uint8_t*>(frame_.data()), frame_.size(), deadline, what);
  if (!read.ok()) return Fail(std::move(read));
  if (!message.ParseFromString(frame_)) {
    return Fail(Status(Code::kDataLoss, "", "the card sent bytes that are not an answer",
                       "check that a Heliostat card listens there, and the versions of both"));
  }
  return OkStatus();
}

}  // namespace heliostat::helioctl
