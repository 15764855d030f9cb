// Resources as a card lists them: their fields, and the state that the card has them in.
#pragma once

#include <control.pb.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "codec/codec.h"
#include "config/config.h"
#include "config/difference.h"
#include "helioctl/card/card_client.h"

namespace heliostat::helioctl {

using ResourceKey = std::pair<config::Kind, std::string>;

// Of one generation.
struct Listing {
  std::uint64_t generation = 0;
  config::Config config{};                  // lists of a resource are empty when it was not asked for whole
  std::map<ResourceKey, v1::Item> heads{};  // its first unit and its state
  std::set<ResourceKey> shown{};            // what was asked for to be shown; the others explain it

  // Empty when there is none of that name.
  [[nodiscard]] const v1::Item& HeadOf(config::Kind kind, const std::string& name) const;
};

struct ListQuery {
  v1::List list{};
  bool shown = true;
};

// Kind, a name or pattern, whole or not.
v1::List ListRequest(v1::Kind kind, const std::string& name, bool whole);

// Every query of one generation: when the card commits between two of them they are asked again. A resource that
// several find is there once, as the first of them asked for it.
[[nodiscard]] Result<Listing> FetchListing(CardClient& client, const std::vector<ListQuery>& queries);

// Puts the items of responses together. For FetchListing and tests.
class ListingReader {
 public:
  ListingReader();
  // A query's responses follow.
  void Begin(bool shown);
  // What it does not understand is Finish's error.
  void Take(const v1::Items& items);
  [[nodiscard]] Result<Listing> Finish(std::uint64_t generation);

 private:
  void Decode(const v1::Unit& unit);

  Listing listing_;
  codec::ConfigDecoder decoder_;
  bool shown_ = true;
  bool skipping_ = false;  // chunks of a resource that an earlier query brought
};

// The names of a kind, in order. For suggestions and completion.
[[nodiscard]] Result<std::vector<std::string>> FetchNames(CardClient& client, v1::Kind kind);

// Is it one of the card's, with settings or without?
[[nodiscard]] Result<bool> HasInterface(CardClient& client, const std::string& name);

// kNotFound for `session "wbe"`, with the names that are near.
Status NoSuchResource(config::Kind kind, const std::string& name, const std::vector<std::string>& names);

// NoSuchResource when a session's exact name is not on the card; a pattern, or none, waits for what may come.
[[nodiscard]] Status CheckSession(CardClient& client, const std::string& session);

// Has it a '*' or '?'?
bool IsPattern(std::string_view name);

}  // namespace heliostat::helioctl
