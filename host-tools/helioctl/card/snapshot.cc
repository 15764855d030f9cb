#include "helioctl/card/snapshot.h"

#include <utility>

namespace heliostat::helioctl {

void AddTo(const v1::Snapshot& part, Snapshot& snapshot) {
  snapshot.sequence = part.sequence();
  snapshot.time_ns = part.time_ns();
  snapshot.generation = part.generation();
  for (const v1::Reading& reading : part.readings()) {
    if (reading.has_entry()) snapshot.counters.entries.push_back(reading.entry());
    if (reading.has_port()) snapshot.counters.ports.push_back(reading.port());
  }
  snapshot.sessions.insert(snapshot.sessions.end(), part.sessions().begin(), part.sessions().end());
  snapshot.interfaces.insert(snapshot.interfaces.end(), part.interfaces().begin(), part.interfaces().end());
}

Status WatchCard(CardClient& client, const WatchOptions& options, const std::function<bool(const Snapshot&)>& take) {
  v1::Request request;
  v1::Watch& watch = *request.mutable_watch();
  watch.set_interval_ms(options.interval_ms);
  watch.set_count(options.count);
  watch.set_session(options.session);
  watch.set_states(true);
  watch.set_counters(true);
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
  Snapshot last;
  const Status status = WatchCard(client, {.interval_ms = 100, .count = 1, .session = session}, [&](const Snapshot& s) {
    last = s;
    return true;
  });
  if (!status.ok()) return status;
  return last;
}

}  // namespace heliostat::helioctl
