// `top`: what each session and interface does right now. `watch`: states and counters as they change.
#pragma once

#include <string>

#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"
#include "helioctl/show/rates.h"

namespace heliostat::helioctl {

struct TopOptions {
  CardOptions card{};
  OutputOptions output{};
  std::string session{};         // a pattern; empty: all
  std::string interval = "1s";   // 100ms..1h
  std::uint32_t count = 0;       // tables; 0: until stopped
  std::string sort = "matched";  // name, matched, sent, bits, drops
  bool interfaces = false;       // in place of the sessions
};

int Top(const TopOptions& options, Streams streams);

// One table after an interval. Pure.
std::string TopText(const Snapshot& after, const Rates& rates, const TopOptions& options, const TableStyle& style);
// One object, on one line when printed.
Json TopJson(const Snapshot& after, const Rates& rates);

}  // namespace heliostat::helioctl
