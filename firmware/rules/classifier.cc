#include "rules/classifier.h"

#include <algorithm>
#include <utility>

#include "rules/filter_table.h"

namespace heliostat::rules {
namespace {

// All rules of a slot come before all of the next, so asking one filter's table after the other is first match over
// the whole tuple, and a filter that many tuples contain is compiled and held once.
class TuplePolicy final : public Policy {
 public:
  explicit TuplePolicy(std::vector<std::shared_ptr<const FilterTable>> tables) : tables_(std::move(tables)) {
    std::size_t count = 0;
    for (const auto& table : tables_) count += table->origins().size();
    rules_.reserve(count);
    for (std::size_t slot = 0; slot < tables_.size(); ++slot) {
      first_rules_.push_back(static_cast<std::uint32_t>(rules_.size()));
      for (RuleOrigin origin : tables_[slot]->origins()) {
        origin.slot = static_cast<std::uint8_t>(slot);
        rules_.push_back(origin);
      }
    }
  }

  void Classify(std::span<const packet::FlowKey> keys, std::span<Verdict> verdicts) const override {
    const std::size_t count = std::min(keys.size(), verdicts.size());
    for (std::size_t i = 0; i < count; ++i) verdicts[i] = Judge(keys[i]);
  }

  [[nodiscard]] std::span<const RuleOrigin> rules() const override { return rules_; }

  [[nodiscard]] std::size_t MemoryBytes() const override {
    return sizeof *this + tables_.capacity() * sizeof(tables_[0]) + first_rules_.capacity() * sizeof(std::uint32_t) +
           rules_.capacity() * sizeof(RuleOrigin);
  }

 private:
  [[nodiscard]] Verdict Judge(const packet::FlowKey& key) const {
    if (key.Has(packet::FlowKey::kRunt)) return {};
    const KeyWords words(key);
    for (std::size_t slot = 0; slot < tables_.size(); ++slot) {
      const std::uint32_t rule = tables_[slot]->Find(words);
      if (rule == FilterTable::kNoRule) continue;
      return {tables_[slot]->OutcomeOf(rule), static_cast<std::uint8_t>(slot), first_rules_[slot] + rule};
    }
    return {};
  }

  std::vector<std::shared_ptr<const FilterTable>> tables_;  // by slot
  std::vector<std::uint32_t> first_rules_;                  // by slot: index in rules_ of its first
  std::vector<RuleOrigin> rules_;
};

}  // namespace

std::shared_ptr<const Policy> MakePolicy(std::vector<std::shared_ptr<const FilterTable>> tables) {
  return std::make_shared<const TuplePolicy>(std::move(tables));
}

}  // namespace heliostat::rules
