// `info`, `trust` and `time`: the card itself.
#pragma once

#include <control.pb.h>

#include <string>

#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct InfoOptions {
  CardOptions card{};
  OutputOptions output{};
};

int ShowInfo(const InfoOptions& options, Streams streams);
// Pure.
std::string InfoText(const v1::Info& info, const v1::Welcome& welcome, const TableStyle& style);
Json InfoJson(const v1::Info& info, const v1::Welcome& welcome);

struct TimeOptions {
  CardOptions card{};
  OutputOptions output{};
  std::string value{};  // RFC 3339, or `now`: this computer's; empty: only shown
};

int ShowTime(const TimeOptions& options, Streams streams);
int SetTime(const TimeOptions& options, Streams streams);

}  // namespace heliostat::helioctl
