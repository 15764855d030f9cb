#include "rules/classifier.h"

#include <algorithm>

#include "rules/filter_table.h"

namespace heliostat::rules {

void Policy::Classify(std::span<const packet::FlowKey> keys, std::span<Verdict> verdicts) const {
  const std::size_t count = std::min(keys.size(), verdicts.size());
  for (std::size_t i = 0; i < count; ++i) verdicts[i] = Judge(keys[i]);
}

const RuleOrigin& Policy::OriginOf(const Verdict& verdict) const {
  return tables_[verdict.slot]->origins()[verdict.rule];
}

// All rules of a slot come before all of the next, so asking one filter's table after the other is first match over
// the whole tuple, and a filter that many tuples contain is compiled and held once.
Verdict Policy::Judge(const packet::FlowKey& key) const {
  if (key.Has(packet::FlowKey::kRunt)) return {};
  const KeyWords words(key);
  for (std::size_t slot = 0; slot < tables_.size(); ++slot) {
    const std::uint32_t rule = tables_[slot]->Find(words);
    if (rule == FilterTable::kNoRule) continue;
    return {tables_[slot]->OutcomeOf(rule), static_cast<std::uint8_t>(slot), rule};
  }
  return {};
}

}  // namespace heliostat::rules
