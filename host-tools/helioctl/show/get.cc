#include "helioctl/show/get.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "config/check.h"
#include "helioctl/card/listing.h"
#include "helioctl/card/open_card.h"
#include "helioctl/card/snapshot.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/show/resource_tables.h"
#include "helioctl/show/rules.h"
#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

constexpr double kCompletionTimeoutS = 2;  // a shell waits for it

// What was asked for: kinds, and names of each.
struct Wanted {
  std::vector<ResourceKey> names;  // an empty name: all of the kind
  bool all_kinds = false;
};

Result<Wanted> ParseWanted(const GetOptions& options) {
  Wanted wanted;
  if (options.kind == "all") {
    if (!options.names.empty()) {
      return Status(Code::kInvalidArgument, "", "`all` takes no names", "name a kind: `helioctl get session NAME`");
    }
    wanted.all_kinds = true;
    for (const KindWords& kind : AllKinds()) wanted.names.emplace_back(kind.kind, "");
    return wanted;
  }
  std::vector<std::string> words = options.names;
  std::string kind_word = options.kind;
  if (const auto slash = kind_word.find('/'); slash != std::string::npos) {
    words.insert(words.begin(), kind_word.substr(slash + 1));
    kind_word.resize(slash);
  }
  const auto kind = ParseKind(kind_word);
  if (!kind.ok()) return kind.status();
  for (const std::string& word : words) {
    const auto slash = word.find('/');
    const auto other = slash == std::string::npos ? kind : ParseKind(word.substr(0, slash));
    if (!other.ok()) return other.status();
    const std::string name = slash == std::string::npos ? word : word.substr(slash + 1);
    if (name.empty()) return Status(Code::kInvalidArgument, word, "names nothing", "write KIND/NAME");
    wanted.names.emplace_back(*other, name);
  }
  if (words.empty()) wanted.names.emplace_back(*kind, "");
  return wanted;
}

// One of `env=prod`, `env==prod`, `env`. What kubectl selects by beyond that would be a tag that nothing has.
Result<v1::Tag> ParseTag(const std::string& word) {
  const auto equals = word.find('=');
  const std::string key = word.substr(0, equals);
  if (key.empty()) {
    return Status(Code::kInvalidArgument, "-l", config::Quoted(word) + " has no key", "write key=value, or key");
  }
  if (key.find_first_of("! ()") != std::string::npos) {
    return Status(Code::kInvalidArgument, "-l", config::Quoted(word) + " is more than a card can select by",
                  "write key=value or key, several with commas between: resources that have all of them are shown");
  }
  v1::Tag tag;
  tag.set_key(key);
  if (equals != std::string::npos) tag.set_value(word.substr(equals + (word.compare(equals, 2, "==") == 0 ? 2 : 1)));
  return tag;
}

// JSON and YAML show everything; a session's tunnel ID is called by the encapsulation of its target.
std::vector<ListQuery> QueriesFor(const Wanted& wanted, const std::vector<v1::Tag>& tags, const GetOptions& options) {
  const bool whole = options.output.format == Format::kJson || options.output.format == Format::kYaml;
  std::vector<ListQuery> queries;
  bool sessions = false;
  for (const auto& [kind, name] : wanted.names) {
    ListQuery& query = queries.emplace_back(ListQuery{ListRequest(WordsOf(kind).wire, name, whole)});
    query.list.mutable_tags()->Add(tags.begin(), tags.end());
    sessions = sessions || kind == config::Kind::kSession;
  }
  if (sessions && whole) queries.push_back({ListRequest(v1::TARGET, "", true), false});
  for (ListQuery& query : queries) query.list.set_generation(options.generation);
  return queries;
}

// Every exact name must be there; with tags, it may have been left out by them.
Status CheckFound(CardClient& client, const Wanted& wanted, const Listing& listing) {
  for (const auto& [kind, name] : wanted.names) {
    if (name.empty() || IsPattern(name) || listing.shown.contains({kind, name})) continue;
    const auto names = FetchNames(client, WordsOf(kind).wire);
    if (!names.ok()) return names.status();
    if (std::find(names->begin(), names->end(), name) != names->end()) {
      return {Code::kNotFound, fmt::format("{} \"{}\"", WordsOf(kind).singular, name),
              "it is not there with those tags or in that generation", "leave out -l or --generation"};
    }
    return NoSuchResource(kind, name, *names);
  }
  return OkStatus();
}

bool AsksForOne(const Wanted& wanted) {
  return wanted.names.size() == 1 && !wanted.names.front().second.empty() && !IsPattern(wanted.names.front().second);
}

void PrintTables(const Listing& listing, const Wanted& wanted, const GetOptions& options, const Snapshot* snapshot,
                 Streams streams) {
  const auto several = [&wanted] {
    return std::any_of(wanted.names.begin(), wanted.names.end(),
                       [&](const ResourceKey& key) { return key.first != wanted.names.front().first; });
  };
  const ResourceView view{.wide = options.output.format == Format::kWide, .with_kind = several(), .snapshot = snapshot};
  bool first = true;
  for (const KindWords& kind : AllKinds()) {
    const Table table = ResourceTable(listing, kind.kind, view);
    if (table.empty()) continue;
    if (!first) streams.out << "\n";
    first = false;
    streams.out << table.Render(StyleOf(options.output, streams.out));
  }
}

void Print(const Listing& listing, const Wanted& wanted, const GetOptions& options, const Snapshot* snapshot,
           Streams streams) {
  switch (options.output.format) {
    case Format::kName:
      for (const auto& [kind, name] : listing.shown) {
        streams.out << WordsOf(kind).singular << "/" << Printable(name) << "\n";
      }
      return;
    case Format::kJson: {
      std::vector<Json> documents = ResourceJsons(listing, snapshot);
      if (AsksForOne(wanted) && documents.size() == 1) {
        streams.out << JsonText(documents.front());
        return;
      }
      streams.out << JsonText({{"apiVersion", "heliostat/v1"},
                               {"kind", "List"},
                               {"metadata", {{"generation", listing.generation}}},
                               {"items", std::move(documents)}});
      return;
    }
    case Format::kYaml: {
      bool first = true;
      for (const Json& document : ResourceJsons(listing, snapshot)) {
        streams.out << (first ? "" : "---\n") << DocumentYaml(document);
        first = false;
      }
      return;
    }
    case Format::kTable:
    case Format::kWide: PrintTables(listing, wanted, options, snapshot, streams); return;
  }
}

// Interfaces with their counters, where there is room for them.
bool WantsCounters(const Wanted& wanted, const GetOptions& options) {
  const Format format = options.output.format;
  return options.generation == 0 && (format == Format::kWide || format == Format::kJson) &&
         std::any_of(wanted.names.begin(), wanted.names.end(),
                     [](const ResourceKey& key) { return key.first == config::Kind::kInterface; });
}

}  // namespace

Result<std::vector<v1::Tag>> ParseTags(const std::vector<std::string>& words) {
  std::vector<v1::Tag> tags;
  for (const std::string& word : words) {
    for (std::size_t at = 0; at <= word.size();) {
      const auto comma = std::min(word.find(',', at), word.size());
      auto tag = ParseTag(word.substr(at, comma - at));
      if (!tag.ok()) return tag.status();
      tags.push_back(std::move(*tag));
      at = comma + 1;
    }
  }
  return tags;
}

int GetResources(const GetOptions& options, Streams streams) {
  if (IsRule(options.kind)) return GetRules(options, streams);
  const auto wanted = ParseWanted(options);
  if (!wanted.ok()) return Fail(wanted.status(), streams);
  const auto tags = ParseTags(options.tags);
  if (!tags.ok()) return Fail(tags.status(), streams);
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  const auto listing = FetchListing(**card, QueriesFor(*wanted, *tags, options));
  if (!listing.ok()) return Fail(listing.status(), streams);
  if (const Status found = CheckFound(**card, *wanted, *listing); !found.ok()) return Fail(found, streams);
  std::optional<Snapshot> snapshot;
  if (WantsCounters(*wanted, options)) {
    auto read = ReadSnapshot(**card, "");
    if (!read.ok()) return Fail(read.status(), streams);
    snapshot = std::move(*read);
  }
  const bool for_people = options.output.format == Format::kTable || options.output.format == Format::kWide;
  if (for_people && listing->shown.empty()) {
    const std::string what =
        wanted->all_kinds ? "resource" : std::string(WordsOf(wanted->names.front().first).singular);
    streams.err << fmt::format("there is no {}{}\n", what,
                               options.names.empty() && options.tags.empty() ? "" : " that matches");
    return kDone;
  }
  Print(*listing, *wanted, options, snapshot ? &*snapshot : nullptr, streams);
  return kDone;
}

int PrintNames(const CardOptions& card, const std::string& kind, Streams streams) {
  const auto parsed = ParseKind(kind);
  if (!parsed.ok()) return kDone;
  CardOptions hurried = card;
  hurried.timeout_s = std::min(hurried.timeout_s, kCompletionTimeoutS);
  const auto client = OpenCard(hurried);
  if (!client.ok()) return kDone;
  const auto names = FetchNames(**client, WordsOf(*parsed).wire);
  if (!names.ok()) return kDone;
  for (const std::string& name : *names) streams.out << Printable(name) << "\n";
  return kDone;
}

}  // namespace heliostat::helioctl
