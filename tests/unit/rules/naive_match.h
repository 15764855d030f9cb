// The verdict read off the configuration, rule by rule and bit by bit: what the compiled policies must agree with.
#pragma once

#include <span>

#include "config/config.h"
#include "packet/flow_key.h"
#include "rules/classifier.h"

namespace heliostat::rules {

bool NaiveMatch(const config::Rule& rule, const packet::FlowKey& key);
bool NaiveMatch(config::Service service, const packet::FlowKey& key);

struct NaiveVerdict {
  Outcome outcome = Outcome::kNone;
  std::uint8_t slot = 0;
  RuleOrigin origin;
  friend bool operator==(const NaiveVerdict&, const NaiveVerdict&) = default;
};

NaiveVerdict NaiveJudge(std::span<const config::Filter* const> filters, config::Direction direction,
                        const packet::FlowKey& key);

}  // namespace heliostat::rules
