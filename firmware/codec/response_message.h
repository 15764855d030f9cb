// The values of responses -> nanopb's messages: what single responses and frames of many elements share. And the frame
// around them.
#pragma once

#include <control.pb.h>

#include <string>
#include <string_view>

#include "codec/control.h"

namespace heliostat::codec {

void Write(const SessionState& state, heliostat_v1_SessionState* out);
void Write(const InterfaceState& state, heliostat_v1_InterfaceState* out);
void Write(const TargetState& state, heliostat_v1_TargetState* out);
void Write(const FilterState& state, heliostat_v1_FilterState* out);
void Write(const AuditLine& record, heliostat_v1_AuditRecord* out);

// The bytes around the result of a response: its id, `more`, and the result's key and length.
inline constexpr std::size_t kResponseOverheadBytes = 11 + 2 + 1 + 3;

// Appends a frame with its length: a Response whose result has that tag and is the encoded `result`.
void AppendFrame(std::uint64_t id, bool more, std::uint32_t tag, std::string_view result, std::string* out);

}  // namespace heliostat::codec
