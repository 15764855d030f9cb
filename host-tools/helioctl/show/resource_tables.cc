#include "helioctl/show/resource_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "helioctl/cli/quantity.h"
#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/yaml_value.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

using Row = std::vector<Cell>;

// What can't be known, or is not there.
constexpr const char* kNothing = "-";

std::string OrNothing(std::string text) { return text.empty() ? kNothing : std::move(text); }

std::string Joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

template <typename Items>
std::string JoinedTexts(const Items& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + item.ToString();
  return text;
}

Json SpecOf(const Listing& listing, config::Kind kind, std::size_t index) {
  return ResourceDocument(listing.config, kind, index).value("spec", Json::object());
}

std::string Word(const Json& spec, const char* field, const char* otherwise) {
  return spec.value(field, std::string(otherwise));
}

std::string PercentText(std::uint16_t hundredths) {
  std::string text = fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + "%";
}

// The ID that copies carry: as configured, or as the card picked.
std::string TunnelIdText(const config::Session& session, const v1::Item& head) {
  if (session.tunnel_id) return std::to_string(*session.tunnel_id);
  const bool picked = head.has_session() && head.session().tunnel_id() != 0;
  return picked ? std::to_string(head.session().tunnel_id()) : kNothing;
}

std::string RateLimitText(const std::optional<config::RateLimit>& limit) {
  if (!limit) return kNothing;
  if (limit->packets_per_second != 0) return Rate(static_cast<double>(limit->packets_per_second)) + " packets/s";
  return Rate(static_cast<double>(limit->bits_per_second)) + " bits/s";
}

// A kind's columns: the usual ones, then those of `wide`.
struct Columns {
  std::vector<Column> usual;
  std::vector<Column> wide;
};

Columns ColumnsOf(config::Kind kind, bool counters) {
  const auto right = [](const char* title) { return Column{title, Align::kRight}; };
  switch (kind) {
    case config::Kind::kInterface: {
      Columns columns{{{"NAME"}, {"KIND"}, right("NUMBER"), {"MAC"}, {"ADDRESSES"}, right("MTU"), {"LINK"}, {"OWNER"}},
                      {{"DRIVER"}, {"EXCLUDED"}, {"TAGS"}}};
      if (counters) {
        columns.wide.insert(columns.wide.end(),
                            {right("MIRROR-IN"), right("MIRROR-OUT"), right("SKIP-IN"), right("SKIP-OUT")});
      }
      return columns;
    }
    case config::Kind::kUnderlay:
      return {{{"NAME"}, {"ADDRESSES"}, {"GATEWAYS"}, right("MTU"), right("VLAN")},
              {right("ROUTES"), right("NEIGHBOURS")}};
    case config::Kind::kTarget:
      return {{{"NAME"}, {"STATE"}, {"ENCAPSULATION"}, {"TO"}, right("SESSIONS")},
              {right("MTU"), {"OWNER"}, {"SHARED-WITH"}, {"TAGS"}, {"REASON"}}};
    case config::Kind::kFilter:
      return {{{"NAME"}, right("INBOUND"), right("OUTBOUND"), {"SERVICES"}, right("SESSIONS")},
              {{"OWNER"}, {"TAGS"}, {"DESCRIPTION"}}};
    case config::Kind::kSession: break;
  }
  return {
      {{"NAME"}, right("NUMBER"), {"STATE"}, {"FILTER"}, {"TARGET"}, {"DIRECTION"}, right("SOURCES"), right("VNI/ID")},
      {right("TIER"), right("LENGTH"), {"SAMPLING"}, {"RATE-LIMIT"}, {"OWNER"}, {"TAGS"}, {"REASON"}}};
}

Row InterfaceRow(const Listing& listing, std::size_t index, const ResourceView& view) {
  const config::InterfaceSettings& settings = listing.config.interfaces[index];
  const v1::InterfaceState& state = listing.HeadOf(config::Kind::kInterface, settings.name).interface();
  std::vector<std::string> addresses;
  for (const std::string* bytes : {&state.primary_ipv4(), &state.primary_ipv6()}) {
    if (!bytes->empty()) addresses.push_back(AddressText(*bytes));
  }
  const bool known = state.number() != 0;
  Row row{settings.name,
          known ? InterfaceKindWord(state.kind()) : kNothing,
          known ? std::to_string(state.number()) : kNothing,
          OrNothing(MacText(state.mac())),
          OrNothing(Joined(addresses)),
          known ? std::to_string(state.mtu()) : kNothing,
          known ? LinkCell(state.up()) : Cell(kNothing),
          OrNothing(settings.owner)};
  if (!view.wide) return row;
  row.emplace_back(OrNothing(state.driver()));
  row.emplace_back(OrNothing(settings.excluded));
  row.emplace_back(OrNothing(TagsText(settings.tags)));
  if (view.snapshot == nullptr) return row;
  const MirrorCounters counters = MirrorCountersOf(*view.snapshot, settings.name);
  for (const v1::Count* count : {&counters.in, &counters.out, &counters.skip_in, &counters.skip_out}) {
    row.emplace_back(fmt::format("{}/{}", count->packets(), count->bytes()));
  }
  return row;
}

Row UnderlayRow(const Listing& listing, std::size_t index, const ResourceView& view) {
  const config::Underlay& underlay = listing.config.underlays[index];
  Row row{underlay.interface, OrNothing(JoinedTexts(underlay.addresses)), OrNothing(JoinedTexts(underlay.gateways)),
          underlay.mtu == 0 ? kNothing : std::to_string(underlay.mtu),
          underlay.vlan_id ? std::to_string(*underlay.vlan_id) : kNothing};
  if (!view.wide) return row;
  row.emplace_back(std::to_string(underlay.routes.size()));
  row.emplace_back(std::to_string(underlay.neighbours.size()));
  return row;
}

Row TargetRow(const Listing& listing, std::size_t index, const ResourceView& view) {
  const config::Target& target = listing.config.targets[index];
  const v1::Item& head = listing.HeadOf(config::Kind::kTarget, target.metadata.name);
  const v1::TargetState& state = head.target();
  const Json spec = SpecOf(listing, config::Kind::kTarget, index);
  Row row{target.metadata.name, head.has_target() ? LinkCell(state.up()) : Cell(kNothing),
          Word(spec, "encapsulation", kNothing), Destination(target, state.members()),
          head.has_target() ? std::to_string(state.sessions()) : kNothing};
  if (!view.wide) return row;
  row.emplace_back(target.mtu == 0 ? kNothing : std::to_string(target.mtu));
  row.emplace_back(OrNothing(target.metadata.owner));
  row.emplace_back(OrNothing(Joined(target.shared_with)));
  row.emplace_back(OrNothing(TagsText(target.metadata.tags)));
  row.emplace_back(state.reason());
  return row;
}

Row FilterRow(const Listing& listing, std::size_t index, const ResourceView& view) {
  const config::Filter& filter = listing.config.filters[index];
  const v1::Item& head = listing.HeadOf(config::Kind::kFilter, filter.metadata.name);
  const Json spec = SpecOf(listing, config::Kind::kFilter, index);
  std::vector<std::string> services;
  for (const Json& service : spec.value("services", Json::array())) services.push_back(service);
  const auto number = [&head](std::uint32_t value) { return head.has_filter() ? std::to_string(value) : kNothing; };
  Row row{filter.metadata.name, number(head.filter().inbound_rules()), number(head.filter().outbound_rules()),
          OrNothing(Joined(services)), number(head.filter().sessions())};
  if (!view.wide) return row;
  row.emplace_back(OrNothing(filter.metadata.owner));
  row.emplace_back(OrNothing(TagsText(filter.metadata.tags)));
  row.emplace_back(filter.metadata.description);
  return row;
}

Row SessionRow(const Listing& listing, std::size_t index, const ResourceView& view) {
  const config::Session& session = listing.config.sessions[index];
  const v1::Item& head = listing.HeadOf(config::Kind::kSession, session.metadata.name);
  const Json spec = SpecOf(listing, config::Kind::kSession, index);
  Row row{session.metadata.name,
          std::to_string(session.number),
          SessionStateCell(session, head),
          session.filter,
          session.target,
          Word(spec, "direction", "all"),
          std::to_string(session.sources.empty() ? head.sources() : session.sources.size()),
          TunnelIdText(session, head)};
  if (!view.wide) return row;
  row.emplace_back(std::to_string(session.tier));
  row.emplace_back(session.packet_length == 0 ? "whole" : std::to_string(session.packet_length));
  row.emplace_back(PercentText(session.sample_hundredths) + " " + Word(spec, "sampling", "packets"));
  row.emplace_back(RateLimitText(session.rate_limit));
  row.emplace_back(OrNothing(session.metadata.owner));
  row.emplace_back(OrNothing(TagsText(session.metadata.tags)));
  row.emplace_back(session.enabled ? head.session().reason() : "");
  return row;
}

Row RowOf(const Listing& listing, config::Kind kind, std::size_t index, const ResourceView& view) {
  switch (kind) {
    case config::Kind::kInterface: return InterfaceRow(listing, index, view);
    case config::Kind::kUnderlay: return UnderlayRow(listing, index, view);
    case config::Kind::kTarget: return TargetRow(listing, index, view);
    case config::Kind::kFilter: return FilterRow(listing, index, view);
    case config::Kind::kSession: break;
  }
  return SessionRow(listing, index, view);
}

Json InterfaceStatus(const v1::InterfaceState& state, const Snapshot* snapshot, const std::string& name) {
  Json status{{"kind", InterfaceKindWord(state.kind())}, {"number", state.number()}, {"mac", MacText(state.mac())}};
  if (!state.primary_ipv4().empty()) status["primaryIpv4"] = AddressText(state.primary_ipv4());
  if (!state.primary_ipv6().empty()) status["primaryIpv6"] = AddressText(state.primary_ipv6());
  status["mtu"] = state.mtu();
  status["link"] = state.up() ? "up" : "down";
  status["driver"] = state.driver();
  if (snapshot != nullptr) status["counters"] = MirrorCountersJson(MirrorCountersOf(*snapshot, name));
  return status;
}

Json StatusOf(const Listing& listing, config::Kind kind, std::size_t index, const Snapshot* snapshot) {
  const std::string& name = NameOf(listing.config, kind, index);
  const v1::Item& head = listing.HeadOf(kind, name);
  if (kind == config::Kind::kInterface && head.has_interface()) {
    return InterfaceStatus(head.interface(), snapshot, name);
  }
  if (kind == config::Kind::kTarget && head.has_target()) {
    Json status{{"state", head.target().up() ? "up" : "down"}};
    if (!head.target().reason().empty()) status["reason"] = head.target().reason();
    if (listing.config.targets[index].group) status["members"] = head.target().members();
    status["sessions"] = head.target().sessions();
    return status;
  }
  if (kind == config::Kind::kFilter && head.has_filter()) {
    return {{"inboundRules", head.filter().inbound_rules()},
            {"outboundRules", head.filter().outbound_rules()},
            {"sessions", head.filter().sessions()}};
  }
  if (kind == config::Kind::kSession && head.has_session()) {
    const bool enabled = listing.config.sessions[index].enabled;
    Json status{{"state", SessionStateWord(enabled, head.session().active())}};
    if (!head.session().reason().empty()) status["reason"] = head.session().reason();
    status["tunnelId"] = head.session().tunnel_id();
    status["sources"] = head.sources();
    return status;
  }
  return {};
}

void Add(const v1::Count& count, v1::Count& sum) {
  sum.set_packets(sum.packets() + count.packets());
  sum.set_bytes(sum.bytes() + count.bytes());
}

}  // namespace

std::string InterfaceKindWord(v1::InterfaceKind kind) {
  switch (kind) {
    case v1::VM: return "vm";
    case v1::NFV: return "nfv";
    case v1::EDGE: return "edge";
    default: return kNothing;
  }
}

Table ResourceTable(const Listing& listing, config::Kind kind, const ResourceView& view) {
  Columns columns = ColumnsOf(kind, view.snapshot != nullptr);
  if (view.wide) columns.usual.insert(columns.usual.end(), columns.wide.begin(), columns.wide.end());
  Table table(std::move(columns.usual));
  for (std::size_t i = 0; i < CountOf(listing.config, kind); ++i) {
    const std::string& name = NameOf(listing.config, kind, i);
    if (!listing.shown.contains({kind, name})) continue;
    Row row = RowOf(listing, kind, i, view);
    if (view.with_kind) row.front().text = fmt::format("{}/{}", WordsOf(kind).singular, name);
    table.Add(std::move(row));
  }
  return table;
}

Json ResourceJson(const Listing& listing, config::Kind kind, std::size_t index, const Snapshot* snapshot) {
  Json document = ResourceDocument(listing.config, kind, index);
  Json status = StatusOf(listing, kind, index, snapshot);
  if (!status.is_null()) document["status"] = std::move(status);
  return document;
}

std::vector<Json> ResourceJsons(const Listing& listing, const Snapshot* snapshot) {
  std::vector<Json> documents;
  for (const KindWords& kind : AllKinds()) {
    for (std::size_t i = 0; i < CountOf(listing.config, kind.kind); ++i) {
      if (!listing.shown.contains({kind.kind, NameOf(listing.config, kind.kind, i)})) continue;
      documents.push_back(ResourceJson(listing, kind.kind, i, snapshot));
    }
  }
  return documents;
}

std::string SessionStateWord(bool enabled, bool active) {
  if (!enabled) return "disabled";
  return active ? "active" : "inactive";
}

Cell SessionStateCell(const config::Session& session, const v1::Item& head) {
  if (!head.has_session()) return {kNothing};
  const Tone tone = !session.enabled ? Tone::kFaint : head.session().active() ? Tone::kGood : Tone::kBad;
  return {SessionStateWord(session.enabled, head.session().active()), tone};
}

Cell LinkCell(bool up) { return up ? Cell("up", Tone::kGood) : Cell("down", Tone::kBad); }

std::string Destination(const config::Target& target, std::uint32_t members) {
  if (target.group) {
    return fmt::format("group of {}",
                       target.members.empty() ? members : static_cast<std::uint32_t>(target.members.size()));
  }
  std::string text = target.remote.family == IpFamily::kNone ? "" : target.remote.ToString();
  if (!target.interface.empty()) text += (text.empty() ? "" : ", ") + target.interface;
  if (target.vlan_id) text += fmt::format(", VLAN {}", *target.vlan_id);
  return text;
}

std::string AddressText(const std::string& bytes) {
  const IpAddress address = AddressOf(bytes);
  return address.family == IpFamily::kNone ? "" : address.ToString();
}

std::string MacText(const std::string& bytes) { return bytes.empty() ? "" : MacOf(bytes).ToString(); }

std::string TagsText(const std::vector<config::Tag>& tags) {
  std::vector<std::string> texts;
  for (const config::Tag& tag : tags) texts.push_back(tag.key + "=" + tag.value);
  return Joined(texts);
}

MirrorCounters MirrorCountersOf(const Snapshot& snapshot, const std::string& interface) {
  MirrorCounters counters;
  for (const v1::LedgerEntry& entry : snapshot.counters.entries) {
    if (entry.interface() != interface) continue;
    v1::Count& skipped = entry.outbound() ? counters.skip_out : counters.skip_in;
    Add(entry.sent(), entry.outbound() ? counters.out : counters.in);
    Add(entry.no_buffer(), skipped);
    Add(entry.egress_full(), skipped);
  }
  return counters;
}

Json MirrorCountersJson(const MirrorCounters& counters) {
  return {{"NetworkMirrorIn", counters.in.bytes()},
          {"NetworkMirrorOut", counters.out.bytes()},
          {"NetworkPacketsMirrorIn", counters.in.packets()},
          {"NetworkPacketsMirrorOut", counters.out.packets()},
          {"NetworkSkipMirrorIn", counters.skip_in.bytes()},
          {"NetworkSkipMirrorOut", counters.skip_out.bytes()},
          {"NetworkPacketsSkipMirrorIn", counters.skip_in.packets()},
          {"NetworkPacketsSkipMirrorOut", counters.skip_out.packets()}};
}

}  // namespace heliostat::helioctl
