// The values of config.h -> the messages inside a Unit, ready to be encoded: the other way round from unit.h. What the
// card would fill in is written out, so that reading gives the same value. kInternal when a value is past the
// contract's bounds, as none of a valid configuration is; the message is then of no use.
#pragma once

#include <mirror.pb.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::codec {

Status PastBound(std::string_view field);

// Copies text into nanopb's array, NUL included.
template <std::size_t kSize>
Status CopyText(std::string_view field, const std::string& text, char (&out)[kSize]) {
  if (text.size() >= kSize) return PastBound(field);
  std::memcpy(out, text.c_str(), text.size() + 1);
  return {};
}

Status WriteInterface(const config::InterfaceSettings& settings, heliostat_v1_InterfaceSettings* out);
Status WriteUnderlay(const config::Underlay& underlay, heliostat_v1_Underlay* out);
Status WriteTarget(const config::Target& target, heliostat_v1_Target* out);  // without members
Status WriteFilter(const config::Filter& filter, heliostat_v1_Filter* out);  // without rules
Status WriteRule(const config::Rule& rule, heliostat_v1_Rule* out);
Status WriteSession(const config::Session& session, heliostat_v1_Session* out);  // without sources

}  // namespace heliostat::codec
