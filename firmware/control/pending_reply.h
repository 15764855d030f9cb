// One frame that the agent's thread owes.
#pragma once

#include <string>
#include <utility>

#include "codec/control.h"
#include "control/reply.h"

namespace heliostat::control {

class PendingReply final : public Reply {
 public:
  // `id`: of the request, for Fail.
  explicit PendingReply(std::uint64_t id = 0) : id_(id) {}

  void Set(std::string frame) {
    frame_ = std::move(frame);
    ready_ = true;
  }
  // In the place of a frame that could not be made. Takes no memory.
  void Fail(Status why) {
    failed_ = std::move(why);
    ready_ = true;
  }
  Progress Next(std::uint64_t /*now_ns*/, std::string* out) override {
    if (!ready_) return Progress::kWaiting;
    if (failed_.ok()) {
      out->append(frame_);
    } else {
      codec::AppendError(id_, failed_, 0, out);
    }
    return Progress::kDone;
  }

 private:
  std::uint64_t id_;
  std::string frame_;
  Status failed_;
  bool ready_ = false;
};

}  // namespace heliostat::control
