// What holds for every configuration that was read, whatever the bytes were.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "codec/change.h"
#include "codec/codec.h"

namespace heliostat::codec {

// Small, so that inputs reach them.
inline config::Limits SmallLimits() {
  return {.sessions = 8,
          .targets = 8,
          .filters = 8,
          .rules_per_list = 24,
          .rules = 48,
          .sources_per_session = 12,
          .session_sources = 24,
          .interfaces = 8,
          .members_per_group = 12};
}

// What the contract's patches are defined for, and every valid configuration has: numbered rules, sources once each.
inline bool IsPatchable(const config::Config& config) {
  const auto numbered = [](const config::Rule& rule) { return rule.number != 0; };
  for (const config::Filter& filter : config.filters) {
    if (!std::ranges::all_of(filter.inbound, numbered) || !std::ranges::all_of(filter.outbound, numbered)) return false;
  }
  return std::ranges::all_of(config.sessions, [](const config::Session& session) {
    return std::set<std::string>(session.sources.begin(), session.sources.end()).size() == session.sources.size();
  });
}

// Written as changes and applied again, `before` becomes `after`.
inline void CheckChanges(const config::Config& before, const config::Config& after) {
  if (!IsPatchable(before) || !IsPatchable(after)) return;
  ConfigEditor editor(before, SmallLimits());
  const Status written =
      WriteChanges(before, after, [&](std::span<const std::uint8_t> change) { return editor.Apply(change); });
  if (!written.ok()) std::abort();
  const Result<config::Config> edited = editor.Finish();
  if (!edited.ok() || *edited != after) std::abort();
}

}  // namespace heliostat::codec
