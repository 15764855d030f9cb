#include "control/frame_reader.h"

#include <algorithm>

namespace heliostat::control {
namespace {

// A frame that was announced and does not come costs no more than this.
constexpr std::size_t kStepBytes = 4096;
// What an idle connection may keep from its last frame.
constexpr std::size_t kKeptBytes = 8192;

}  // namespace

std::span<std::uint8_t> FrameReader::Room() {
  if (!failed_.ok() || whole()) return {};
  if (length_ == 0) return std::span(header_).subspan(header_bytes_);
  if (pending_ == 0) {
    pending_ = std::min(length_ - body_.size(), kStepBytes);
    body_.resize(body_.size() + pending_);
  }
  return std::span(body_).last(pending_);
}

Status FrameReader::Took(std::size_t bytes) {
  if (!failed_.ok()) return failed_;
  if (length_ == 0) {
    header_bytes_ += bytes;
    return header_bytes_ == header_.size() ? TakeLength() : OkStatus();
  }
  pending_ -= bytes;
  // Room is handed out again from where the bytes end.
  return OkStatus();
}

Status FrameReader::TakeLength() {
  std::size_t length = 0;
  for (const std::uint8_t byte : header_) length = length << 8U | byte;
  if (length == 0 || length > codec::kMaxFrameBytes) {
    failed_ = Status(Code::kInvalidArgument, "frame length", "it is " + std::to_string(length),
                     "send frames of 1 to " + std::to_string(codec::kMaxFrameBytes) + " bytes");
    return failed_;
  }
  length_ = length;
  return OkStatus();
}

void FrameReader::Next() {
  header_bytes_ = length_ = pending_ = 0;
  body_.clear();
  if (body_.capacity() > kKeptBytes) body_.shrink_to_fit();
}

}  // namespace heliostat::control
