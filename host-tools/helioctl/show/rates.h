// What happened between two snapshots of a card, a second. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "helioctl/card/snapshot.h"

namespace heliostat::helioctl {

struct SessionRates {
  std::string name{};
  bool active = false;
  std::string reason{};  // of one that is not
  double matched_pps = 0;
  double sent_pps = 0;
  double sent_bps = 0;  // bits on the wire, encapsulation included
  double dropped_pps = 0;
  std::string_view worst_drop{};  // the name of the largest; empty: nothing was dropped
};

struct InterfaceRates {
  std::string name{};
  bool up = false;
  double received_pps = 0;
  double received_bps = 0;
  double forwarded_pps = 0;
  double copies_pps = 0;
  double copies_bps = 0;
  double lost_pps = 0;  // originals: what the port did not take, and what arrived unseen
  // Mirrored and skipped, as seen from the interface.
  double mirror_in_pps = 0, mirror_out_pps = 0, skip_in_pps = 0, skip_out_pps = 0;
  double mirror_in_bps = 0, mirror_out_bps = 0, skip_in_bps = 0, skip_out_bps = 0;
};

struct Rates {
  double seconds = 0;  // between the two, by the card's clock; 0: it was set back, and nothing is known
  std::vector<SessionRates> sessions{};
  std::vector<InterfaceRates> interfaces{};
};

// A line that the earlier snapshot has not is no rate yet. One that has counted less than before has been started anew:
// its rates are what it counted since.
[[nodiscard]] Rates RatesBetween(const Snapshot& before, const Snapshot& after);

}  // namespace heliostat::helioctl
