// The messages inside a Unit, decoded and scanned, -> the values of config.h. Subjects are relative to the message.
#pragma once

#include <mirror.pb.h>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::codec {

Status ReadInterface(const heliostat_v1_InterfaceSettings& message, config::InterfaceSettings* out);
Status ReadUnderlay(const heliostat_v1_Underlay& message, config::Underlay* out);
Status ReadTarget(const heliostat_v1_Target& message, config::Target* out);
Status ReadFilter(const heliostat_v1_Filter& message, config::Filter* out);
Status ReadRule(const heliostat_v1_Rule& message, config::Rule* out);
Status ReadSession(const heliostat_v1_Session& message, config::Session* out);

}  // namespace heliostat::codec
