// What a card counts and in which state its sessions are, at one moment.
#pragma once

#include <control.pb.h>

#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "helioctl/card/card_client.h"
#include "helioctl/card/counters.h"

namespace heliostat::helioctl {

struct Snapshot {
  std::uint64_t sequence = 0;
  std::uint64_t time_ns = 0;  // the card's clock
  std::uint64_t generation = 0;
  CounterReading counters{};
  std::vector<v1::SessionState> sessions{};
  std::vector<v1::InterfaceState> interfaces{};
};

struct WatchOptions {
  std::uint32_t interval_ms = 1000;
  std::uint32_t count = 0;  // 0: until `take` returns false
  std::string session{};    // a pattern; empty: all
  bool hits = false;        // those of rules, in the place of states and counters
  std::string filter{};     // a pattern, of hits; empty: all
  double timeout_s = 30;    // for each snapshot, beyond the interval
};

// Puts the responses of a Watch together. `take` gets each snapshot once it is complete; false ends it, and the
// connection with it.
[[nodiscard]] Status WatchCard(CardClient& client, const WatchOptions& options,
                               const std::function<bool(const Snapshot&)>& take);

// One.
[[nodiscard]] Result<Snapshot> ReadSnapshot(CardClient& client, const std::string& session);

// How often the rules of these filters have decided; `filter` as in WatchOptions.
[[nodiscard]] Result<std::vector<v1::RuleHits>> ReadHits(CardClient& client, const std::string& filter);

// Adds the parts of a response to a snapshot.
void AddTo(const v1::Snapshot& part, Snapshot& snapshot);

}  // namespace heliostat::helioctl
