// What a worker serves: receive queues, and what becomes of the frames that each of them brings.
#pragma once

#include <cstdint>
#include <variant>

#include "config/config.h"

namespace heliostat::datapath {

// A receive queue of a port. One worker owns it, so its frames stay in order.
struct Queue {
  std::uint16_t port = 0;
  std::uint16_t number = 0;
};

// Frames go on through another port; they are judged where they enter and where they leave.
struct WireLane {
  Queue input;
  std::uint16_t output = 0;  // port
};

// Frames are only seen: they are judged where they enter, and go nowhere.
struct TapLane {
  Queue input;
};

// Copies that a NIC's switch made of frames which it forwards itself: one such port a (source, direction), since the
// copy brings no other word of where its original was. They are judged for that source alone, and go nowhere.
struct CopiesLane {
  Queue input;
  std::uint16_t source = 0;  // port
  config::Direction direction = config::Direction::kInbound;
};

// Frames that are the card's own business: what is addressed to its tunnel addresses, and what a NIC's switch leaves to
// the cores. They go to their own thread and are mirrored nowhere. No worker serves one yet.
struct UnderlayLane {
  Queue input;
};

using Lane = std::variant<WireLane, TapLane, CopiesLane>;

}  // namespace heliostat::datapath
