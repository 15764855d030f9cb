#include "rules/compile.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "config/use.h"
#include "rules/filter_table.h"

namespace heliostat::rules {
namespace {

using config::Direction;
using config::kDirections;

std::size_t Index(Direction direction) { return static_cast<std::size_t>(direction); }

bool Judges(const config::Filter& filter, Direction direction) {
  return !filter.services.empty() || !RulesOf(filter, direction).empty();
}

// Returns true when both filters have the same table in that direction.
bool SameTable(const config::Filter& a, const config::Filter& b, Direction direction) {
  return a.services == b.services && RulesOf(a, direction) == RulesOf(b, direction);
}

class Compiler {
 public:
  Compiler(const config::Config& config, const Earlier* earlier) : config_(config), earlier_(earlier) {
    compiled_.tables.resize(config.filters.size());
    if (earlier != nullptr) compiled_.next_identity = earlier->compiled.next_identity;
    for (std::uint32_t i = 0; i < config.filters.size(); ++i) filters_[config.filters[i].metadata.name] = i;
    for (const config::InterfaceSettings& settings : config.interfaces) {
      if (!settings.excluded.empty()) excluded_[settings.name] = settings.excluded;
    }
  }

  Result<Compiled> Run() {
    HELIOSTAT_RETURN_IF_ERROR(GatherSources());
    for (auto& [name, tiers] : sources_) {
      CompiledInterface interface {
        .name = std::string(name), .directions = {}
      };
      for (const Direction direction : kDirections) {
        SourcePolicies& source = interface.directions[Index(direction)];
        for (std::size_t tier = 0; tier < source.tiers.size(); ++tier) {
          source.tiers[tier] = TierOf(std::move(tiers[tier][Index(direction)]), direction);
        }
        HELIOSTAT_RETURN_IF_ERROR(Exclude(name, direction, source));
      }
      compiled_.interfaces.push_back(std::move(interface));
    }
    return std::move(compiled_);
  }

 private:
  using SessionsByDirection = std::array<std::vector<std::uint32_t>, 2>;
  using SessionsByTier = std::array<SessionsByDirection, config::kTiers>;

  // Fills `sources_` and `filter_of_`.
  Status GatherSources() {
    filter_of_.resize(config_.sessions.size());
    for (std::uint32_t s = 0; s < config_.sessions.size(); ++s) {
      const config::Session& session = config_.sessions[s];
      if (!session.enabled) continue;
      HELIOSTAT_RETURN_IF_ERROR(
          FindFilter("session \"" + session.metadata.name + "\" filter", session.filter, filter_of_[s]));
      for (const Direction direction : kDirections) {
        if (!Covers(session.direction, direction) || !Judges(config_.filters[filter_of_[s]], direction)) continue;
        for (const std::string& source : session.sources) {
          sources_[source][session.tier][Index(direction)].push_back(s);
        }
      }
    }
    // Excluded frames are counted where no session mirrors, too.
    for (const auto& [interface, filter] : excluded_) sources_[interface];
    for (auto& [name, tiers] : sources_) {
      for (SessionsByDirection& directions : tiers) {
        for (auto& sessions : directions) HELIOSTAT_RETURN_IF_ERROR(Order(name, sessions));
      }
    }
    return OkStatus();
  }

  Status FindFilter(const std::string& subject, const std::string& name, std::uint32_t& index) const {
    const auto filter = filters_.find(name);
    if (filter == filters_.end()) {
      return {Code::kNotFound, subject, "there is no filter \"" + name + "\"", "put that filter, or name another"};
    }
    index = filter->second;
    return OkStatus();
  }

  Status Order(std::string_view source, std::vector<std::uint32_t>& sessions) const {
    if (sessions.size() > Policy::kMaxSlots) {
      return {Code::kResourceExhausted, "interface \"" + std::string(source) + "\"",
              "it is the source of " + std::to_string(sessions.size()) +
                  " enabled sessions in one tier and direction, at most " + std::to_string(Policy::kMaxSlots) +
                  " can be judged",
              "disable some, or take the interface out of their sources"};
    }
    std::stable_sort(sessions.begin(), sessions.end(), [this](std::uint32_t a, std::uint32_t b) {
      return config_.sessions[a].number < config_.sessions[b].number;
    });
    return OkStatus();
  }

  TierPolicy TierOf(std::vector<std::uint32_t> sessions, Direction direction) {
    if (sessions.empty()) return {};
    std::vector<std::uint32_t> filters;
    for (const std::uint32_t session : sessions) filters.push_back(filter_of_[session]);
    return {PolicyOf(filters, direction), std::move(sessions)};
  }

  // An excluded filter without a rule for the direction excludes nothing there.
  Status Exclude(std::string_view interface, Direction direction, SourcePolicies& source) {
    const auto excluded = excluded_.find(interface);
    if (excluded == excluded_.end()) return OkStatus();
    std::uint32_t& filter = source.excluded_filter;
    HELIOSTAT_RETURN_IF_ERROR(
        FindFilter("interface \"" + std::string(interface) + "\" excluded", std::string(excluded->second), filter));
    if (Judges(config_.filters[filter], direction)) source.excluded = PolicyOf({filter}, direction);
    return OkStatus();
  }

  std::shared_ptr<const Policy> PolicyOf(const std::vector<std::uint32_t>& filters, Direction direction) {
    std::vector<std::shared_ptr<const FilterTable>> tables;
    std::vector<const FilterTable*> tuple;
    for (const std::uint32_t filter : filters) {
      tables.push_back(TableOf(filter, direction));
      tuple.push_back(tables.back().get());
    }
    const auto [place, added] = compiled_.policies.try_emplace(std::move(tuple));
    std::shared_ptr<const Policy>& policy = place->second;
    if (added) {
      policy = EarlierPolicy(place->first);
      if (policy == nullptr) policy = std::make_shared<const Policy>(compiled_.next_identity++, std::move(tables));
      compiled_.memory_bytes += policy->MemoryBytes();
    }
    return policy;
  }

  // Returns null when there was no policy of these tables. Tables are compared by address, which is safe while the
  // earlier ones are still there.
  [[nodiscard]] std::shared_ptr<const Policy> EarlierPolicy(const std::vector<const FilterTable*>& tuple) const {
    if (earlier_ == nullptr) return nullptr;
    const auto found = earlier_->compiled.policies.find(tuple);
    return found == earlier_->compiled.policies.end() ? nullptr : found->second;
  }

  std::shared_ptr<const FilterTable> TableOf(std::uint32_t filter, Direction direction) {
    std::shared_ptr<const FilterTable>& table = compiled_.tables[filter][Index(direction)];
    if (table == nullptr) {
      table = EarlierTable(config_.filters[filter], direction);
      if (table == nullptr) table = FilterTable::Compile(ListRules(config_.filters[filter], direction));
      compiled_.memory_bytes += table->MemoryBytes();
    }
    return table;
  }

  // Returns null when the filter was not there before, or had other rules.
  [[nodiscard]] std::shared_ptr<const FilterTable> EarlierTable(const config::Filter& filter,
                                                                Direction direction) const {
    if (earlier_ == nullptr) return nullptr;
    const config::Filter* found = config::FindFilter(earlier_->config, filter.metadata.name);
    if (found == nullptr || !SameTable(*found, filter, direction)) return nullptr;
    const auto index = static_cast<std::size_t>(found - earlier_->config.filters.data());
    return earlier_->compiled.tables[index][Index(direction)];
  }

  const config::Config& config_;
  const Earlier* earlier_;
  std::unordered_map<std::string_view, std::uint32_t> filters_;      // by name
  std::unordered_map<std::string_view, std::string_view> excluded_;  // by interface: a filter's name
  std::vector<std::uint32_t> filter_of_;                             // by session: index of its filter
  std::map<std::string_view, SessionsByTier> sources_;               // by name of the interface
  Compiled compiled_;
};

}  // namespace

bool SourcePolicies::Judges() const {
  return excluded != nullptr ||
         std::any_of(tiers.begin(), tiers.end(), [](const TierPolicy& tier) { return tier.policy != nullptr; });
}

Result<Compiled> Compile(const config::Config& config, const Earlier* earlier) {
  return Compiler(config, earlier).Run();
}

std::shared_ptr<const Policy> CompilePolicy(std::span<const config::Filter* const> filters, Direction direction,
                                            std::uint64_t identity) {
  std::vector<std::shared_ptr<const FilterTable>> tables;
  for (const config::Filter* filter : filters) tables.push_back(FilterTable::Compile(ListRules(*filter, direction)));
  return std::make_shared<const Policy>(identity, std::move(tables));
}

}  // namespace heliostat::rules
