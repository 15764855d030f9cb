// One frame that the agent's thread owes.
#pragma once

#include <string>
#include <utility>

#include "control/reply.h"

namespace heliostat::control {

class PendingReply final : public Reply {
 public:
  void Set(std::string frame) {
    frame_ = std::move(frame);
    ready_ = true;
  }
  Progress Next(std::uint64_t /*now_ns*/, std::string* out) override {
    if (!ready_) return Progress::kWaiting;
    out->append(frame_);
    return Progress::kDone;
  }

 private:
  std::string frame_;
  bool ready_ = false;
};

}  // namespace heliostat::control
