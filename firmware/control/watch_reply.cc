#include "control/watch_reply.h"

#include <algorithm>
#include <utility>

#include "control/name_pattern.h"

namespace heliostat::control {
namespace {

constexpr std::uint32_t kLeastMs = 100;
constexpr std::uint32_t kMostMs = 3'600'000;
constexpr std::uint64_t kMsNs = 1'000'000;

}  // namespace

Status CheckWatch(const codec::Watch& watch) {
  if (watch.interval_ms < kLeastMs || watch.interval_ms > kMostMs) {
    return {Code::kInvalidArgument, "watch interval_ms", "it is " + std::to_string(watch.interval_ms),
            "use " + std::to_string(kLeastMs) + " to " + std::to_string(kMostMs)};
  }
  if (!watch.states && !watch.counters) {
    return {Code::kInvalidArgument, "watch", "it asks for nothing", "ask for states, counters or both"};
  }
  return {};
}

WatchReply::WatchReply(std::uint64_t id, codec::Watch watch, Options options, std::uint64_t now_ns)
    : id_(id),
      watch_(std::move(watch)),
      options_(std::move(options)),
      interval_ns_(watch_.interval_ms * kMsNs),
      begun_ns_(now_ns),
      due_ns_(now_ns) {}

void WatchReply::BeginSnapshot(std::uint64_t now_ns) {
  const std::uint64_t turn = (now_ns - begun_ns_) / interval_ns_;
  due_ns_ = begun_ns_ + (turn + 1) * interval_ns_;
  head_ = {.sequence = turn + 1, .time_ns = options_.wall_ns(), .generation = 0};
  published_ = options_.provisioner->published();
  head_.generation = published_->generation;
  reading_.reset();
  lines_ = ports_ = sessions_ = interfaces_ = 0;
  state_ = watch_.counters ? State::kReading : State::kSending;
  if (!watch_.counters) return;
  options_.readings->Get([weak = weak_from_this()](const Readings::Taken& reading) {
    const std::shared_ptr<WatchReply> self = weak.lock();
    if (self == nullptr) return;
    self->head_.time_ns = self->options_.wall_ns();
    if (reading.ok() && *reading == nullptr) {
      self->state_ = State::kResting;  // others read slowly: this snapshot is left out
      return;
    }
    if (reading.ok()) {
      self->reading_ = *reading;
    } else {
      self->failed_ = reading.status();
    }
    self->state_ = State::kSending;
  });
}

WatchReply::Progress WatchReply::Next(std::uint64_t now_ns, std::string* out) {
  if (state_ == State::kResting && now_ns >= due_ns_) BeginSnapshot(now_ns);
  if (state_ != State::kSending) return Progress::kWaiting;
  if (!failed_.ok()) {
    codec::AppendError(id_, failed_, 0, out);
    return Progress::kDone;
  }
  codec::FrameWriter writer(codec::FrameWriter::Kind::kSnapshot, id_);
  writer.Begin(head_);
  if (!Fill(writer)) {
    writer.Finish(true, false, out);
    return Progress::kMore;
  }
  ++sent_;
  const bool last = watch_.count != 0 && sent_ == watch_.count;
  writer.Finish(!last, true, out);
  published_.reset();
  reading_.reset();
  state_ = State::kResting;
  return last ? Progress::kDone : Progress::kMore;
}

bool WatchReply::Fill(codec::FrameWriter& writer) {
  if (reading_ != nullptr && !FillReadings(writer)) return false;
  if (!watch_.states) return true;
  for (; sessions_ < published_->sessions.size(); ++sessions_) {
    const agent::SessionReport& report = published_->sessions[sessions_];
    if (!MatchesPattern(watch_.session, report.name)) continue;
    if (!writer.Add(codec::SessionState{report.name, report.tunnel_id, report.active, report.reason})) return false;
  }
  for (; interfaces_ < options_.card->interfaces.size(); ++interfaces_) {
    if (!writer.Add(StateOf(*options_.card, interfaces_))) return false;
  }
  return true;
}

bool WatchReply::FillReadings(codec::FrameWriter& writer) {
  const std::vector<config::Interface>& interfaces = options_.card->interfaces;
  for (; lines_ < reading_->ledger.size(); ++lines_) {
    const agent::LedgerLine& line = reading_->ledger[lines_];
    if (!MatchesPattern(watch_.session, line.key.session)) continue;
    if (!writer.Add(ToWire(line, interfaces[line.key.interface].name))) return false;
  }
  for (; ports_ < reading_->ports.size(); ++ports_) {
    if (!writer.Add(ToWire(reading_->ports[ports_], interfaces[ports_].name))) return false;
  }
  return true;
}

}  // namespace heliostat::control
