// Resources with their states as tables and as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "helioctl/card/listing.h"
#include "helioctl/card/snapshot.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/table.h"

namespace heliostat::helioctl {

struct ResourceView {
  bool wide = false;
  bool with_kind = false;              // `session/web` in place of `web`
  const Snapshot* snapshot = nullptr;  // of the interfaces' counters; null: they are not shown
};

// Those of a kind that the listing shows, by name. Empty when there are none.
Table ResourceTable(const Listing& listing, config::Kind kind, const ResourceView& view);

// apiVersion, kind, metadata, spec, status. Without `status` when the card said nothing of it (an older generation).
Json ResourceJson(const Listing& listing, config::Kind kind, std::size_t index, const Snapshot* snapshot);
// Of all that the listing shows, in the order of a configuration.
std::vector<Json> ResourceJsons(const Listing& listing, const Snapshot* snapshot);

// `active`, `inactive` or `disabled`; `-` when the card said nothing of it.
Cell SessionStateCell(const config::Session& session, const v1::Item& head);
std::string SessionStateWord(bool enabled, bool active);
Cell LinkCell(bool up);
std::string InterfaceKindWord(v1::InterfaceKind kind);

// `10.9.0.2`, `analyser, VLAN 200`, `group of 2`.
std::string Destination(const config::Target& target, std::uint32_t members);
std::string AddressText(const std::string& bytes);  // 4 or 16; else empty
std::string MacText(const std::string& bytes);      // 6; else empty
std::string TagsText(const std::vector<config::Tag>& tags);

// What clouds call the counters of an interface: NetworkMirrorIn, NetworkPacketsMirrorIn, NetworkSkipMirrorIn,
// NetworkPacketsSkipMirrorIn, and the same with Out. In and out are seen from the interface; a copy is skipped for want
// of a buffer or of room at the egress port.
struct MirrorCounters {
  v1::Count in{}, out{}, skip_in{}, skip_out{};
};
MirrorCounters MirrorCountersOf(const Snapshot& snapshot, const std::string& interface);
Json MirrorCountersJson(const MirrorCounters& counters);

}  // namespace heliostat::helioctl
