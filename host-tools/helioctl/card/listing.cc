#include "helioctl/card/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "helioctl/cli/spelling.h"
#include "helioctl/yaml/kinds.h"

namespace heliostat::helioctl {
namespace {

// A card that is committed to more often than that between two lists is being pushed to by a program.
constexpr int kAttempts = 8;
constexpr std::size_t kMostNamesSaid = 8;

Result<std::uint64_t> FetchOne(CardClient& client, const ListQuery& query, ListingReader& reader) {
  v1::Request request;
  *request.mutable_list() = query.list;
  std::optional<std::uint64_t> generation;
  reader.Begin(query.shown);
  HELIOSTAT_RETURN_IF_ERROR(client.Stream(std::move(request), [&](const v1::Response& response) {
    reader.Take(response.items());
    if (response.has_list_end()) generation = response.list_end().generation();
    return true;
  }));
  if (!generation) return Status(Code::kDataLoss, "", "the card's list has no end", "check the versions of both");
  return *generation;
}

}  // namespace

const v1::Item& Listing::HeadOf(config::Kind kind, const std::string& name) const {
  static const v1::Item kNone;
  const auto found = heads.find({kind, name});
  return found == heads.end() ? kNone : found->second;
}

v1::List ListRequest(v1::Kind kind, const std::string& name, bool whole) {
  v1::List list;
  list.set_kind(kind);
  list.set_name(name);
  list.set_whole(whole);
  return list;
}

ListingReader::ListingReader() : decoder_(config::kNoLimits) {
  v1::Unit header;
  header.mutable_header()->set_format(codec::kFormat);
  Decode(header);
}

void ListingReader::Begin(bool shown) { shown_ = shown; }

void ListingReader::Take(const v1::Items& items) {
  for (const v1::Item& item : items.items()) {
    if (!IsChunk(item.unit())) {
      const ResourceName owner = OwnerOf(item.unit());
      const ResourceKey key(owner.kind, owner.name);
      if (shown_) listing_.shown.insert(key);
      skipping_ = !listing_.heads.emplace(key, item).second;
    }
    if (!skipping_) Decode(item.unit());
  }
}

void ListingReader::Decode(const v1::Unit& unit) {
  const std::string bytes = unit.SerializeAsString();
  // Its first error stays.
  static_cast<void>(decoder_.Put({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
}

Result<Listing> ListingReader::Finish(std::uint64_t generation) {
  auto config = decoder_.Finish();
  if (!config.ok()) {
    return Status(config.status().code(), config.status().subject(),
                  "this helioctl can't read what the card has: " + config.status().reason(),
                  "use a helioctl as new as the card's firmware");
  }
  listing_.config = std::move(*config);
  listing_.generation = generation;
  return std::move(listing_);
}

Result<Listing> FetchListing(CardClient& client, const std::vector<ListQuery>& queries) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    ListingReader reader;
    std::optional<std::uint64_t> generation;
    bool same = true;
    for (const ListQuery& query : queries) {
      const auto answered = FetchOne(client, query, reader);
      if (!answered.ok()) return answered.status();
      same = !generation || *generation == *answered;
      generation = *answered;
      if (!same) break;
    }
    if (same) return reader.Finish(generation.value_or(0));
  }
  return Status(Code::kAborted, "", "the card's configuration changes faster than it can be read", "try again");
}

Result<std::vector<std::string>> FetchNames(CardClient& client, v1::Kind kind) {
  const auto listing = FetchListing(client, {{ListRequest(kind, "", false)}});
  if (!listing.ok()) return listing.status();
  std::vector<std::string> names;
  for (const auto& [key, head] : listing->heads) names.push_back(key.second);
  return names;
}

Result<bool> HasInterface(CardClient& client, const std::string& name) {
  const auto names = FetchNames(client, v1::INTERFACE);
  if (!names.ok()) return names.status();
  return std::find(names->begin(), names->end(), name) != names->end();
}

Status NoSuchResource(config::Kind kind, const std::string& name, const std::vector<std::string>& names) {
  const KindWords& words = WordsOf(kind);
  std::vector<std::string_view> near;
  for (const std::string& candidate : names) {
    const std::string_view view = candidate;
    if (!Nearest(name, {&view, 1}).empty()) near.push_back(view);
  }
  std::string fix = fmt::format("`helioctl get {}` lists them", words.plural);
  if (!near.empty()) {
    near.resize(std::min(near.size(), kMostNamesSaid));
    fix = "did you mean " + Alternatives(near) + "?";
  } else if (names.empty()) {
    fix = fmt::format("the card has no {}", words.plural);
  } else if (names.size() <= kMostNamesSaid) {
    fix = "there is " + Alternatives(std::vector<std::string_view>(names.begin(), names.end()));
  }
  return {Code::kNotFound, fmt::format("{} \"{}\"", words.singular, name), "there is none of that name", fix};
}

Status CheckSession(CardClient& client, const std::string& session) {
  if (session.empty() || IsPattern(session)) return OkStatus();
  const auto names = FetchNames(client, v1::SESSION);
  if (!names.ok()) return names.status();
  if (std::find(names->begin(), names->end(), session) != names->end()) return OkStatus();
  return NoSuchResource(config::Kind::kSession, session, *names);
}

bool IsPattern(std::string_view name) { return name.find_first_of("*?") != std::string_view::npos; }

}  // namespace heliostat::helioctl
