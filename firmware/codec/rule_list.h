// One list of rules while rules are set and removed by number: constant time each on average. Opening and closing a
// list takes time like its length. The index is of fixed size: every number a rule can have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/config.h"

namespace heliostat::codec {

class RuleList {
 public:
  // Numbers must be 1..65535. Returns false, and opens nothing, when a number is there twice. The list must stay where
  // it is until Close.
  [[nodiscard]] bool Open(std::vector<config::Rule>* rules);
  [[nodiscard]] bool is_open() const { return rules_ != nullptr; }
  // Makes the list whole, in any order. Does nothing when none is open.
  void Close();

  [[nodiscard]] std::size_t size() const { return rules_->size() - removed_; }
  [[nodiscard]] bool Has(std::uint16_t number) const { return position_[number] != kNone; }
  void Set(config::Rule rule);        // replaces the one of that number, or is new
  void Remove(std::uint16_t number);  // it must be there

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  void ForgetPositions();
  void DropRemoved();
  bool FindPositions();

  std::vector<config::Rule>* rules_ = nullptr;
  std::vector<std::uint32_t> position_;  // by number; made when the first list is opened
  std::size_t removed_ = 0;              // rules that are still in the list, marked
};

}  // namespace heliostat::codec
