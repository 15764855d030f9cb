// The interfaces of a card that has no ports, for tests of what is decided before any frame is there.
#pragma once

#include <vector>

#include "config/config.h"

namespace heliostat::agent {

// guest (vm, 1), analyser (edge, 2), recorder (vm, 3).
inline std::vector<config::Interface> Interfaces() {
  config::Interface guest;
  guest.name = "guest";
  guest.number = 1;
  config::Interface analyser = guest;
  analyser.name = "analyser";
  analyser.number = 2;
  analyser.kind = config::InterfaceKind::kEdge;
  config::Interface recorder = guest;
  recorder.name = "recorder";
  recorder.number = 3;
  return {guest, analyser, recorder};
}

}  // namespace heliostat::agent
