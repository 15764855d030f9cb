#include "helioctl/show/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "helioctl/card/counters.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/fields.h"
#include "helioctl/show/resource_tables.h"
#include "helioctl/show/rules.h"
#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/rule_text.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kMostNamesShown = 100;

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamesShown); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMostNamesShown) text += fmt::format(" and {} more", names.size() - kMostNamesShown);
  return text.empty() ? "none" : text;
}

// A value of a document as a person reads it.
std::string ValueText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_array()) return value.dump();
  std::vector<std::string> items;
  for (const Json& item : value) items.push_back(ValueText(item));
  return Joined(items);
}

std::string OwnerText(const std::string& owner) { return owner.empty() ? "the admin" : owner; }

void AddMetadata(const config::Metadata& metadata, Fields& fields) {
  fields.Add("Owner", OwnerText(metadata.owner));
  fields.AddIf("Description", metadata.description);
  fields.AddIf("Tags", TagsText(metadata.tags));
}

template <typename Used>
std::vector<std::string> NamesOf(const std::vector<config::Session>& sessions, const Used& used) {
  std::vector<std::string> names;
  for (const config::Session& session : sessions) {
    if (used(session)) names.push_back(session.metadata.name);
  }
  return names;
}

std::string RulesText(const std::vector<RuleView>& rules, const TableStyle& style) {
  Table table({{"NUMBER", Align::kRight},
               {"ACTION"},
               {"HITS", Align::kRight},
               {"PROTOCOL"},
               {"SOURCE"},
               {"PORTS"},
               {"DESTINATION"},
               {"PORTS"},
               {"ALSO"},
               {"DESCRIPTION"}});
  const auto text = [](const Json& rule, const char* field) {
    return rule.contains(field) ? ValueText(rule[field]) : std::string("any");
  };
  for (const RuleView& view : rules) {
    std::vector<Cell> row{
        view.Label(), {view.Action(), view.Action() == "accept" ? Tone::kGood : Tone::kBad}, std::to_string(view.hits)};
    if (view.is_service()) {
      row.emplace_back("a network service");
    } else {
      for (const char* field : {"protocol", "source", "sourcePorts", "destination", "destinationPorts"}) {
        row.emplace_back(text(view.rule, field));
      }
      row.emplace_back(FieldsText(view.rule));
      row.emplace_back(view.rule.value("description", ""));
    }
    table.Add(std::move(row));
  }
  TableStyle indented = style;
  indented.indent = kIndent;
  return table.Render(indented);
}

void AddCounts(const std::string& label, const v1::LedgerEntry& entry, Table& table) {
  const auto add = [&](const std::string& name, const v1::Count& count, Tone tone) {
    table.Add({label, {name, tone}, std::to_string(count.packets()), std::to_string(count.bytes())});
  };
  add("matched", entry.matched(), Tone::kPlain);
  add("sent", entry.sent(), Tone::kPlain);
  if (entry.sent_cut() > 0) table.Add({label, {"sent_cut", Tone::kWarning}, std::to_string(entry.sent_cut()), ""});
  for (const NamedCount& drop : DropsOf(entry)) {
    if (drop.count.packets() > 0) add(std::string(drop.name), drop.count, Tone::kWarning);
  }
}

// Since the card was started: the sum, and each line when there are several.
std::string CountersText(const std::vector<v1::LedgerEntry>& entries, bool by_session, const TableStyle& style) {
  if (entries.empty()) return "Counters:  none yet\n";
  Table table({{"OF"}, {"COUNTER"}, {"PACKETS", Align::kRight}, {"BYTES", Align::kRight}});
  if (entries.size() > 1) AddCounts("all", TotalOf(entries), table);
  for (const v1::LedgerEntry& entry : entries) {
    AddCounts(fmt::format("{} {}", by_session ? entry.session() : entry.interface(), DirectionName(entry)), entry,
              table);
  }
  TableStyle indented = style;
  indented.indent = kIndent;
  return "Counters (of the original frames, since the card was started):\n" + table.Render(indented);
}

template <typename Wanted>
std::vector<v1::LedgerEntry> EntriesOf(const Snapshot& snapshot, const Wanted& wanted) {
  std::vector<v1::LedgerEntry> entries;
  std::copy_if(snapshot.counters.entries.begin(), snapshot.counters.entries.end(), std::back_inserter(entries), wanted);
  return entries;
}

std::string PortText(const Snapshot& snapshot, const std::string& interface, const TableStyle& style) {
  const auto port = std::find_if(snapshot.counters.ports.begin(), snapshot.counters.ports.end(),
                                 [&](const v1::PortCounters& one) { return one.interface() == interface; });
  if (port == snapshot.counters.ports.end()) return "";
  Table table({{"PORT"}, {"PACKETS", Align::kRight}, {"BYTES", Align::kRight}});
  for (const NamedCount& counted : CountsOf(*port)) {
    table.Add(
        {std::string(counted.name), std::to_string(counted.count.packets()), std::to_string(counted.count.bytes())});
  }
  table.Add({"receive_missed", std::to_string(port->receive_missed())});
  return "Port (since the card was started):\n" + table.Render(style);
}

std::string MirrorText(const MirrorCounters& counters, const TableStyle& style) {
  Table table({{"COUNTER"}, {"VALUE", Align::kRight}});
  const Json json = MirrorCountersJson(counters);
  for (const auto& [name, value] : json.items()) table.Add({name, value.dump()});
  return "Mirrored:\n" + table.Render(style);
}

std::string InterfaceText(const Listing& listing, const Snapshot& snapshot, std::size_t index,
                          const TableStyle& style) {
  const config::InterfaceSettings& settings = listing.config.interfaces[index];
  const v1::InterfaceState& state = listing.HeadOf(config::Kind::kInterface, settings.name).interface();
  Fields fields;
  fields.Add("Name", settings.name);
  fields.Add("Kind", "interface, " + InterfaceKindWord(state.kind()));
  AddMetadata({settings.name, {}, settings.tags, settings.owner}, fields);
  fields.Add("Number", std::to_string(state.number()));
  fields.AddIf("MAC", MacText(state.mac()));
  fields.AddIf("Primary IPv4", AddressText(state.primary_ipv4()));
  fields.AddIf("Primary IPv6", AddressText(state.primary_ipv6()));
  fields.Add("MTU", std::to_string(state.mtu()));
  fields.Add("Link", LinkCell(state.up()).text, LinkCell(state.up()).tone);
  fields.AddIf("Driver", state.driver());
  fields.Add("Excluded", settings.excluded.empty() ? "nothing" : "what filter " + settings.excluded + " accepts");
  fields.Add("Source of", Joined(NamesOf(listing.config.sessions, [&](const config::Session& session) {
               return std::find(session.sources.begin(), session.sources.end(), settings.name) != session.sources.end();
             })));
  std::vector<std::string> targets;
  for (const config::Target& target : listing.config.targets) {
    if (target.interface == settings.name) targets.push_back(target.metadata.name);
  }
  fields.Add("Targets", Joined(targets));
  const bool underlay = std::any_of(listing.config.underlays.begin(), listing.config.underlays.end(),
                                    [&](const config::Underlay& one) { return one.interface == settings.name; });
  fields.Add("Underlay", underlay ? "yes" : "no");
  TableStyle indented = style;
  indented.indent = kIndent;
  return fields.Render(style) + PortText(snapshot, settings.name, indented) +
         MirrorText(MirrorCountersOf(snapshot, settings.name), indented) +
         CountersText(EntriesOf(snapshot, [&](const v1::LedgerEntry& e) { return e.interface() == settings.name; }),
                      true, style);
}

std::string UnderlayText(const Listing& listing, std::size_t index, const TableStyle& style) {
  const config::Underlay& underlay = listing.config.underlays[index];
  const Json spec = ResourceDocument(listing.config, config::Kind::kUnderlay, index)["spec"];
  Fields fields;
  fields.Add("Name", underlay.interface);
  fields.Add("Kind", "underlay");
  fields.Add("Addresses", ValueText(spec["addresses"]));
  fields.Add("Gateways", spec.contains("gateways") ? ValueText(spec["gateways"]) : "none");
  fields.Add("MTU", underlay.mtu == 0 ? "the interface's" : std::to_string(underlay.mtu));
  fields.Add("VLAN", underlay.vlan_id ? std::to_string(*underlay.vlan_id) : "untagged");
  std::string text = fields.Render(style);
  TableStyle indented = style;
  indented.indent = kIndent;
  Table routes({{"DESTINATION"}, {"GATEWAY"}});
  for (const config::Route& route : underlay.routes)
    routes.Add({route.destination.ToString(), route.gateway.ToString()});
  text += routes.empty() ? "Routes:  none\n" : "Routes:\n" + routes.Render(indented);
  Table neighbours({{"ADDRESS"}, {"MAC"}});
  for (const config::Neighbour& one : underlay.neighbours) neighbours.Add({one.address.ToString(), one.mac.ToString()});
  return text +
         (neighbours.empty() ? "Static neighbours:  none\n" : "Static neighbours:\n" + neighbours.Render(indented));
}

std::string TargetText(const Listing& listing, std::size_t index, const TableStyle& style) {
  const config::Target& target = listing.config.targets[index];
  const v1::TargetState& state = listing.HeadOf(config::Kind::kTarget, target.metadata.name).target();
  const Json spec = ResourceDocument(listing.config, config::Kind::kTarget, index).value("spec", Json::object());
  Fields fields;
  fields.Add("Name", target.metadata.name);
  fields.Add("Kind", target.group ? "target, a group" : "target");
  AddMetadata(target.metadata, fields);
  fields.Add("Shared with", target.shared_with.empty() ? "nobody" : Joined(target.shared_with));
  fields.Add("State",
             state.up()               ? "up"
             : state.reason().empty() ? "down"
                                      : "down: " + state.reason(),
             state.up() ? Tone::kGood : Tone::kBad);
  if (target.group) {
    fields.Add("Members", Joined(target.members));
  } else {
    fields.Add("Encapsulation", ValueText(spec["encapsulation"]));
    fields.Add("To", Destination(target, 0));
    fields.Add("MTU", target.mtu == 0 ? "the egress interface's" : std::to_string(target.mtu));
    fields.Add("DSCP", std::to_string(target.dscp));
    fields.Add("TTL", std::to_string(target.ttl));
    fields.Add("UDP checksum", target.udp_checksum ? (*target.udp_checksum ? "on" : "off") : "by IP version");
    if (target.platform_subheader) fields.Add("Platform subheader", "yes: nanoseconds");
  }
  fields.Add("Used by", Joined(NamesOf(listing.config.sessions, [&](const config::Session& session) {
               return session.target == target.metadata.name;
             })));
  std::vector<std::string> groups;
  for (const config::Target& group : listing.config.targets) {
    const auto& members = group.members;
    if (std::find(members.begin(), members.end(), target.metadata.name) != members.end()) {
      groups.push_back(group.metadata.name);
    }
  }
  if (!groups.empty()) fields.Add("Member of", Joined(groups));
  return fields.Render(style);
}

std::string FilterText(const Listing& listing, const Snapshot& snapshot, std::size_t index, const TableStyle& style) {
  const config::Filter& filter = listing.config.filters[index];
  const Json spec = ResourceDocument(listing.config, config::Kind::kFilter, index).value("spec", Json::object());
  Fields fields;
  fields.Add("Name", filter.metadata.name);
  fields.Add("Kind", "filter");
  AddMetadata(filter.metadata, fields);
  fields.Add("Services", spec.contains("services") ? ValueText(spec["services"]) : "none");
  fields.Add("Used by", Joined(NamesOf(listing.config.sessions, [&](const config::Session& session) {
               return session.filter == filter.metadata.name;
             })));
  std::vector<std::string> interfaces;
  for (const config::InterfaceSettings& settings : listing.config.interfaces) {
    if (settings.excluded == filter.metadata.name) interfaces.push_back(settings.name);
  }
  if (!interfaces.empty()) fields.Add("Excluded at", Joined(interfaces));
  std::string text = fields.Render(style);
  for (const bool outbound : {false, true}) {
    const char* title = outbound ? "Outbound" : "Inbound";
    const auto rules = RulesOf(filter.metadata.name, spec, outbound, snapshot.counters.hits);
    text += rules.empty()
                ? fmt::format("{} rules:  none\n", title)
                : fmt::format("{} rules, the first that matches decides:\n{}", title, RulesText(rules, style));
  }
  return text;
}

std::string RateLimitText(const config::RateLimit& limit) {
  const bool packets = limit.packets_per_second != 0;
  return fmt::format("{} {}/s, burst {}", packets ? limit.packets_per_second : limit.bits_per_second,
                     packets ? "packets" : "bits", limit.burst == 0 ? "10 ms" : std::to_string(limit.burst));
}

void AddSelection(const config::Session& session, const Json& spec, Fields& fields) {
  fields.Add("Direction", spec.contains("direction") ? ValueText(spec["direction"]) : "all");
  fields.Add("Packet length",
             session.packet_length == 0 ? "whole" : fmt::format("first {} bytes", session.packet_length));
  fields.Add("Sampling", fmt::format("{}% of {}", spec.contains("percent") ? ValueText(spec["percent"]) : "100",
                                     session.sampling == config::SamplingMode::kFlows ? "flows" : "packets"));
  fields.Add("Rate limit", session.rate_limit ? RateLimitText(*session.rate_limit) : "none");
  fields.Add("Forwarded only", session.forwarded_only ? "yes" : "no");
}

// `4242`, `7 (picked by the card)`.
std::string TunnelIdText(const config::Session& session, const v1::SessionState& state) {
  if (session.tunnel_id) return std::to_string(*session.tunnel_id);
  return fmt::format("{} (picked by the card)", state.tunnel_id());
}

std::string SessionText(const Listing& listing, const Snapshot& snapshot, std::size_t index, const TableStyle& style) {
  const config::Session& session = listing.config.sessions[index];
  const v1::Item& head = listing.HeadOf(config::Kind::kSession, session.metadata.name);
  const Json spec = ResourceDocument(listing.config, config::Kind::kSession, index)["spec"];
  const Cell state = SessionStateCell(session, head);
  Fields fields;
  fields.Add("Name", session.metadata.name);
  fields.Add("Kind", "session");
  AddMetadata(session.metadata, fields);
  fields.Add("Number", std::to_string(session.number));
  fields.Add("Tier", std::to_string(session.tier));
  const bool explained = session.enabled && !head.session().active() && !head.session().reason().empty();
  fields.Add("State", explained ? state.text + ": " + head.session().reason() : state.text, state.tone);
  fields.Add("Filter", session.filter);
  fields.Add("Target", session.target);
  const config::Encapsulation tunnel = TunnelOf(listing.config, session.target);
  const bool erspan = tunnel == config::Encapsulation::kErspan2 || tunnel == config::Encapsulation::kErspan3;
  const bool vni = tunnel == config::Encapsulation::kVxlan || tunnel == config::Encapsulation::kGeneve;
  if (erspan || vni) fields.Add(erspan ? "Session ID" : "VNI", TunnelIdText(session, head.session()));
  AddSelection(session, spec, fields);
  fields.Add("Sources", Joined(session.sources));
  return fields.Render(style) +
         CountersText(EntriesOf(snapshot,
                                [&](const v1::LedgerEntry& entry) { return entry.session() == session.metadata.name; }),
                      false, style);
}

// The resource itself and what may use it.
std::vector<ListQuery> QueriesFor(const std::vector<ResourceName>& names) {
  std::vector<ListQuery> queries;
  bool interface = false;
  bool filter = false;
  for (const ResourceName& name : names) {
    queries.push_back({ListRequest(WordsOf(name.kind).wire, name.name, true)});
    interface = interface || name.kind == config::Kind::kInterface;
    filter = filter || name.kind == config::Kind::kFilter;
  }
  queries.push_back({ListRequest(v1::SESSION, "", true), false});
  queries.push_back({ListRequest(v1::TARGET, "", true), false});
  if (interface) queries.push_back({ListRequest(v1::UNDERLAY, "", false), false});
  if (filter) queries.push_back({ListRequest(v1::INTERFACE, "", false), false});
  return queries;
}

Status AddHits(CardClient& client, const std::vector<ResourceName>& names, Snapshot& snapshot) {
  for (const ResourceName& name : names) {
    if (name.kind != config::Kind::kFilter) continue;
    auto hits = ReadHits(client, name.name);
    if (!hits.ok()) return hits.status();
    std::move(hits->begin(), hits->end(), std::back_inserter(snapshot.counters.hits));
  }
  return OkStatus();
}

std::size_t IndexOf(const config::Config& config, config::Kind kind, const std::string& name) {
  std::size_t index = 0;
  while (index < CountOf(config, kind) && NameOf(config, kind, index) != name) ++index;
  return index;
}

}  // namespace

std::string DescribeText(const Listing& listing, const Snapshot& snapshot, config::Kind kind, std::size_t index,
                         const TableStyle& style) {
  switch (kind) {
    case config::Kind::kInterface: return InterfaceText(listing, snapshot, index, style);
    case config::Kind::kUnderlay: return UnderlayText(listing, index, style);
    case config::Kind::kTarget: return TargetText(listing, index, style);
    case config::Kind::kFilter: return FilterText(listing, snapshot, index, style);
    case config::Kind::kSession: break;
  }
  return SessionText(listing, snapshot, index, style);
}

int Describe(const DescribeOptions& options, Streams streams) {
  const auto names = ParseNames(options.names);
  if (!names.ok()) return Fail(names.status(), streams);
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  const auto listing = FetchListing(**card, QueriesFor(*names));
  if (!listing.ok()) return Fail(listing.status(), streams);
  for (const ResourceName& name : *names) {
    const config::Kind kind = name.kind;
    if (listing->shown.contains({kind, name.name})) continue;
    const auto known = FetchNames(**card, WordsOf(name.kind).wire);
    return Fail(known.ok() ? NoSuchResource(kind, name.name, *known) : known.status(), streams);
  }
  auto snapshot = ReadSnapshot(**card, "");
  if (!snapshot.ok()) return Fail(snapshot.status(), streams);
  if (const Status added = AddHits(**card, *names, *snapshot); !added.ok()) return Fail(added, streams);
  bool first = true;
  for (const ResourceName& name : *names) {
    const config::Kind kind = name.kind;
    const std::size_t index = IndexOf(listing->config, kind, name.name);
    streams.out << (first ? "" : "\n")
                << DescribeText(*listing, *snapshot, kind, index, StyleOf(options.output, streams.out));
    first = false;
  }
  return kDone;
}

}  // namespace heliostat::helioctl
