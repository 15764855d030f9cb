// Snapshots at an interval. A peer that reads slowly misses snapshots, none are kept for it; the numbers of those that
// come show the gap. The I/O thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "codec/control.h"
#include "control/card_view.h"
#include "control/published.h"
#include "control/reply.h"
#include "control/shared_reading.h"

namespace heliostat::control {

[[nodiscard]] Status CheckWatch(const codec::Watch& watch);

class WatchReply final : public Reply, public std::enable_shared_from_this<WatchReply> {
 public:
  struct Options {
    const CardView* card = nullptr;
    std::function<std::shared_ptr<const Published>()> published;
    SharedReading* reading = nullptr;
    std::function<std::uint64_t()> wall_ns;
  };
  WatchReply(std::uint64_t id, codec::Watch watch, Options options, std::uint64_t now_ns);

  Progress Next(std::uint64_t now_ns, std::string* out) override;
  // While a snapshot is being taken or sent there is nothing to wait for but that.
  [[nodiscard]] std::uint64_t due_ns() const override { return state_ == State::kResting ? due_ns_ : kNever; }
  [[nodiscard]] bool endless() const override { return true; }

 private:
  enum class State : std::uint8_t { kResting, kReading, kSending };
  void BeginSnapshot(std::uint64_t now_ns);
  bool Fill(codec::FrameWriter& writer);
  bool FillCounters(codec::FrameWriter& writer);
  bool FillHits(codec::FrameWriter& writer);

  std::uint64_t id_;
  codec::Watch watch_;
  Options options_;
  std::uint64_t interval_ns_;
  std::uint64_t begun_ns_;
  std::uint64_t due_ns_;
  State state_ = State::kResting;
  std::uint32_t sent_ = 0;  // snapshots

  // Of the snapshot in hand.
  codec::FrameWriter::SnapshotHead head_;
  std::shared_ptr<const Published> published_;
  std::shared_ptr<const agent::Reading> reading_;
  Status failed_;  // why there is none
  struct Gone {    // how far each has gone out
    std::size_t lines = 0, ports = 0, hits = 0, rules = 0, sessions = 0, interfaces = 0;
  };
  Gone gone_;  // `rules`: of the hits that are next
};

}  // namespace heliostat::control
