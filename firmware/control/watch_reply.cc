#include "control/watch_reply.h"

#include <algorithm>
#include <utility>

#include "agent/reading.h"
#include "control/name_pattern.h"
#include "control/wire_counters.h"

namespace heliostat::control {
namespace {

constexpr std::uint64_t kMsNs = 1'000'000;

}  // namespace

Status CheckWatch(const codec::Watch& watch) {
  if (watch.states || watch.counters || watch.hits) return {};
  return {Code::kInvalidArgument, "watch", "it asks for nothing", "ask for states, counters, hits or several of them"};
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
  published_ = options_.published();
  head_.generation = published_->generation;
  reading_.reset();
  gone_ = {};
  state_ = watch_.counters || watch_.hits ? State::kReading : State::kSending;
  if (state_ == State::kSending) return;
  options_.reading->Get([weak = weak_from_this()](const SharedReading::Taken& reading) {
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
  if (watch_.counters && !FillCounters(writer)) return false;
  if (watch_.hits && !FillHits(writer)) return false;
  if (!watch_.states) return true;
  for (; gone_.sessions < published_->sessions.size(); ++gone_.sessions) {
    const agent::SessionReport& report = published_->sessions[gone_.sessions];
    if (!MatchesPattern(watch_.session, report.name)) continue;
    if (!writer.Add(codec::SessionState{report.name, report.tunnel_id, report.active, report.reason})) return false;
  }
  for (; gone_.interfaces < options_.card->interfaces.size(); ++gone_.interfaces) {
    if (!writer.Add(StateOf(*options_.card, gone_.interfaces))) return false;
  }
  return true;
}

bool WatchReply::FillCounters(codec::FrameWriter& writer) {
  const std::vector<config::Interface>& interfaces = options_.card->interfaces;
  for (; gone_.lines < reading_->ledger.size(); ++gone_.lines) {
    const agent::LedgerLine& line = reading_->ledger[gone_.lines];
    if (!MatchesPattern(watch_.session, line.key.session)) continue;
    if (!writer.Add(ToWire(line))) return false;
  }
  for (; gone_.ports < reading_->ports.size(); ++gone_.ports) {
    if (!writer.Add(ToWire(reading_->ports[gone_.ports], interfaces[gone_.ports].name))) return false;
  }
  return true;
}

bool WatchReply::FillHits(codec::FrameWriter& writer) {
  for (; gone_.hits < reading_->hits.size(); ++gone_.hits) {
    const agent::RuleHits& hits = reading_->hits[gone_.hits];
    if (!MatchesPattern(watch_.filter, hits.filter)) continue;
    if (!writer.Add(ToWire(hits), &gone_.rules)) return false;
    gone_.rules = 0;
  }
  return true;
}

}  // namespace heliostat::control
