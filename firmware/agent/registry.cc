#include "agent/registry.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>

#include "config/use.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using datapath::HitEntries;
using SessionState = Registry::SessionState;

template <typename List, typename NameOf>
auto FindByName(List& list, const std::string& name, NameOf name_of) {
  return std::lower_bound(list.begin(), list.end(), name,
                          [&](const auto& element, const std::string& n) { return name_of(element) < n; });
}

const std::string& NameOfSource(const Registry::Source& source) { return source.interface; }
const std::string& NameOfStream(const std::pair<std::string, std::shared_ptr<datapath::Stream>>& stream) {
  return stream.first;
}

void Release(const Registry::Source& source, Released* released) {
  for (const std::uint32_t entry : source.ledger) {
    if (entry != Registry::kNoEntry) released->ledger.push_back(entry);
  }
}

// The part of `earlier` that `session` still has. Counters live as long as the session has the source, sequences as
// long as it has the target, and a rate limiter as long as the limit stays the same, even while the session is
// disabled, takes no copies in one direction, or its target has no sequence or route. A new limiter's bucket is full,
// so turning a session off and on must not make one.
std::shared_ptr<SessionState> Kept(const std::shared_ptr<SessionState>& earlier, const config::Session& session,
                                   const config::Config& config, Released* released) {
  const std::unordered_set<std::string_view> sources(session.sources.begin(), session.sources.end());
  std::unordered_set<std::string_view> targets;
  const config::Target* target = earlier->streams.empty() ? nullptr : FindTarget(config, session.target);
  if (target != nullptr) {
    for (const config::Target* member : MembersOf(config, *target)) targets.insert(member->metadata.name);
  }
  const auto has_source = [&](const Registry::Source& source) { return sources.contains(source.interface); };
  const auto has_target = [&](const auto& stream) { return targets.contains(stream.first); };
  const bool keeps_limiter =
      earlier->limiter == nullptr || (session.rate_limit && *session.rate_limit == earlier->limit);
  if (keeps_limiter && std::all_of(earlier->sources.begin(), earlier->sources.end(), has_source) &&
      std::all_of(earlier->streams.begin(), earlier->streams.end(), has_target)) {
    return earlier;
  }
  auto kept = std::make_shared<SessionState>();
  for (const Registry::Source& source : earlier->sources) {
    if (has_source(source)) {
      kept->sources.push_back(source);
    } else {
      Release(source, released);
    }
  }
  std::copy_if(earlier->streams.begin(), earlier->streams.end(), std::back_inserter(kept->streams), has_target);
  if (keeps_limiter) {
    kept->limit = earlier->limit;
    kept->limiter = earlier->limiter;
  }
  return kept;
}

bool Before(const rules::RuleOrigin& a, const rules::RuleOrigin& b) {
  return std::pair(a.number, a.service) < std::pair(b.number, b.service);
}

}  // namespace

std::uint32_t EntryPool::Take() {
  if (free_.empty()) return used_++;
  const std::uint32_t entry = free_.back();
  free_.pop_back();
  return entry;
}

Registry Registry::For(const config::Config& config, Released* released) const {
  Registry next;
  next.ledger_entries_ = ledger_entries_;
  next.hit_entries_ = hit_entries_;
  // Both lists of sessions are sorted by name.
  auto earlier = sessions_.begin();
  const auto end_session = [&] {
    for (const Source& source : earlier->second->sources) Release(source, released);
    ++earlier;
  };
  for (const config::Session& session : config.sessions) {
    while (earlier != sessions_.end() && earlier->first < session.metadata.name) end_session();
    if (earlier == sessions_.end() || earlier->first != session.metadata.name) continue;
    next.sessions_.emplace_hint(next.sessions_.end(), earlier->first, Kept(earlier->second, session, config, released));
    ++earlier;
  }
  while (earlier != sessions_.end()) end_session();

  for (const auto& [key, hits] : hits_) {
    const config::Filter* filter = FindFilter(config, key.first);
    if (filter == nullptr) {
      released->hits.insert(released->hits.end(), hits.entries->begin(), hits.entries->end());
      continue;
    }
    std::vector<rules::RuleOrigin> origins = rules::OriginsOf(*filter, key.second);
    if (origins == hits.origins) {
      next.hits_.emplace_hint(next.hits_.end(), key, hits);
      continue;
    }
    // A rule is known by its number, a service by its name; one that stays keeps its entry.
    std::map<rules::RuleOrigin, std::uint32_t, decltype(&Before)> entry_of(&Before);
    for (std::size_t i = 0; i < hits.origins.size(); ++i) entry_of.emplace(hits.origins[i], (*hits.entries)[i]);
    auto entries = std::make_shared<HitEntries>();
    entries->reserve(origins.size());
    for (const rules::RuleOrigin& origin : origins) {
      const auto known = entry_of.extract(origin);
      entries->push_back(known ? known.mapped() : next.hit_entries_.Take());
    }
    for (const auto& [origin, entry] : entry_of) released->hits.push_back(entry);
    next.hits_.emplace_hint(next.hits_.end(), key, FilterHits{std::move(origins), std::move(entries)});
  }
  return next;
}

// Returns null when nothing is known of the session yet.
const SessionState* Registry::Find(const std::string& session) const {
  const auto known = sessions_.find(session);
  return known == sessions_.end() ? nullptr : known->second.get();
}

// Returns the session's state, copied first if another epoch's registry shares it.
SessionState& Registry::Own(const std::string& session) {
  std::shared_ptr<SessionState>& state = sessions_[session];
  if (state == nullptr) {
    state = std::make_shared<SessionState>();
  } else if (state.use_count() != 1) {
    state = std::make_shared<SessionState>(*state);
  }
  return *state;
}

std::uint32_t Registry::LedgerEntry(const std::string& session, const std::string& interface, Direction direction) {
  const auto index = static_cast<std::size_t>(direction);
  if (const SessionState* known = Find(session)) {
    const std::vector<Source>& sources = known->sources;
    const auto source = FindByName(sources, interface, NameOfSource);
    if (source != sources.end() && source->interface == interface && source->ledger[index] != kNoEntry) {
      return source->ledger[index];
    }
  }
  std::vector<Source>& sources = Own(session).sources;
  auto source = FindByName(sources, interface, NameOfSource);
  if (source == sources.end() || source->interface != interface) source = sources.insert(source, {interface});
  return source->ledger[index] = ledger_entries_.Take();
}

std::shared_ptr<datapath::Stream> Registry::StreamOf(const std::string& session, const std::string& target) {
  if (const SessionState* known = Find(session)) {
    const auto& streams = known->streams;
    const auto stream = FindByName(streams, target, NameOfStream);
    if (stream != streams.end() && stream->first == target) return stream->second;
  }
  auto& streams = Own(session).streams;
  return streams.insert(FindByName(streams, target, NameOfStream), {target, std::make_shared<datapath::Stream>()})
      ->second;
}

std::shared_ptr<datapath::RateLimiter> Registry::LimiterOf(const config::Session& session,
                                                           std::uint32_t largest_copy_bytes, std::uint64_t now_ns) {
  if (const SessionState* known = Find(session.metadata.name)) {
    const std::shared_ptr<datapath::RateLimiter>& limiter = known->limiter;
    if (limiter != nullptr && limiter->HasRoomFor(largest_copy_bytes)) return limiter;
  }
  SessionState& state = Own(session.metadata.name);
  state.limit = *session.rate_limit;
  const datapath::RateLimiterSpec spec{state.limit.packets_per_second, state.limit.bits_per_second, state.limit.burst,
                                       largest_copy_bytes};
  state.limiter = std::make_shared<datapath::RateLimiter>(spec, now_ns);
  return state.limiter;
}

std::shared_ptr<const HitEntries> Registry::HitsOf(const config::Filter& filter, Direction direction) {
  const auto [place, added] = hits_.try_emplace({filter.metadata.name, direction});
  if (added) {
    place->second.origins = rules::OriginsOf(filter, direction);
    auto entries = std::make_shared<HitEntries>(place->second.origins.size());
    for (std::uint32_t& entry : *entries) entry = hit_entries_.Take();
    place->second.entries = std::move(entries);
  }
  return place->second.entries;
}

}  // namespace heliostat::agent
