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
using config::DirectionSet;

constexpr std::array<Direction, 2> kDirections{Direction::kInbound, Direction::kOutbound};

std::size_t Index(Direction direction) { return static_cast<std::size_t>(direction); }

bool Covers(DirectionSet set, Direction direction) {
  if (set == DirectionSet::kAll) return true;
  return (set == DirectionSet::kInbound) == (direction == Direction::kInbound);
}

const std::vector<config::Rule>& RulesOf(const config::Filter& filter, Direction direction) {
  return direction == Direction::kInbound ? filter.inbound : filter.outbound;
}

bool Judges(const config::Filter& filter, Direction direction) {
  return !filter.services.empty() || !RulesOf(filter, direction).empty();
}

// Its table in one direction is the same.
bool SameTable(const config::Filter& a, const config::Filter& b, Direction direction) {
  return a.services == b.services && RulesOf(a, direction) == RulesOf(b, direction);
}

class Compiler {
 public:
  Compiler(const config::Config& config, const Earlier* earlier) : config_(config), earlier_(earlier) {
    compiled_.tables.resize(config.filters.size());
    for (std::uint32_t i = 0; i < config.filters.size(); ++i) filters_[config.filters[i].metadata.name] = i;
  }

  Result<Compiled> Run() {
    HELIOSTAT_RETURN_IF_ERROR(GatherSources());
    for (auto& [name, sessions] : sources_) {
      CompiledInterface interface {
        .name = std::string(name), .directions = {}
      };
      for (const Direction direction : kDirections) {
        interface.directions[Index(direction)] = PolicyOf(std::move(sessions[Index(direction)]), direction);
      }
      compiled_.interfaces.push_back(std::move(interface));
    }
    compiled_.policies = policies_.size();
    return std::move(compiled_);
  }

 private:
  using SessionsByDirection = std::array<std::vector<std::uint32_t>, 2>;

  // Fills `sources_` and `filter_of_`.
  Status GatherSources() {
    filter_of_.resize(config_.sessions.size());
    for (std::uint32_t s = 0; s < config_.sessions.size(); ++s) {
      const config::Session& session = config_.sessions[s];
      if (!session.enabled) continue;
      const auto filter = filters_.find(session.filter);
      if (filter == filters_.end()) {
        return {Code::kNotFound, "session \"" + session.metadata.name + "\" filter",
                "there is no filter \"" + session.filter + "\"", "put that filter, or name another"};
      }
      filter_of_[s] = filter->second;
      for (const Direction direction : kDirections) {
        if (!Covers(session.direction, direction) || !Judges(config_.filters[filter->second], direction)) continue;
        for (const std::string& source : session.sources) sources_[source][Index(direction)].push_back(s);
      }
    }
    for (auto& [name, directions] : sources_) {
      for (auto& sessions : directions) HELIOSTAT_RETURN_IF_ERROR(Order(name, sessions));
    }
    return OkStatus();
  }

  Status Order(std::string_view source, std::vector<std::uint32_t>& sessions) const {
    if (sessions.size() > Policy::kMaxSlots) {
      return {Code::kResourceExhausted, "interface \"" + std::string(source) + "\"",
              "it is the source of " + std::to_string(sessions.size()) +
                  " enabled sessions in one direction, at most " + std::to_string(Policy::kMaxSlots) + " can be judged",
              "disable some, or take the interface out of their sources"};
    }
    std::stable_sort(sessions.begin(), sessions.end(), [this](std::uint32_t a, std::uint32_t b) {
      return config_.sessions[a].number < config_.sessions[b].number;
    });
    return OkStatus();
  }

  InterfacePolicy PolicyOf(std::vector<std::uint32_t> sessions, Direction direction) {
    if (sessions.empty()) return {};
    std::vector<std::uint32_t> tuple;
    for (const std::uint32_t session : sessions) tuple.push_back(filter_of_[session]);
    std::shared_ptr<const Policy>& policy = policies_[{std::move(tuple), direction}];
    if (policy == nullptr) {
      std::vector<std::shared_ptr<const FilterTable>> tables;
      for (const std::uint32_t session : sessions) tables.push_back(TableOf(filter_of_[session], direction));
      policy = std::make_shared<const Policy>(std::move(tables));
      compiled_.memory_bytes += policy->MemoryBytes();
    }
    return {policy, std::move(sessions)};
  }

  std::shared_ptr<const FilterTable> TableOf(std::uint32_t filter, Direction direction) {
    std::shared_ptr<const FilterTable>& table = compiled_.tables[filter][Index(direction)];
    if (table == nullptr) {
      table = EarlierTable(config_.filters[filter], direction);
      if (table == nullptr) table = FilterTable::Compile(config_.filters[filter], direction);
      compiled_.memory_bytes += table->MemoryBytes();
    }
    return table;
  }

  // Null: it was none, or another.
  [[nodiscard]] std::shared_ptr<const FilterTable> EarlierTable(const config::Filter& filter,
                                                                Direction direction) const {
    if (earlier_ == nullptr) return nullptr;
    const config::Filter* found = FindFilter(earlier_->config, filter.metadata.name);
    if (found == nullptr || !SameTable(*found, filter, direction)) return nullptr;
    return earlier_->tables[static_cast<std::size_t>(found - earlier_->config.filters.data())][Index(direction)];
  }

  const config::Config& config_;
  const Earlier* earlier_;
  std::unordered_map<std::string_view, std::uint32_t> filters_;  // by name
  std::vector<std::uint32_t> filter_of_;                         // by session: index of its filter
  std::map<std::string_view, SessionsByDirection> sources_;      // by name of the interface
  std::map<std::pair<std::vector<std::uint32_t>, Direction>, std::shared_ptr<const Policy>> policies_;
  Compiled compiled_;
};

}  // namespace

Result<Compiled> Compile(const config::Config& config, const Earlier* earlier) {
  return Compiler(config, earlier).Run();
}

std::shared_ptr<const Policy> CompilePolicy(std::span<const config::Filter* const> filters, Direction direction) {
  std::vector<std::shared_ptr<const FilterTable>> tables;
  for (const config::Filter* filter : filters) tables.push_back(FilterTable::Compile(*filter, direction));
  return std::make_shared<const Policy>(std::move(tables));
}

}  // namespace heliostat::rules
