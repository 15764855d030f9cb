#include "helioctl/show/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "helioctl/card/listing.h"
#include "helioctl/card/open_card.h"
#include "helioctl/card/snapshot.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/yaml/rule_text.h"
#include "helioctl/yaml/vocabulary.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

std::string_view ServiceWord(v1::Service service) {
  return WordFor(service, FindField(WordsOf(config::Kind::kFilter).spec, "services")->words);
}

// By what RuleView calls them. A long list of rules comes in several parts.
std::map<std::string, std::uint64_t> HitsOf(const std::string& filter, bool outbound,
                                            const std::vector<v1::RuleHits>& hits) {
  std::map<std::string, std::uint64_t> packets;
  for (const v1::RuleHits& part : hits) {
    if (part.filter() != filter || part.outbound() != outbound) continue;
    for (const v1::RuleHit& hit : part.rules()) {
      packets[hit.number() == 0 ? std::string(ServiceWord(hit.service())) : std::to_string(hit.number())] =
          hit.packets();
    }
  }
  return packets;
}

std::vector<RuleView> AllRules(const Listing& listing, std::vector<v1::RuleHits> hits) {
  std::map<std::string, std::vector<v1::RuleHits>> of_filter;  // so that no filter looks through another's
  for (v1::RuleHits& part : hits) of_filter[part.filter()].push_back(std::move(part));
  std::vector<RuleView> all;
  for (std::size_t i = 0; i < listing.config.filters.size(); ++i) {
    const std::string& name = listing.config.filters[i].metadata.name;
    const Json spec = ResourceDocument(listing.config, config::Kind::kFilter, i)["spec"];
    for (const bool outbound : {false, true}) {
      auto views = RulesOf(name, spec, outbound, of_filter[name]);
      std::move(views.begin(), views.end(), std::back_inserter(all));
    }
  }
  return all;
}

// An exact name must be there; a pattern may match nothing.
Status CheckFilters(CardClient& client, const std::vector<std::string>& names, const Listing& listing) {
  for (const std::string& name : names) {
    if (IsPattern(name) || listing.shown.contains({config::Kind::kFilter, name})) continue;
    const auto known = FetchNames(client, v1::FILTER);
    return known.ok() ? NoSuchResource(config::Kind::kFilter, name, *known) : known.status();
  }
  return OkStatus();
}

std::vector<ListQuery> QueriesFor(const GetOptions& options, const std::vector<v1::Tag>& tags) {
  const std::vector<std::string> all{""};
  std::vector<ListQuery> queries;
  for (const std::string& name : options.names.empty() ? all : options.names) {
    ListQuery& query = queries.emplace_back(ListQuery{ListRequest(v1::FILTER, name, true)});
    query.list.mutable_tags()->Add(tags.begin(), tags.end());
    query.list.set_generation(options.generation);
  }
  return queries;
}

}  // namespace

std::string RuleView::Label() const { return is_service() ? service : std::to_string(number); }

std::string RuleView::Action() const { return is_service() ? "accept" : rule["action"].get<std::string>(); }

std::vector<RuleView> RulesOf(const std::string& filter, const Json& spec, bool outbound,
                              const std::vector<v1::RuleHits>& hits) {
  const std::string direction = outbound ? "outbound" : "inbound";
  std::vector<RuleView> views;
  for (const Json& service : spec.value("services", Json::array())) {
    views.push_back({.filter = filter, .direction = direction, .service = service.get<std::string>()});
  }
  for (const Json& rule : spec.value(direction, Json::array())) {
    views.push_back(
        {.filter = filter, .direction = direction, .number = rule["number"].get<std::uint32_t>(), .rule = rule});
  }
  const auto packets = HitsOf(filter, outbound, hits);
  for (RuleView& view : views) {
    const auto found = packets.find(view.Label());
    if (found != packets.end()) view.hits = found->second;
  }
  return views;
}

Result<RuleListing> FetchRules(CardClient& client, const GetOptions& options) {
  const auto tags = ParseTags(options.tags);
  if (!tags.ok()) return tags.status();
  const auto listing = FetchListing(client, QueriesFor(options, *tags));
  if (!listing.ok()) return listing.status();
  HELIOSTAT_RETURN_IF_ERROR(CheckFilters(client, options.names, *listing));
  RuleListing rules{.generation = listing->generation, .counted = options.generation == 0};
  std::vector<v1::RuleHits> hits;
  if (rules.counted) {
    auto read = ReadHits(client, options.names.size() == 1 ? options.names.front() : "");
    if (!read.ok()) return read.status();
    hits = std::move(*read);
  }
  rules.rules = AllRules(*listing, std::move(hits));
  return rules;
}

std::string RulesTable(const RuleListing& listing, bool wide, const TableStyle& style) {
  std::vector<Column> columns{{"FILTER"}, {"DIRECTION"}, {"RULE", Align::kRight}, {"ACTION"}, {"MATCH"}};
  if (listing.counted) columns.push_back({"HITS", Align::kRight});
  if (wide) columns.push_back({"DESCRIPTION"});
  Table table(std::move(columns));
  for (const RuleView& view : listing.rules) {
    const std::string action = view.Action();
    std::vector<Cell> row{view.filter,
                          view.direction,
                          view.Label(),
                          {action, action == "accept" ? Tone::kGood : Tone::kBad},
                          view.is_service() ? "service " + view.service : MatchText(view.rule)};
    if (listing.counted) row.emplace_back(std::to_string(view.hits));
    if (wide) row.emplace_back(view.is_service() ? "" : view.rule.value("description", ""));
    table.Add(std::move(row));
  }
  return table.Render(style);
}

Json RulesJson(const RuleListing& listing) {
  Json json{{"generation", listing.generation}, {"rules", Json::array()}};
  for (const RuleView& view : listing.rules) {
    Json one{{"filter", view.filter}, {"direction", view.direction}};
    if (view.is_service()) {
      one["service"] = view.service;
      one["action"] = view.Action();
    } else {
      one.update(view.rule);
    }
    if (listing.counted) one["hits"] = view.hits;
    json["rules"].push_back(std::move(one));
  }
  return json;
}

int GetRules(const GetOptions& options, Streams streams) {
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  const auto listing = FetchRules(**card, options);
  if (!listing.ok()) return Fail(listing.status(), streams);
  switch (options.output.format) {
    case Format::kJson: streams.out << JsonText(RulesJson(*listing)); return kDone;
    case Format::kYaml: streams.out << YamlText(RulesJson(*listing)); return kDone;
    case Format::kName:
      for (const RuleView& view : listing->rules) {
        streams.out << fmt::format("{} {}/{}\n", view.filter, view.direction, view.Label());
      }
      return kDone;
    default: break;
  }
  if (listing->rules.empty()) {
    streams.err << "there is no rule\n";
    return kDone;
  }
  streams.out << RulesTable(*listing, options.output.format == Format::kWide, StyleOf(options.output, streams.out));
  return kDone;
}

}  // namespace heliostat::helioctl
