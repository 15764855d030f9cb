#include "codec/rule_list.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace heliostat::codec {
namespace {

// The mark of a rule that was removed: no rule that was read has this action.
constexpr auto kRemoved = static_cast<config::Action>(0);

bool IsRemoved(const config::Rule& rule) { return rule.action == kRemoved; }

}  // namespace

bool RuleList::Open(std::vector<config::Rule>* rules) {
  Close();
  position_.resize(std::numeric_limits<std::uint16_t>::max() + std::size_t{1}, kNone);
  rules_ = rules;
  if (FindPositions()) return true;
  ForgetPositions();
  rules_ = nullptr;
  return false;
}

void RuleList::Close() {
  if (rules_ == nullptr) return;
  ForgetPositions();
  DropRemoved();
  rules_ = nullptr;
}

void RuleList::Set(config::Rule rule) {
  std::uint32_t& position = position_[rule.number];
  if (position != kNone) {
    (*rules_)[position] = std::move(rule);
    return;
  }
  position = static_cast<std::uint32_t>(rules_->size());
  rules_->push_back(std::move(rule));
}

void RuleList::Remove(std::uint16_t number) {
  config::Rule& rule = (*rules_)[position_[number]];
  rule = {.number = number, .action = kRemoved};
  position_[number] = kNone;
  ++removed_;
  // Removed rules are dropped once they are half the list, so that setting and removing in turns does not grow it
  // without end.
  if (removed_ <= 64 || removed_ <= rules_->size() / 2) return;
  ForgetPositions();
  DropRemoved();
  FindPositions();
}

void RuleList::ForgetPositions() {
  for (const config::Rule& rule : *rules_) position_[rule.number] = kNone;
}

void RuleList::DropRemoved() {
  if (removed_ != 0) std::erase_if(*rules_, IsRemoved);
  removed_ = 0;
}

bool RuleList::FindPositions() {
  for (std::uint32_t i = 0; i < rules_->size(); ++i) {
    std::uint32_t& position = position_[(*rules_)[i].number];
    if (position != kNone) return false;
    position = i;
  }
  return true;
}

}  // namespace heliostat::codec
