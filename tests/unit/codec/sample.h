// A configuration with every kind of unit and every field, written by libprotobuf.
#pragma once

#include <mirror.pb.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "codec/codec.h"

namespace heliostat::codec {

using Units = std::vector<v1::Unit>;

// 0 header, 1 interface guest0, 2 underlay wire1, 3 target zeek, 4 target group, 5 its members, 6 filter web,
// 7 its inbound rule 10, 8 its outbound rule 20, 9 session s1, 10 its sources.
Units SampleUnits();

std::string Stream(const Units& units);
std::span<const std::uint8_t> Bytes(const std::string& text);
Result<config::Config> Decode(const Units& units, const config::Limits& limits = {});

}  // namespace heliostat::codec
