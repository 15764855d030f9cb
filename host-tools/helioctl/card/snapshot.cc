#include "helioctl/card/snapshot.h"

#include <utility>

namespace heliostat::helioctl {
namespace {

constexpr std::uint32_t kShortestIntervalMs = 100;

Result<Snapshot> ReadOne(CardClient& client, WatchOptions options) {
  options.interval_ms = kShortestIntervalMs;
  options.count = 1;
  Snapshot last;
  const Status status = WatchCard(client, options, [&](const Snapshot& snapshot) {
    last = snapshot;
    return true;
  });
  if (!status.ok()) return status;
  return last;
}

}  // namespace

void AddTo(const v1::Snapshot& part, Snapshot& snapshot) {
  snapshot.sequence = part.sequence();
  snapshot.time_ns = part.time_ns();
  snapshot.generation = part.generation();
  for (const v1::Reading& reading : part.readings()) AddTo(reading, snapshot.counters);
  snapshot.sessions.insert(snapshot.sessions.end(), part.sessions().begin(), part.sessions().end());
  snapshot.interfaces.insert(snapshot.interfaces.end(), part.interfaces().begin(), part.interfaces().end());
}

Status WatchCard(CardClient& client, const WatchOptions& options, const std::function<bool(const Snapshot&)>& take) {
  v1::Request request;
  v1::Watch& watch = *request.mutable_watch();
  watch.set_interval_ms(options.interval_ms);
  watch.set_count(options.count);
  watch.set_session(options.session);
  watch.set_states(!options.hits);
  watch.set_counters(!options.hits);
  watch.set_hits(options.hits);
  watch.set_filter(options.filter);
  const double patience_s = options.timeout_s == 0 ? 0 : options.timeout_s + options.interval_ms / 1000.0;
  client.SetTimeout(patience_s);
  Snapshot snapshot;
  bool wanted = true;
  const Status status = client.Stream(std::move(request), [&](const v1::Response& response) {
    client.SetTimeout(patience_s);
    AddTo(response.snapshot(), snapshot);
    if (response.snapshot().complete()) wanted = take(std::exchange(snapshot, {}));
    return wanted;
  });
  return wanted ? status : OkStatus();
}

Result<Snapshot> ReadSnapshot(CardClient& client, const std::string& session) {
  return ReadOne(client, {.session = session});
}

Result<std::vector<v1::RuleHits>> ReadHits(CardClient& client, const std::string& filter) {
  auto snapshot = ReadOne(client, {.hits = true, .filter = filter});
  if (!snapshot.ok()) return snapshot.status();
  return std::move(snapshot->counters.hits);
}

}  // namespace heliostat::helioctl
